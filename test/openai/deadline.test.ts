import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { startTestService } from '../support/service.ts'
import { listen, startReplier, startSpeaker, toSecretBody } from '../support/upstream.ts'
import { expectation, outcomeOf, startFor } from './outcome.ts'

const DEADLINE_MS = 250
/** From the deadline to the reply: the record is written on a busy machine. */
const GRACE_MS = 750

const environment = { UPSTREAM_TIMEOUT_MS: String(DEADLINE_MS) }

/** The result of some work, and how long it took. */
async function timed<T>(work: () => Promise<T>) {
  const startedAt = performance.now()
  const result = await work()
  return { result, ms: performance.now() - startedAt }
}

const timeout = expectation('timeout', 'upstream_deadline')

describe('a caller gets a reply by the deadline', () => {
  it.each<Behaviour>([
    { kind: 'hang' },
    { kind: 'headers-only' },
    { kind: 'drip' },
    { kind: 'delay', ms: 60_000 },
  ])('even if upstream does %j', async (behaviour) => {
    const service = await startTestService({ environment })
    service.sandbox.behave(behaviour)
    const { result: reply, ms } = await timed(() => service.mint())
    expect(await outcomeOf(service, reply)).toStrictEqual(timeout)
    expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS)
    expect(ms).toBeGreaterThan(DEADLINE_MS - 50)
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it.each([
    ['a header', 'HTTP/1.1 200 OK\r\nx-slow: '],
    ['interim replies', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('even if upstream sends %s bit by bit', async (_name, start) => {
    const baseUrl = await startSpeaker((socket) => {
      socket.write(start)
      const piece = start.endsWith('\r\n\r\n') ? start : '2'
      const timer = setInterval(() => socket.write(piece), 20)
      socket.once('close', () => clearInterval(timer))
    })
    const service = await startFor(baseUrl, environment)
    const { result: reply, ms } = await timed(() => service.mint())
    expect(reply.statusCode).toBeGreaterThanOrEqual(502)
    expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS)
  })

  it('even if upstream never completes the TLS handshake', async () => {
    const port = await listen(createServer())
    const service = await startFor(`https://127.0.0.1:${port}/v1`, environment)
    const { result: reply, ms } = await timed(() => service.mint())
    expect(reply.statusCode).toBeGreaterThanOrEqual(503)
    expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS)
  })
})

describe('a connection that is never established', () => {
  it('times out within 2 s', async () => {
    const port = await listen(createServer())
    const service = await startFor(`https://127.0.0.1:${port}/v1`)
    const { result: reply, ms } = await timed(() => service.mint())
    expect(await outcomeOf(service, reply)).toStrictEqual(
      expectation('unavailable', 'upstream_not_connected'),
    )
    expect(ms).toBeLessThan(2_000 + GRACE_MS / 2)
  })
})

describe('after a deadline', () => {
  it('a late reply reaches no caller', async () => {
    const baseUrl = await startReplier((_request, response, count) => {
      const body = toSecretBody(`ek_number_${count}`)
      if (count === 1) setTimeout(() => response.end(body), DEADLINE_MS + 50).unref()
      else response.end(body)
    })
    const service = await startFor(baseUrl, environment)
    expect((await service.mint()).statusCode).toBe(504)
    const replies = await Promise.all([service.mint(), service.mint()])
    expect(new Set(replies.map((reply) => reply.json().value))).toStrictEqual(
      new Set(['ek_number_2', 'ek_number_3']),
    )
  })

  it('the record has the time that upstream took', async () => {
    const service = await startTestService({ environment })
    service.sandbox.behave({ kind: 'hang' })
    await service.mint()
    const { upstream } = Object((await service.records()).at(-1))
    const none = { status: null, code: null, param: null, request_id: null }
    expect(upstream).toStrictEqual({ ...none, attempts: 1, ms: expect.any(Number) })
    expect(upstream.ms).toBeGreaterThan(DEADLINE_MS - 50)
  })
})
