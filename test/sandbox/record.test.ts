import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Sandbox, SandboxRequest } from '../../sandbox/sandbox.ts'
import { apiKey, post } from './caller.ts'
import { startClockedSandbox } from './connections.ts'

const label = 'for development only, these secrets open nothing'

const toBodies = (requests: readonly SandboxRequest[]): string[] => requests.map(({ body }) => body)

describe('the record', () => {
  it('contains all requests to the minting routes, and no others', async () => {
    const { sandbox: own } = await startClockedSandbox({ now: () => 5 })
    await post(own, { session: { type: 'realtime' } }, { path: '/realtime/client_secrets?v=1' })
    await post(own, 'oops', { path: '/realtime/sessions', headers: { authorization: 'Bearer x' } })
    await post(own, {}, { path: '/models' })
    expect(own.requests).toMatchObject([
      {
        path: '/v1/realtime/client_secrets?v=1',
        body: '{"session":{"type":"realtime"}}',
        headers: { authorization: `Bearer ${apiKey}` },
        at: 5,
      },
      { path: '/v1/realtime/sessions', body: 'oops' },
    ])
    expect(own.requests).toHaveLength(2)
  })

  it('is shown over HTTP without headers', async () => {
    const { sandbox: own } = await startClockedSandbox()
    await post(own, {})
    const shown = await (await fetch(new URL('/sandbox/requests', own.baseUrl))).text()
    expect(JSON.parse(shown)).toStrictEqual({
      requests: [{ path: '/v1/realtime/client_secrets', body: '{}', at: expect.any(Number) }],
    })
    expect(shown).not.toContain(apiKey)
  })

  it('keeps the newest 1000', async () => {
    const { sandbox: own } = await startClockedSandbox()
    await post(own, 'the first')
    await pipeline(own, 999)
    expect(toBodies(own.requests)).toStrictEqual(['the first', ...Array.from({ length: 999 }, () => '')])
    await pipeline(own, 1)
    expect(toBodies(own.requests)).toStrictEqual(Array.from({ length: 1000 }, () => ''))
  })
})

/** Sends many small requests over one connection, and waits for the last answer. */
async function pipeline(to: Sandbox, count: number): Promise<void> {
  const { port, pathname } = new URL(`${to.baseUrl}/realtime/sessions`)
  const socket = connect(Number(port), '127.0.0.1')
  const one = `POST ${pathname} HTTP/1.1\r\nContent-Length: 0\r\n`
  socket.write(`${one}\r\n`.repeat(count - 1) + `${one}Connection: close\r\n\r\n`)
  await text(socket)
}

describe('the log', () => {
  it('labels every line, names each request, and never shows a key or a secret', async () => {
    const { sandbox: own, lines } = await startClockedSandbox()
    const { value } = Object(await (await post(own, {})).json())
    await own.close()
    expect(lines.map((line) => Object(line).event)).toStrictEqual(['listening', 'request'])
    expect(lines.at(-1)).toMatchObject({ method: 'POST', path: '/v1/realtime/client_secrets', status: 200 })
    for (const line of lines) expect(line).toHaveProperty('sandbox', label)
    expect(JSON.stringify(lines)).not.toContain(apiKey)
    expect(JSON.stringify(lines)).not.toContain(value)
  })
})

describe('closing', () => {
  it('a closed sandbox refuses connections and may be closed again', async () => {
    const { sandbox: own } = await startClockedSandbox()
    await own.close()
    await own.close()
    await expect(post(own, {})).rejects.toThrow('fetch failed')
  })
})
