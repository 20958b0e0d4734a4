import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { check, runCheck, toReport } from '../../src/cli/check.ts'
import { API_KEY, ROOT, writePresets } from '../support/service.ts'
import { secretEnvironment } from '../support/tokens.ts'
import { listen } from '../support/upstream.ts'
import { runCommand, settings } from './running.ts'

const environment = { ...settings, PRESETS_FILE: `${ROOT}presets.yaml` }

const BROKEN_PRESETS = `${ROOT}test/e2e/broken-presets.yaml`

const checkWith = (own: Record<string, string>, environmentWarnings: readonly string[] = []) =>
  check({ file: undefined, environment: { ...environment, ...own }, environmentWarnings, live: false })

describe('check', () => {
  it('finds nothing wrong with what is shipped, and shows all that would be sent', async () => {
    const findings = await checkWith({})
    const revision = expect.stringMatching(/^\w{16}$/)
    expect(findings).toMatchObject({ problems: [], warnings: [], revision })
    expect(findings.presets.map(({ name, path }) => `${name} ${path}`)).toStrictEqual([
      'voice-assistant /client_secrets',
      'transcriber /client_secrets',
      'translator /translations/client_secrets',
      'support-agent /client_secrets',
      'classic /client_secrets',
    ])
    expect(toReport(findings)).toMatch(/: 5 presets, revision \w{16}, no problems, 0 warnings\n$/)
  })

  it('reports what is wrong with settings, the environment and presets at once', async () => {
    const wrong = ['.env: AUTHMODE is not a setting. Did you mean AUTH_MODE?']
    const found = await checkWith({ AUTH_MODE: '', PRESETS_FILE: BROKEN_PRESETS }, wrong)
    expect(found).toMatchObject({ warnings: wrong, presets: [] })
    expect(found.problems).toContainEqual(expect.stringMatching(/^AUTH_MODE: /))
    expect(found.problems).toContainEqual(expect.stringContaining('did you mean "session"?'))
  })

  it('judges the presets as the settings want them, though other settings are wrong', async () => {
    const broken = { AUTH_MODE: '', OPENAI_REALTIME_API: 'sessions', DEFAULT_PRESET: 'nobody' }
    const { problems } = await checkWith(broken)
    expect(problems).toContainEqual(expect.stringMatching(/^AUTH_MODE: /))
    expect(problems).toContainEqual(expect.stringContaining('DEFAULT_PRESET'))
    expect(problems).toContainEqual(expect.stringMatching(/presets\.yaml.*voice-assistant/))
  })

  it.each([
    [
      'checks origins of presets against ALLOWED_ORIGINS, though the API key is missing',
      { OPENAI_API_KEY: '' },
      1,
    ],
    ['checks no origins of presets against an invalid ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'x.example' }, 0],
  ])('%s', async (_, own, count) => {
    const access = { origins: ['https://other.example'] }
    const session = { type: 'realtime', model: 'gpt-realtime-2.1' }
    const PRESETS_FILE = await writePresets(JSON.stringify({ presets: { one: { access, session } } }))
    const { problems, warnings } = await checkWith({ PRESETS_FILE, ...own })
    const found = [...problems, ...warnings].filter((line) => line.startsWith(`${PRESETS_FILE}:`))
    expect(found.filter((line) => line.includes('ALLOWED_ORIGINS'))).toHaveLength(count)
  })

  it('looks at what the settings name, though the presets are wrong', async () => {
    const { problems, warnings } = await checkWith({
      PRESETS_FILE: BROKEN_PRESETS,
      REDIS_URL: 'redis://127.0.0.1:1',
      AUDIT_KEY: 'k'.repeat(43),
    })
    expect(problems.length).toBeGreaterThan(0)
    expect(warnings).toStrictEqual(['REDIS_URL: Redis is unavailable (unreachable)'])
  })

  it.each([
    ['REDIS_REQUIRED', { REDIS_REQUIRED: 'true' }],
    ['AUTH_SINGLE_USE', { ...secretEnvironment, AUTH_SINGLE_USE: 'true' }],
  ])('calls it a problem that Redis is unavailable, with %s', async (name, own) => {
    const { problems } = await checkWith({
      PRESETS_FILE: 'presets.yaml',
      REDIS_URL: 'redis://127.0.0.1:1',
      AUDIT_KEY: 'k'.repeat(43),
      ...own,
    })
    expect(problems).toStrictEqual([
      `REDIS_URL: Redis is unavailable (unreachable). With ${name}, nothing is issued without it`,
    ])
  })

  it('judges a named file whatever the settings are, and shows what would be sent', async () => {
    const { code, stdout } = await runCommand(runCheck, ['presets.yaml'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^voice-assistant \(revision [0-9a-f]{16}\)\nPOST …\/realtime\/client_secrets\n\{/m,
    )
    expect(stdout).toMatch(/^translator \(.+\)\nPOST …\/realtime\/translations\/client_secrets\n/m)
    expect(stdout).toContain('You are a support agent of {{shop}}.')
    expect(stdout).toMatch(/\npresets\.yaml: 5 presets, revision [0-9a-f]{16}, no problems, \d+ warnings\n$/)
  })

  it('prints JSON for programs', async () => {
    const { presets, ...rest } = JSON.parse((await runCommand(runCheck, ['presets.yaml', '--json'])).stdout)
    expect(rest).toMatchObject({ file: 'presets.yaml', problems: [] })
    expect(presets[0]).toStrictEqual({
      name: 'voice-assistant',
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      path: '/client_secrets',
      body: expect.objectContaining({ expires_after: { anchor: 'created_at', seconds: 60 } }),
    })
  })

  it('has the verdict last in its report, behind problems and warnings', () => {
    const found = { file: 'p.yaml', problems: ['p.yaml:1:1 one'], warnings: ['p.yaml:2:1 two'] }
    const report = toReport({ ...found, revision: null, presets: [], live: [] })
    expect(report).toBe('Warnings\n  p.yaml:2:1 two\n\nProblems\n  p.yaml:1:1 one\n\np.yaml: 1 problem\n')
  })
})

async function checkLive(own: Record<string, string>) {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  const given = { ...environment, OPENAI_BASE_URL: sandbox.baseUrl, ...own }
  return { sandbox, findings: await check({ file: undefined, environment: given, live: true }) }
}

describe('check --live', () => {
  it('mints a client secret of 10 s for each preset, and shows none of them', async () => {
    const { sandbox, findings } = await checkLive({})
    const names = findings.presets.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(1)
    expect(findings.problems).toStrictEqual([])
    expect(findings.live).toStrictEqual(
      names.map((preset) => ({ preset, status: 200, code: null, param: null, reason: null })),
    )
    expect(sandbox.requests.map(({ body }) => JSON.parse(body).expires_after.seconds)).toStrictEqual(
      names.map(() => 10),
    )
    expect(toReport(findings)).toMatch(
      /^Client secrets of 10 s\n {2}voice-assistant: minted \(status 200, code none, param none\)$/m,
    )
    expect(toReport(findings) + JSON.stringify(findings)).not.toContain('ek_')
  })

  it('warns of the shutdown dates that upstream names', async () => {
    const data = [{ id: 'gpt-realtime-2.1', shutdown_date: '2028-01-31' }]
    const server = createServer((request, response) => {
      const isList = request.method === 'GET' && request.url === '/v1/models'
      response.writeHead(isList ? 200 : 403).end(isList ? JSON.stringify({ data }) : '{}')
    })
    const port = await listen(server)
    onTestFinished(() => void server.close())
    const given = { ...environment, OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` }
    const { warnings } = await check({ file: undefined, environment: given, live: true })
    expect(warnings).toContain('--live: voice-assistant: upstream shuts down gpt-realtime-2.1 on 2028-01-31')
  })

  it('reports what upstream refused for each preset', async () => {
    const { findings } = await checkLive({ OPENAI_API_KEY: 'sk-wrong-0123456789abcdefghij' })
    const facts = { status: 401, code: 'invalid_api_key', param: null, reason: 'upstream_unauthorized' }
    expect(findings.live).toStrictEqual(findings.presets.map(({ name }) => ({ preset: name, ...facts })))
    expect(findings.problems[0]).toMatch(/^--live: voice-assistant \(upstream_unauthorized\): .+$/)
    expect(toReport(findings)).toContain(
      'voice-assistant: upstream_unauthorized (status 401, code invalid_api_key, param none)',
    )
  })

  it('asks for nothing while something is wrong', async () => {
    const { sandbox, findings } = await checkLive({ AUDIT_DIR: `${ROOT}package.json` })
    expect(findings.problems).toStrictEqual(['AUDIT_DIR: cannot be written (ENOTDIR)'])
    expect([findings.live, sandbox.requests.length]).toStrictEqual([[], 0])
  })
})
