import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runExplain } from '../../src/cli/explain.ts'
import type { Environment } from '../../src/config.ts'
import { ORIGIN, PROMPT, writePresets } from '../support/service.ts'
import {
  answerKeys,
  createKey,
  issuerEnvironment,
  SUBJECT,
  secretEnvironment,
  startKeySetServer,
  toToken,
} from '../support/tokens.ts'
import { runCommand, type Said, settings } from './running.ts'

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
  const presetsFile = await writePresets(presets)
  const directory = dirname(presetsFile)
  const files = { PRESETS_FILE: presetsFile, AUDIT_DIR: join(directory, 'audit') }
  const origins = { ALLOWED_ORIGINS: `${ORIGIN},https://other.example.com` }
  const said = await runCommand(runExplain, args, {
    environment: { ...settings, ...origins, ...files, ...environment },
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
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(said.stdout).toBe(`origin  passes  it is listed in ALLOWED_ORIGINS
caller  passes  AUTH_MODE is none: every caller is accepted
preset  passes  open is available to every caller
pauses  passes  no pause applies
counts          RATE_LIMIT_PER_ADDRESS of 203.0.113.9: 60/minute
counts          RATE_LIMIT_PER_CALLER of 203.0.113.9: 10/minute,200/day
counts          RATE_LIMIT_TOTAL: 600/minute
allow, unless a limit above is exceeded
`)
  })

  it.each([
    ['without an origin', '--preset open', '403 origin_not_allowed (origin_missing)'],
    ['of an unlisted origin', '--origin https://x.example', '403 origin_not_allowed (origin_unlisted)'],
    ['that names no preset', '%', '400 invalid_request (preset_missing)'],
    ['for a preset that does not exist', '% --preset nobody', '404 unknown_preset (preset_unknown)'],
    ['for a preset of another origin', '% --preset narrow', '404 unknown_preset (preset_origin)'],
    ['for a preset that requires claims', '% --preset members', '404 unknown_preset (preset_claims)'],
  ])('refuses a request %s, by its reason', async (_, args, verdict) => {
    const said = await run(args.replace('%', page.join(' ')).split(' '))
    expect(said.code).toBe(1)
    expect(lastLine(said)).toContain(`refuse: ${verdict}`)
  })

  it.each([
    ['--origin localhost:5173', 'this is not an origin as browsers send it: write http://localhost:5173'],
    [
      '--origin app.example.com/x',
      'this is not an origin as browsers send it: write https://app.example.com',
    ],
    [`--origin ${ORIGIN}/`, `this is not an origin as browsers send it: write ${ORIGIN}`],
    [
      '--origin https://ap.example.com',
      `origin_unlisted: The origin is not in ALLOWED_ORIGINS. Add it exactly as the browser sends it. Did you mean ${ORIGIN}?`,
    ],
    ['--origin null', 'origin_unlisted: The origin is not in ALLOWED_ORIGINS.'],
    ['--preset open', 'origin_missing: The request has no Origin header.'],
    ['% --preset oepn', 'preset_unknown: The presets file has no such preset. Did you mean open?'],
    [
      '%',
      'preset_missing: The request names no preset, and DEFAULT_PRESET is not set. Give one with --preset.',
    ],
    ['% --preset narrow', 'preset_origin: The preset’s access.origins does not list this origin.'],
  ])('says what is wrong with %s', async (args, because) => {
    const { stdout } = await run(args.replace('%', page.join(' ')).split(' '))
    expect(stdout).toContain(` refuses ${because}`)
  })

  it('takes the default preset as the service does', async () => {
    const { code, stdout } = await run(page, { DEFAULT_PRESET: 'open' })
    expect([code, stdout]).toStrictEqual([0, expect.stringContaining('open is available to every caller')])
  })

  it('answers programs in JSON', async () => {
    const { stdout } = await run([...page, '--preset', 'nobody', '--json'])
    const { steps, refusal, limits } = JSON.parse(stdout)
    expect(steps).toMatchObject([
      { check: 'origin', passes: true },
      { check: 'caller', passes: true },
      { check: 'preset', passes: false },
    ])
    expect(refusal).toMatchObject({ status: 404, code: 'unknown_preset', reason: 'preset_unknown' })
    expect(limits).toStrictEqual([])
  })

  it('tells what is wrong with settings or presets', async () => {
    await expect(run([], { AUTH_MODE: 'maybe' })).rejects.toMatchObject({ name: 'ConfigError' })
    await expect(run([], { PRESETS_FILE: '/nowhere' })).rejects.toMatchObject({ name: 'ConfigError' })
  })
})

describe('explain, for callers with tokens', () => {
  const members = ['--preset', 'members', '--token'] as const

  it('counts by the token’s subject, and never shows token or subject', async () => {
    const token = toToken({ plan: 'pro' })
    const { code, stdout } = await run([...members, token], secretEnvironment)
    expect(code).toBe(0)
    expect(stdout).toContain('members requires the claims plan, and the request has it')
    expect(stdout).toContain('limits.per_caller of members and the token’s subject: 5/minute')
    expect(stdout).toContain('limits.total of members: 1000/hour')
    expect(stdout).not.toContain(SUBJECT)
    expect(stdout).not.toContain(token)
  })

  it.each(['', 'Bearer ', 'bearer  ', 'Authorization: Bearer '])(
    'accepts a pasted %j, also from the input, so that it is in no history',
    async (start) => {
      const token = `${start}${toToken({ plan: 'pro' })}`
      expect((await run([...members, token], secretEnvironment)).code).toBe(0)
      expect((await run([...members, '-'], secretEnvironment, `${token}\n`)).code).toBe(0)
    },
  )

  it.each<[given: string, token: string, reason: string, because: RegExp]>([
    ['garbage', 'x', 'token_malformed', /caller/],
    ['an expired one', toToken({ exp: 1 }), 'token_expired', /exp/],
    ['one without the claim', toToken(), 'preset_claims', /plan is missing, and must be pro/],
    ['another value', toToken({ plan: 'free' }), 'preset_claims', /plan has another value, and must be pro/],
  ])('given %s, tells the reason, the claim and the setting', async (_, token, reason, because) => {
    const said = await run([...members, token], secretEnvironment)
    expect(lastLine(said)).toContain(`(${reason})`)
    expect(said.stdout).toMatch(because)
    expect(said.stdout).not.toMatch(/free|subject-of-a-token/)
  })

  it('given none, tells that it is missing', async () => {
    expect(lastLine(await run(['--preset', 'members'], secretEnvironment))).toContain('(token_missing)')
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
