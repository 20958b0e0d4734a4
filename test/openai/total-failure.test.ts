import { describe, expect, it, vi } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { inTurn } from '../bench/in-turn.ts'
import { type Reply, startTestService, type TestService } from '../support/service.ts'
import { mintOutcome, stopClock } from './outcome.ts'

stopClock()

const pass = (ms: number): unknown => vi.advanceTimersByTime(ms)

const asked = ({ sandbox }: TestService): number => sandbox.requests.length

const mintAtOnce = ({ mint }: TestService, count: number): Promise<Reply[]> =>
  Promise.all(Array.from({ length: count }, () => mint()))

const countOf = (replies: readonly Reply[], status: number): number =>
  replies.filter(({ statusCode }) => statusCode === status).length

const refused = (code: string, reason: string, retryAfter = '1') => {
  return { status: 503, code, reason, retryAfter, shouldRetry: undefined }
}
const coolingDown = (seconds: string) => refused('upstream_busy', 'upstream_cooling_down', seconds)
const breakerOpen = refused('upstream_unavailable', 'upstream_breaker_open')

const tooMany = (headers: Record<string, string> = {}): Behaviour => ({
  kind: 'status',
  status: 429,
  headers,
})

describe('after a 429', () => {
  it.each([
    [7, 'it says so', { 'retry-after': '7' }],
    [1, 'it says nothing', {}],
    [60, 'it says an hour', { 'retry-after': '3600' }],
  ])('upstream is not called for %i s if %s', async (seconds, _name, headers) => {
    const service = await startTestService()
    service.sandbox.behave(tooMany(headers), 1)
    expect((await service.mint()).headers['retry-after']).toBe(String(seconds))

    expect(await mintOutcome(service)).toStrictEqual(coolingDown(String(seconds)))
    expect((await service.attempts()).at(-1)).toMatchObject({ outcome: 'failed', upstream: null })
    pass(seconds * 1000 - 1)
    expect(await mintOutcome(service)).toStrictEqual(coolingDown('1'))
    expect(asked(service)).toBe(1)

    pass(1)
    expect((await service.mint()).statusCode).toBe(200)
    expect(asked(service)).toBe(2)
  })

  it('about credit, the next mint calls upstream', async () => {
    const service = await startTestService()
    const headers = { 'retry-after': '7' }
    service.sandbox.behave({ kind: 'status', status: 429, code: 'insufficient_quota', headers }, 1)
    expect((await service.mint()).json().error.code).toBe('upstream_no_credit')
    expect((await service.mint()).statusCode).toBe(200)
  })
})

const gatewayTimeout: Behaviour = { kind: 'status', status: 504 }

/** A service with an open circuit breaker. */
async function startBroken(): Promise<TestService> {
  const service = await startTestService()
  service.sandbox.behave(gatewayTimeout)
  await inTurn(Array.from({ length: 20 }), () => service.mint())
  return service
}

describe('after 20 failures', () => {
  it('upstream is not called, and no mint waits', async () => {
    const service = await startBroken()
    expect(asked(service)).toBe(20)
    expect(await mintOutcome(service)).toStrictEqual(breakerOpen)
    expect((await service.attempts()).at(-1)).toMatchObject({ outcome: 'failed', upstream: null })
    expect(countOf(await mintAtOnce(service, 50), 503)).toBe(50)
    expect(asked(service)).toBe(20)
    expect(service.logText().match(/circuit breaker open: probing once a second/g)).toHaveLength(1)
  })

  it.each<[string, Behaviour, number]>([
    ['a 500', { kind: 'status', status: 500 }, 503],
    ['a 503 with a time to wait', { kind: 'status', status: 503, headers: { 'retry-after': '1' } }, 503],
    ['a reset', { kind: 'reset' }, 503],
    ['half a reply', { kind: 'truncate' }, 503],
    ['silence', { kind: 'hang' }, 504],
  ])('%s counts as a failure', async (_name, behaviour, status) => {
    const timeout = behaviour.kind === 'hang' ? '200' : '8000'
    const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: timeout } })
    service.sandbox.behave(behaviour)
    expect(countOf(await mintAtOnce(service, 20), status)).toBe(20)
    const before = asked(service)
    expect(await mintOutcome(service)).toStrictEqual(breakerOpen)
    expect(asked(service)).toBe(before)
  })

  it('a refused connection counts as a failure', async () => {
    const service = await startTestService({ environment: { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' } })
    await mintAtOnce(service, 20)
    expect(await mintOutcome(service)).toStrictEqual(breakerOpen)
  })

  it.each<Behaviour>([
    { kind: 'status', status: 400 },
    { kind: 'status', status: 401 },
    { kind: 'status', status: 404 },
    { kind: 'status', status: 501 },
    { kind: 'status', status: 429, code: 'insufficient_quota' },
    { kind: 'malformed', variant: 'invalid-json' },
    { kind: 'malformed', variant: 'redirect' },
  ])('%j is not a failure: it is an answer', async (behaviour) => {
    const service = await startTestService()
    service.sandbox.behave(behaviour, 40)
    await mintAtOnce(service, 40)
    expect((await service.mint()).statusCode).toBe(200)
    expect(asked(service)).toBe(41)
  })
})

describe('an upstream behind an open circuit breaker', () => {
  it('gets one probe a second, answered or not', async () => {
    const service = await startBroken()
    const calls = await inTurn([999, 1, 0, 999, 1, 5_000], async (ms) => {
      pass(ms)
      const before = asked(service)
      await mintAtOnce(service, 30)
      return asked(service) - before
    })
    expect(calls).toStrictEqual([0, 1, 0, 0, 1, 1])
  })

  it('gets every call again after one answer', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'normal' })
    pass(1_000)
    const replies = await mintAtOnce(service, 30)
    expect([countOf(replies, 200), countOf(replies, 503)]).toStrictEqual([1, 29])
    expect(countOf(await mintAtOnce(service, 30), 200)).toBe(30)
    expect(service.logText().match(/upstream answers again/g)).toHaveLength(1)
  })

  it('is closed by a refusal too', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'status', status: 401 }, 1)
    pass(1_000)
    expect((await service.mint()).json().error.code).toBe('upstream_misconfigured')
    expect((await service.mint()).statusCode).toBe(200)
  })
})

describe('a total failure', () => {
  it('costs upstream at most a tenth of 50 requests a second', async () => {
    const service = await startTestService({ environment: { AUDIT_DURABILITY: 'write' } })
    service.sandbox.behave({ kind: 'status', status: 503 })
    const calls = await inTurn(Array.from({ length: 600 }), async () => {
      const before = asked(service)
      await service.mint()
      pass(20)
      return asked(service) - before
    })
    const inTenSeconds = Array.from({ length: 101 }, (_, start) =>
      calls.slice(start, start + 500).reduce((sum, count) => sum + count, 0),
    )
    expect(Math.max(...inTenSeconds)).toBeLessThan(500 * 0.1)
    // But one probe a second, to notice the end.
    expect(Math.min(...inTenSeconds)).toBeGreaterThanOrEqual(9)
  })
})
