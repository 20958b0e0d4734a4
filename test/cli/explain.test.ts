import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runExplain } from '../../src/cli/explain.ts'
import type { Environment } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { meanings } from '../../src/reason-meanings.ts'
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
  it.each([
    ['203.0.113.7:52345', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::, and eight times as many of 2001:db8:0::/48'],
    ['203.0.113', 'the address of the proxy, because this is not an IP address'],
  ])('reads the address %s as the service does', async (address, counted) => {
    const { stdout } = await run([...page, '--preset', 'open', '--address', address])
    expect(stdout).toContain(`RATE_LIMIT_PER_ADDRESS of ${counted}: `)
  })

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
    ['--preset open', 'origin_missing', ' Give one with --origin.'],
    ['--origin https://ap.example.com', 'origin_unlisted', ` Did you mean ${ORIGIN}?`],
    ['--origin null', 'origin_unlisted', ''],
    ['%', 'preset_missing', ' Give one with --preset.'],
    ['% --preset oepn', 'preset_unknown', ' Did you mean open?'],
    ['% --preset narrow', 'preset_origin', ''],
  ] as const)('refuses %s for the reason %s, and says what to write', async (args, reason, advice) => {
    const said = await run(args.replace('%', page.join(' ')).split(' '))
    expect(said.code).toBe(1)
    expect(said.stdout).toContain(` refuses ${reason}: ${meanings[reason]}${advice}\n`)
    const { status, code, message } = new ServiceError(reason)
    expect(lastLine(said)).toBe(`refuse: ${status} ${code} (${reason}). ${message}`)
  })

  it.each([
    ['localhost:5173', 'http://localhost:5173'],
    ['app.example.com/x', 'https://app.example.com'],
    [`${ORIGIN}/`, ORIGIN],
  ])('says how browsers send the origin %s', async (origin, sent) => {
    const { stdout } = await run(['--origin', origin])
    expect(stdout).toContain(` refuses this is not an origin as browsers send it: write ${sent}\n`)
  })

  it('takes the default preset as the service does', async () => {
    const { code, stdout } = await run(page, { DEFAULT_PRESET: 'open' })
    expect([code, stdout]).toStrictEqual([0, expect.stringContaining('open is available to every caller')])
  })

  it('answers programs in JSON', async () => {
    const { stdout } = await run([...page, '--preset', 'members', '--json'])
    const { steps, refusal, limits } = JSON.parse(stdout)
    expect(steps).toMatchObject([
      { check: 'origin', passes: true },
      { check: 'caller', passes: true },
      { check: 'preset', passes: false, because: 'plan is missing, and must be pro' },
    ])
    expect(refusal).toMatchObject({ status: 404, code: 'unknown_preset', reason: 'preset_claims' })
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
    const empty = await run(['--preset', 'members', '--token', '-'], secretEnvironment, '\n')
    expect(lastLine(empty)).toContain('(token_missing)')
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
