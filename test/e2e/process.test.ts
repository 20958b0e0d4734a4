import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { findPort } from '../support/ports.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { ORIGIN, ROOT } from '../support/service.ts'
import { listen } from '../support/upstream.ts'
import { command, createSettings, mint, NO_UPSTREAM, run } from './processes.ts'

const BROKEN_PRESETS = 'test/e2e/broken-presets.yaml'

describe('a start with bad settings', () => {
  it('exits with 78 and names every problem at once, and no value', async () => {
    const { code, stderr } = await run(command(), {
      PORT: 'canary-port',
      ALLOWED_ORIGINS: 'https://canary.example.com/path',
      OPENAI_API_KEY: 'canary',
      TRUST_PROXY: 'true',
      PRESETS_FILE: BROKEN_PRESETS,
    })
    expect(code).toBe(78)
    const names = ['PORT', 'ALLOWED_ORIGINS', 'OPENAI_API_KEY', 'TRUST_PROXY', 'AUTH_MODE']
    for (const name of [...names, `${BROKEN_PRESETS}:3`, `${BROKEN_PRESETS}:7`]) {
      expect(stderr).toMatch(new RegExp(`^ {2}${name}:`, 'm'))
    }
    expect(stderr).not.toMatch(/canary(?!\.example\.com$)/m)
    expect(stderr).not.toContain('    at ')
  })

  it.each([
    ['a presets file with problems', { PRESETS_FILE: BROKEN_PRESETS }, `${BROKEN_PRESETS}:7:`],
    ['a default preset that does not exist', { DEFAULT_PRESET: 'nobody' }, 'DEFAULT_PRESET'],
    ['a presets file that does not exist', { PRESETS_FILE: 'nowhere.yaml' }, 'nowhere.yaml'],
    ['an audit directory that is a file', { AUDIT_DIR: 'package.json' }, 'AUDIT_DIR'],
  ])('exits with 78 for %s', async (_name, wrong, named) => {
    const { code, stderr } = await run(command(), { ...(await createEnvironment(NO_UPSTREAM)), ...wrong })
    expect(code).toBe(78)
    expect(stderr).toContain(named)
    expect(stderr).not.toContain('    at ')
  })

  it('exits with 78 where the port is taken, and says which', async () => {
    const port = String(await listen(createServer()))
    const { code, stderr } = await run(command(), { ...(await createEnvironment(NO_UPSTREAM)), PORT: port })
    expect(code).toBe(78)
    expect(stderr).toContain(`127.0.0.1:${port}: another program uses port ${port}.`)
  })

  it('says in one sentence which Node is needed', async () => {
    const pretend = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})'
    const said = await run([process.execPath, '--import', pretend, 'src/realtime-mint.js'])
    const stderr = /^realtime-mint needs Node 22\.19 or newer, and this is 20\.20\.2: .*\n$/
    expect(said).toMatchObject({ code: 78, stderr: expect.stringMatching(stderr) })
  })
})

/** A service in front of a sandbox. */
async function start(settings: Readonly<Record<string, string>> = {}) {
  const { sandbox, environment } = await createSettings()
  const service = await startServiceProcess({ ...environment, ...settings })
  /** Sends SIGTERM, and resolves when the drain has begun. */
  async function drain(): Promise<void> {
    service.child.kill('SIGTERM')
    await service.seen(/"msg":"draining"/)
  }
  return { ...service, sandbox, drain }
}

const askReady = async (url: string): Promise<unknown> => {
  const reply = await fetch(`${url}/readyz`)
  return [reply.status, await reply.json()]
}

describe('SIGTERM', () => {
  it('ends an idle service with 0 and closes its audit', async () => {
    // A process that another program replaced, because it was stuck, would not say this.
    const sayAtExit = 'data:text/javascript,process.on(`exit`,()=>process._rawDebug(`exit`))'
    const { stop, records, stderr } = await start({ NODE_OPTIONS: `--import=${sayAtExit}` })
    expect(await stop()).toBe(0)
    expect(stderr()).toBe('exit\n')
    expect((await records()).map(({ event }) => event)).toStrictEqual(['open', 'config', 'close'])
  })

  it('lets mints in flight finish, refuses new ones, and cuts slow sockets', async () => {
    const { url, sandbox, drain, ended, records } = await start()
    const { hostname, port } = new URL(url)
    const slow = connect(Number(port), hostname)
    slow.write(
      `POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: a\r\nOrigin: ${ORIGIN}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await once(slow, 'connect')
    sandbox.behave({ kind: 'delay', ms: 1500 })
    const underWay = mint(url)
    await vi.waitFor(() => expect(sandbox.requests).toHaveLength(1), { interval: 5 })

    await drain()
    expect(await askReady(url)).toStrictEqual([503, { status: 'draining' }])
    const refused = await mint(url)
    expect([refused.status, refused.headers.get('connection')]).toStrictEqual([503, 'close'])
    expect(refused.body).toContain('"code":"shutting_down"')
    expect(await underWay).toMatchObject({ status: 200 })

    expect(await ended).toBe(0)
    expect(slow.destroyed || (await once(slow, 'close').then(() => true))).toBe(true)
    const facts = (await records()).map(({ event, reason, code }) => String(reason ?? code ?? event))
    const expected = ['attempt', 'body_incomplete', 'close', 'config', 'draining', 'open']
    expect(facts.toSorted()).toStrictEqual(expected)
  })

  it('still mints during DRAIN_DELAY_SECONDS', async () => {
    const { url, drain, ended } = await start({ DRAIN_DELAY_SECONDS: '1' })
    await drain()
    expect(await askReady(url)).toStrictEqual([503, { status: 'draining' }])
    expect(await mint(url)).toMatchObject({ status: 200 })
    expect(await ended).toBe(0)
  })

  it('exits within 10 s though upstream never answers', async () => {
    const { url, sandbox, drain, ended } = await start({ DRAIN_DELAY_SECONDS: '2' })
    await drain()
    const startedAt = performance.now()
    // The next mint starts so late that its own deadline is after the 10 s.
    sandbox.behave({ kind: 'delay', ms: 1500 })
    await mint(url)
    sandbox.behave({ kind: 'hang' })
    expect((await mint(url)).body).toContain('"code":"shutting_down"')
    expect(await ended).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  it('ends the process although the disk of its log is full', async () => {
    const { environment } = await createSettings()
    const port = String(await findPort())
    const full = await open('/dev/full', 'w')
    const child = spawn(process.execPath, ['src/main.ts'], {
      cwd: ROOT,
      env: { ...environment, PORT: port },
      stdio: ['ignore', full.fd, 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await full.close()
    const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/livez`)).status
    await expect.poll(() => ask().catch(() => 0), { timeout: 15_000 }).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toStrictEqual([0, null])
  })
})
