import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { findFreePort } from '../bench/workshop.ts'
import { createEnvironment, mintAt, startProcess, startServiceProcess } from '../support/process.ts'
import { API_KEY, ORIGIN, parseRecords, ROOT, readAudit } from '../support/service.ts'

const byText = (one: string, other: string): number => one.localeCompare(other)

async function createSandbox(): Promise<Sandbox> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  return sandbox
}

/** Resolves when the sandbox has received `count` requests. */
async function untilAsked(sandbox: Sandbox, count: number): Promise<void> {
  while (sandbox.requests.length < count) await new Promise(setImmediate)
}

describe('a start with bad settings', () => {
  it('exits with 78 and names every problem at once, and no value', async () => {
    const service = startProcess([process.execPath, 'src/main.ts'], {
      PORT: 'canary-port',
      ALLOWED_ORIGINS: 'https://canary.example.com/path',
      OPENAI_API_KEY: 'canary',
      TRUST_PROXY: 'true',
    })
    expect(await service.ended).toBe(78)
    for (const name of ['PORT', 'ALLOWED_ORIGINS', 'OPENAI_API_KEY', 'TRUST_PROXY', 'AUTH_MODE']) {
      expect(service.stderr()).toMatch(new RegExp(`^ {2}${name}: `, 'm'))
    }
    expect(service.stderr()).not.toMatch(/canary(?!\.example\.com$)/m)
    expect(service.stderr()).not.toContain('    at ')
  })

  it('exits with 78 for every problem of the presets file, with its line', async () => {
    const environment = await createEnvironment('http://127.0.0.1:9/v1')
    const service = startProcess([process.execPath, 'src/main.ts'], {
      ...environment,
      PRESETS_FILE: 'test/e2e/broken-presets.yaml',
    })
    expect(await service.ended).toBe(78)
    expect(service.stderr()).toContain('test/e2e/broken-presets.yaml:3:')
    expect(service.stderr()).toContain('test/e2e/broken-presets.yaml:7:')
  })

  it('names the problems of the presets file along with those of the settings', async () => {
    const service = startProcess([process.execPath, 'src/main.ts'], {
      PORT: 'canary-port',
      PRESETS_FILE: 'test/e2e/broken-presets.yaml',
    })
    expect(await service.ended).toBe(78)
    expect(service.stderr()).toMatch(/^ {2}PORT: /m)
    expect(service.stderr()).toMatch(/^ {2}test\/e2e\/broken-presets\.yaml:3:/m)
  })

  it.each([
    ['a default preset that does not exist', { DEFAULT_PRESET: 'nobody' }, 'DEFAULT_PRESET'],
    ['a presets file that does not exist', { PRESETS_FILE: 'nowhere.yaml' }, 'nowhere.yaml'],
    ['an audit directory that is a file', { AUDIT_DIR: 'package.json' }, 'AUDIT_DIR'],
  ])('exits with 78 for %s', async (_name, wrong, named) => {
    const environment = await createEnvironment('http://127.0.0.1:9/v1')
    const service = startProcess([process.execPath, 'src/main.ts'], { ...environment, ...wrong })
    expect(await service.ended).toBe(78)
    expect(service.stderr()).toContain(named)
    expect(service.stderr()).not.toContain('    at ')
  })

  it('exits with 78 where the port is taken, and says which', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const environment = await createEnvironment('http://127.0.0.1:9/v1')
    const service = startProcess([process.execPath, 'src/main.ts'], { ...environment, PORT: String(port) })
    expect(await service.ended).toBe(78)
    expect(service.stderr()).toContain(`127.0.0.1:${port} (EADDRINUSE)`)
  })

  it('says in one sentence which Node is needed', async () => {
    const pretend = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})'
    const service = startProcess([process.execPath, '--import', pretend, 'src/realtime-mint.js'])
    expect(await service.ended).toBe(78)
    expect(service.stderr()).toMatch(
      /^realtime-mint needs Node 22\.19 or newer, and this is 20\.20\.2: .*\n$/,
    )
  })
})

