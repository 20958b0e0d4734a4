import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runExplain } from '../../src/cli/explain.ts'
import type { Environment } from '../../src/config.ts'
import { API_KEY, createTemporaryDirectory, ORIGIN, PROMPT } from '../support/service.ts'
import {
  answerKeys,
  createKey,
  issuerEnvironment,
  SUBJECT,
  secretEnvironment,
  startKeySetServer,
  toToken,
} from '../support/tokens.ts'
import { runCommand, type Said } from './running.ts'

const presets = `
presets:
  open: { session: { type: realtime, model: gpt-realtime-2.1, instructions: ${PROMPT} } }
  narrow:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: [https://other.example.com] }
  members:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { claims: { plan: [pro] } }
    limits: { per_caller: 5/minute, total: 1000/hour }
`

async function run(args: readonly string[], environment: Environment = {}, input = ''): Promise<Said> {
  const directory = await createTemporaryDirectory()
  const presetsFile = join(directory, 'presets.yaml')
  await writeFile(presetsFile, presets)
  const said = await runCommand(runExplain, args, {
    environment: {
      OPENAI_API_KEY: API_KEY,
      ALLOWED_ORIGINS: `${ORIGIN},https://other.example.com`,
      AUTH_MODE: 'none',
      PRESETS_FILE: presetsFile,
      AUDIT_DIR: join(directory, 'audit'),
      ...environment,
    },
    input,
  })
  // It leaves nothing behind, least of all an audit.
  expect(await readdir(directory)).toStrictEqual(['presets.yaml'])
  return said
}

const page = ['--origin', ORIGIN] as const
const lastLine = ({ stdout }: Said): string => stdout.trimEnd().split('\n').at(-1) ?? ''

describe('explain, for anonymous callers', () => {
  it('tells what passes, what is counted, and that it would be allowed', async () => {
    const said = await run([...page, '--preset', 'open', '--address', '::ffff:203.0.113.9'])
    expect(said).toStrictEqual({
      code: 0,
      stderr: '',
      stdout: [
        'origin  passes  it is listed in ALLOWED_ORIGINS',
        'caller  passes  AUTH_MODE is none: every caller is accepted',
        'preset  passes  open is available to every caller',
        'counts          RATE_LIMIT_PER_ADDRESS of 203.0.113.9: 60/minute',
        'counts          RATE_LIMIT_PER_CALLER of 203.0.113.9: 10/minute,200/day',
        'counts          RATE_LIMIT_TOTAL: 600/minute',
        'allow, unless a limit above is exceeded',
        '',
      ].join('\n'),
    })
  })

  it.each<[what: string, args: readonly string[], verdict: RegExp]>([
    ['without an origin', ['--preset', 'open'], /^refuse: 403 origin_not_allowed \(origin_missing\)/],
    ['of an unlisted origin', ['--preset', 'open', '--origin', 'https://x.example'], /\(origin_unlisted\)/],
    ['that names no preset', page, /^refuse: 400 invalid_request \(preset_missing\)/],
    [
      'for a preset that is not there',
      [...page, '--preset', 'nobody'],
      /404 unknown_preset \(preset_unknown\)/,
    ],
    [
      'for a preset of another origin',
      [...page, '--preset', 'narrow'],
      /404 unknown_preset \(preset_origin\)/,
    ],
    [
      'for a preset that requires claims',
      [...page, '--preset', 'members'],
      /404 unknown_preset \(preset_claims\)/,
    ],
  ])('refuses a request %s, by its reason', async (_, args, verdict) => {
    const said = await run(args)
    expect(said.code).toBe(1)
    expect(lastLine(said)).toMatch(verdict)
  })

  it('takes the default preset as the service does', async () => {
    const said = await run([...page], { DEFAULT_PRESET: 'open' })
    expect(said).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('open is available to every caller'),
    })
  })

  it('answers programs in JSON', async () => {
    const { stdout } = await run([...page, '--preset', 'nobody', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      steps: [
        { check: 'origin', passes: true },
        { check: 'caller', passes: true },
        { check: 'preset', passes: false },
      ],
      refusal: { status: 404, code: 'unknown_preset', reason: 'preset_unknown' },
      limits: [],
    })
  })

  it.each([['--orign', 'x'], ['--preset'], ['open'], ['--preset', '']])(
    'refuses %j %j and says what to write',
    async (...args) => {
      await expect(run(args.filter((arg) => arg !== undefined))).rejects.toMatchObject({ name: 'Misuse' })
    },
  )

  it('tells what is wrong with settings or presets', async () => {
    await expect(run([], { AUTH_MODE: 'maybe' })).rejects.toMatchObject({ name: 'ConfigError' })
    await expect(run([], { PRESETS_FILE: '/nowhere' })).rejects.toMatchObject({ name: 'ConfigError' })
  })
})

