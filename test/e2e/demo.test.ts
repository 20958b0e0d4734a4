import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { findPort, whenListening } from '../support/ports.ts'
import { startProcess } from '../support/process.ts'
import { createTemporaryDirectory } from '../support/service.ts'

it('prints a curl line that mints, and Ctrl-C ends service and sandbox', async () => {
  const demo = startProcess(['npm', 'run', 'demo'], {
    PORT: '0',
    AUDIT_DIR: await createTemporaryDirectory(),
    // As in a `.env` for production.
    ALLOWED_ORIGINS: 'https://app.example.com',
    REDIS_URL: 'redis://127.0.0.1:9',
  })
  const [, curl = ''] = await demo.seen(/^ +(curl .+client_secrets.+)$/m)
  const [, operations = ''] = await demo.seen(/^ +operations +(\S+)$/m)
  const [, sandbox = ''] = await demo.seen(/^ +sandbox +(\S+)$/m)
  await demo.seen(/Ctrl-C ends both/)

  const { stdout } = await promisify(execFile)('sh', ['-c', curl])
  expect(JSON.parse(stdout)).toEqual({
    value: expect.stringMatching(/^ek_/),
    expires_at: expect.any(Number),
  })

  expect(await (await fetch(operations)).text()).toContain('<title>realtime-mint operations</title>')

  const ask = async (origin: string): Promise<number> => {
    const { status } = await fetch(/http:\S+client_secrets/.exec(curl)?.[0] ?? '', {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: '{"preset":"voice-assistant"}',
    })
    return status
  }
  const origins = [
    'http://localhost:4321',
    'http://127.0.0.1',
    'https://app.example.com',
    'http://localhost.example.com',
  ]
  expect(await Promise.all(origins.map(ask))).toStrictEqual([200, 200, 403, 403])

  // The page's own data, which a page with a name that resolves to 127.0.0.1 must not read.
  const [page = ''] = /http:\/\/[^/]+/.exec(curl) ?? []
  const askAs = async (host: string): Promise<string> => {
    const shown = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Host: ${host}`, `${page}/demo/state`]
    return (await promisify(execFile)('curl', shown)).stdout
  }
  expect(await Promise.all(['localhost', '[::1]:80', 'evil.example'].map(askAs))).toEqual([
    '200',
    '200',
    '404',
  ])

  const [, count, failure = ''] = await demo.seen(/fails the next (\d+) mints.+\n\n +(curl .+)\n/)
  await promisify(execFile)('sh', ['-c', failure])
  const statuses = [
    await ask('http://localhost'),
    await ask('http://localhost'),
    await ask('http://localhost'),
  ]
  expect([count, ...statuses]).toStrictEqual(['2', 503, 503, 200])

  // An open connection does not keep the demo from ending.
  const secret: string = JSON.parse(stdout).value
  const socket = new WebSocket(`${sandbox.replace('http', 'ws')}/realtime`, [
    'realtime',
    `openai-insecure-api-key.${secret}`,
  ])
  const [created] = await once(socket, 'message')
  expect(JSON.parse(created.data).type).toBe('session.created')

  process.kill(-(demo.child.pid ?? 0), 'SIGINT')
  expect(await demo.ended).toBe(0)
  await expect(fetch(sandbox)).rejects.toThrow('fetch failed')
})

it('with AUTH_MODE=jwt brings a token of its test user', async () => {
  const demo = startProcess(['npm', 'run', 'demo'], {
    PORT: '0',
    AUDIT_DIR: await createTemporaryDirectory(),
    AUTH_MODE: 'jwt',
  })
  const [, curl = ''] = await demo.seen(/^ +(curl .+client_secrets.+)$/m)
  const { stdout } = await promisify(execFile)('sh', ['-c', curl])
  expect(JSON.parse(stdout)).toMatchObject({ value: expect.stringMatching(/^ek_/) })
})

it('keeps running although nothing reads its output, and ends on SIGTERM', async () => {
  const port = await findPort()
  const demo = startProcess([process.execPath, 'src/realtime-mint.js', 'demo'], {
    PORT: String(port),
    AUDIT_DIR: await createTemporaryDirectory(),
  })
  demo.child.stdout?.destroy()
  await whenListening(port)
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200)
  expect(await demo.stop()).toBe(0)
})