describe('SIGTERM', () => {
  it('ends an idle service with 0 and closes its audit', async () => {
    const sandbox = await createSandbox()
    const environment = await createEnvironment(sandbox.baseUrl)
    const service = await startServiceProcess(environment)
    service.child.kill('SIGTERM')
    expect(await service.ended).toBe(0)
    const records = parseRecords(await readAudit(environment['AUDIT_DIR'] ?? ''))
    expect(records.map(({ event }) => event)).toEqual(['open', 'config', 'close'])
  })

  it('lets mints in flight finish, refuses new ones, and cuts slow sockets', async () => {
    const sandbox = await createSandbox()
    const environment = await createEnvironment(sandbox.baseUrl)
    const service = await startServiceProcess(environment)
    const { hostname, port } = new URL(service.url)
    const slow = connect(Number(port), hostname)
    slow.write(
      `POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: a\r\nOrigin: ${ORIGIN}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await once(slow, 'connect')
    sandbox.behave({ kind: 'delay', ms: 1500 })
    const underWay = mintAt(service.url)
    await untilAsked(sandbox, 1)

    service.child.kill('SIGTERM')
    await service.seen(/"msg":"draining"/)
    const unready = await fetch(`${service.url}/readyz`)
    expect([unready.status, await unready.json()]).toEqual([503, { status: 'draining' }])
    const refused = await mintAt(service.url)
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close'])
    expect(await refused.json()).toMatchObject({ error: { code: 'shutting_down' } })
    expect((await underWay).status).toBe(200)

    expect(await service.ended).toBe(0)
    expect(slow.destroyed || (await once(slow, 'close').then(() => true))).toBe(true)
    const records = parseRecords(await readAudit(environment['AUDIT_DIR'] ?? ''))
    expect(
      records.map(({ event, reason, code }) => String(reason ?? code ?? event)).toSorted(byText),
    ).toEqual(['attempt', 'body_incomplete', 'close', 'config', 'draining', 'open'])
  })

  it('still mints during DRAIN_DELAY_SECONDS', async () => {
    const sandbox = await createSandbox()
    const environment = await createEnvironment(sandbox.baseUrl)
    const service = await startServiceProcess({ ...environment, DRAIN_DELAY_SECONDS: '1' })
    service.child.kill('SIGTERM')
    await service.seen(/"msg":"draining"/)
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503)
    expect((await mintAt(service.url)).status).toBe(200)
    expect(await service.ended).toBe(0)
  })

  it('exits within 10 s though upstream never answers', async () => {
    const sandbox = await createSandbox()
    const service = await startServiceProcess({
      ...(await createEnvironment(sandbox.baseUrl)),
      DRAIN_DELAY_SECONDS: '2',
    })
    service.child.kill('SIGTERM')
    await service.seen(/"msg":"draining"/)
    const startedAt = performance.now()
    // The next mint starts so late that its own deadline is after the 10 s.
    sandbox.behave({ kind: 'delay', ms: 1500 })
    await mintAt(service.url)
    sandbox.behave({ kind: 'hang' })
    const lost = await mintAt(service.url)
    expect(await lost.json()).toMatchObject({ error: { code: 'shutting_down' } })
    expect(await service.ended).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

it('ends on SIGTERM although the disk of its log is full', async () => {
  const sandbox = await createSandbox()
  const port = String(await findFreePort())
  const full = await open('/dev/full', 'w')
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: ROOT,
    env: { ...(await createEnvironment(sandbox.baseUrl)), PORT: port },
    stdio: ['ignore', full.fd, 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await full.close()
  const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/livez`)).status
  await expect.poll(() => ask().catch(() => 0), { timeout: 15_000 }).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it('ends on SIGTERM although nothing reads its log', async () => {
  const sandbox = await createSandbox()
  const environment = await createEnvironment(sandbox.baseUrl)
  const { child, url } = await startServiceProcess({ ...environment, RATE_LIMIT_PER_ADDRESS: '10000/second' })
  child.stdout?.pause()
  // More lines than a pipe can buffer.
  const statuses = new Set<number>()
  async function ask(times: number): Promise<void> {
    statuses.add((await fetch(`${url}/nowhere`)).status)
    if (times > 1) await ask(times - 1)
  }
  await Promise.all(Array.from({ length: 10 }, () => ask(150)))
  expect(statuses).toEqual(new Set([404]))
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