describe('explain, for callers with tokens', () => {
  const members = ['--preset', 'members', '--token'] as const

  it('counts by the token’s subject, and never shows token or subject', async () => {
    const token = toToken({ plan: 'pro' })
    const said = await run([...members, token], secretEnvironment)
    expect(said.code).toBe(0)
    expect(said.stdout).toContain('members requires the claims plan, and the request has it')
    expect(said.stdout).toContain('limits.per_caller of members and the token’s subject: 5/minute')
    expect(said.stdout).toContain('limits.total of members: 1000/hour')
    expect(said.stdout).not.toContain(SUBJECT)
    expect(said.stdout).not.toContain(token)
  })

  it('takes the token from the input, so that it stands in no history', async () => {
    expect((await run([...members, '-'], secretEnvironment, `${toToken({ plan: 'pro' })}\n`)).code).toBe(0)
  })

  it.each([
    ['nothing', undefined, 'token_missing'],
    ['garbage', 'x', 'token_malformed'],
    ['an expired one', toToken({ exp: 1 }), 'token_expired'],
    ['one for others', toToken({ aud: 'x' }), 'token_audience'],
    ['one without the claim', toToken(), 'preset_claims'],
  ])('given %s, tells the reason that callers are not told', async (_, token, reason) => {
    const args = token === undefined ? ['--preset', 'members'] : [...members, token]
    expect(lastLine(await run(args, secretEnvironment))).toContain(`(${reason})`)
  })

  it.each<[what: string, token: string, because: RegExp]>([
    ['an issuer', toToken({ iss: 'https://issuer.example.com' }), /iss .*differs only by its last slash/],
    [
      'a lifetime',
      toToken({ plan: 'pro', exp: Date.now() / 1000 + 9_000 }),
      /AUTH_MAX_LIFETIME_SECONDS allows/,
    ],
    ['a missing claim', toToken(), /plan is missing, and must be pro/],
    ['a claim with another value', toToken({ plan: 'free' }), /plan is a text, and must be pro/],
  ])('names the claim and the setting: %s', async (_, token, because) => {
    const said = await run([...members, token], secretEnvironment)
    expect(said.stdout).toMatch(because)
    expect(said.stdout).not.toMatch(/free|subject-of-a-token/)
  })

  it.each(['Bearer ', 'bearer  ', 'Authorization: Bearer '])('accepts a pasted %j', async (start) => {
    const token = `${start}${toToken({ plan: 'pro' })}`
    expect((await run([...members, token], secretEnvironment)).code).toBe(0)
    expect((await run([...members, '-'], secretEnvironment, `${token}\n`)).code).toBe(0)
  })

  it('verifies by the issuer’s key set', async () => {
    const key = await createKey('ES256', 'one')
    const { url } = await startKeySetServer(answerKeys(key))
    const environment = { ...issuerEnvironment, AUTH_JWKS_URL: url.href }
    expect((await run([...members, await key.sign({ plan: 'pro' })], environment)).code).toBe(0)
    const other = await createKey('ES256', 'one')
    expect(lastLine(await run([...members, await other.sign()], environment))).toContain('(token_signature)')
  })
})
