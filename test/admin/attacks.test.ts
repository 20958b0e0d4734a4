// Floods and slow sockets against the admin listener: it bounds them, and minting goes on.
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { limitRate } from '../../src/admin/rate.ts'
import { openPeer, parseReplies } from '../support/sockets.ts'
import { listen } from '../support/upstream.ts'
import { startAdminService } from './admin-service.ts'

/** One reply on a connection that is kept. */
async function ask(port: number, agent: Agent): Promise<IncomingMessage> {
  const [reply]: IncomingMessage[] = await once(get({ port, agent, host: '127.0.0.1' }), 'response')
  if (reply === undefined) throw new Error('there is no reply')
  reply.resume()
  await once(reply, 'end')
  return reply
}

it('an address gets 200 replies a second, and the next ones a second late', async () => {
  let nowMs = 0
  let served = 0
  const server = createServer(
    limitRate(
      (_request, response) => {
        served += 1
        response.end()
      },
      () => nowMs,
    ),
  )
  const port = await listen(server)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const statuses = new Set<number | undefined>()
  for (let index = 0; index < 200; index += 1) statuses.add((await ask(port, agent)).statusCode)
  expect(statuses).toStrictEqual(new Set([200]))

  const startedAt = performance.now()
  const late = await ask(port, agent)
  expect(performance.now() - startedAt).toBeGreaterThan(900)
  expect([late.statusCode, late.headers['retry-after'], late.headers.connection]).toStrictEqual([
    429,
    '1',
    'close',
  ])
  expect(served).toBe(200)
  nowMs = 1_000
  expect((await ask(port, agent)).statusCode).toBe(200)
})

it('one address has 32 connections at most, and minting goes on beside them', async () => {
  const { adminPort, mint } = await startAdminService()
  const peers = await Promise.all(Array.from({ length: 40 }, () => openPeer(adminPort)))
  const refused = Promise.all(peers.slice(32).map(({ closed }) => closed))
  await expect(refused).resolves.toHaveLength(8)
  expect(peers.slice(0, 32).filter(({ socket }) => socket.destroyed)).toStrictEqual([])
  expect((await mint()).statusCode).toBe(200)
})

it('slow requests get 408 within 11 seconds, and minting goes on meanwhile', {
  timeout: 30_000,
}, async () => {
  const { adminPort, mint } = await startAdminService()
  const post = 'POST /api/reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const slow = await Promise.all(
    ['', 'GET /metrics HTTP/1.1\r\nHost: loc', `${post}Content-Length: 50\r\n`].map(async (text) => {
      const peer = await openPeer(adminPort)
      peer.socket.write(text)
      return peer
    }),
  )
  expect((await mint()).statusCode).toBe(200)
  const startedAt = performance.now()
  await Promise.all(slow.map(({ closed }) => closed))
  expect(performance.now() - startedAt).toBeLessThan(12_000)
  for (const { received } of slow) {
    expect(parseReplies(received()).map(({ statusCode }) => statusCode)).toStrictEqual([408])
  }
})

it('many pipelined requests are cut off, and minting goes on', async () => {
  const { adminPort, mint } = await startAdminService()
  const peer = await openPeer(adminPort)
  peer.socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100))
  await peer.closed
  expect((await mint()).statusCode).toBe(200)
})
