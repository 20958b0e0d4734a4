import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { inTurn } from '../bench/in-turn.ts'
import { type Reply, startTestService, type TestService } from '../support/service.ts'
import { startReplier } from '../support/upstream.ts'
import { attemptsOf, outcomeOf } from './outcome.ts'

// The service's clock alone stands still: sockets, and the timers of deadlines, live on.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const pass = (ms: number): unknown => vi.advanceTimersByTime(ms)

const asked = ({ sandbox }: TestService): number => sandbox.requests.length

const mintAtOnce = ({ mint }: TestService, count: number): Promise<Reply[]> =>
  Promise.all(Array.from({ length: count }, () => mint()))

const countOf = (replies: readonly Reply[], status: number): number =>
  replies.filter(({ statusCode }) => statusCode === status).length

const coolingDown = (retryAfter: string) => ({
  status: 503,
  code: 'upstream_busy',
  reason: 'upstream_cooling_down',
  retryAfter,
  shouldRetry: undefined,
})

const leftAlone = {
  status: 503,
  code: 'upstream_unavailable',
  reason: 'upstream_breaker_open',
  retryAfter: '1',
  shouldRetry: undefined,
} as const

const tooMany = (headers: Record<string, string> = {}): Behaviour => ({
  kind: 'status',
  status: 429,
  headers,
})

describe('after a 429', () => {
  it.each([
    [7, 'it says so', { 'retry-after': '7' }],
    [1, 'it says nothing', {}],
    [1, 'it says 0', { 'retry-after': '0' }],
    [60, 'it says an hour', { 'retry-after': '3600' }],
  ])('nobody asks upstream for %i s where %s', async (seconds, _name, headers) => {
    const service = await startTestService()
    service.sandbox.behave(tooMany(headers), 1)
    expect((await service.mint()).headers['retry-after']).toBe(String(seconds))

    expect(await outcomeOf(service, await service.mint())).toStrictEqual(coolingDown(String(seconds)))
    expect((await attemptsOf(service)).at(-1)).toMatchObject({ outcome: 'failed', upstream: null })
    pass(seconds * 1000 - 1)
    expect(await outcomeOf(service, await service.mint())).toStrictEqual(coolingDown('1'))
    expect(asked(service)).toBe(1)

    pass(1)
    expect((await service.mint()).statusCode).toBe(200)
    expect(asked(service)).toBe(2)
  })

  it('callers are told what is left of the wait', async () => {
    const service = await startTestService()
    service.sandbox.behave(tooMany({ 'retry-after': '7' }), 1)
    await service.mint()
    const told = await inTurn([0, 1, 1500, 3000], async (ms) => {
      pass(ms)
      return (await service.mint()).headers['retry-after']
    })
    expect(told).toStrictEqual(['7', '7', '6', '3'])
  })

  it('a shorter wait does not end a longer one', async () => {
    const waits = ['30', '5']
    const baseUrl = await startReplier((request, response) => {
      request.resume()
      response.writeHead(429, { 'retry-after': waits.shift() ?? '1' }).end('{}')
    })
    const service = await startTestService({ environment: { OPENAI_BASE_URL: baseUrl } })
    await mintAtOnce(service, 2)
    pass(6_000)
    expect(await outcomeOf(service, await service.mint())).toStrictEqual(coolingDown('24'))
  })

  it.each(['insufficient_quota', 'credit_balance_exhausted', 'project_spend_limit_exceeded'])(
    'that is about %s, the next mint is asked for as ever',
    async (code) => {
      const service = await startTestService()
      service.sandbox.behave({ kind: 'status', status: 429, code, headers: { 'retry-after': '7' } }, 1)
      expect((await service.mint()).json().error.code).toBe('upstream_no_credit')
      expect((await service.mint()).statusCode).toBe(200)
    },
  )
})

const gatewayTimeout: Behaviour = { kind: 'status', status: 504 }

/** A service whose upstream has failed so often that it is left alone. */
async function startBroken(): Promise<TestService> {
  const service = await startTestService()
  service.sandbox.behave(gatewayTimeout)
  await inTurn(Array.from({ length: 20 }), () => service.mint())
  return service
}

describe('after 20 failures', () => {
  it('upstream is left alone, and nothing waits', async () => {
    const service = await startBroken()
    expect(asked(service)).toBe(20)
    expect(await outcomeOf(service, await service.mint())).toStrictEqual(leftAlone)
    expect((await attemptsOf(service)).at(-1)).toMatchObject({ outcome: 'failed', upstream: null })
    expect(countOf(await mintAtOnce(service, 50), 503)).toBe(50)
    expect(asked(service)).toBe(20)
    expect(service.logText().match(/circuit breaker open: probing once a second/g)).toHaveLength(1)
  })

  it('of more than ten seconds upstream is asked as ever', async () => {
    const service = await startTestService()
    service.sandbox.behave(gatewayTimeout, 19)
    await inTurn(Array.from({ length: 19 }), () => service.mint())
    pass(10_100)
    service.sandbox.behave(gatewayTimeout, 19)
    await inTurn(Array.from({ length: 19 }), () => service.mint())
    expect((await service.mint()).statusCode).toBe(200)
  })

  it.each<[string, Behaviour, number]>([
    ['a 500', { kind: 'status', status: 500 }, 503],
    ['a 503 with a time to wait', { kind: 'status', status: 503, headers: { 'retry-after': '1' } }, 503],
    ['a reset', { kind: 'reset' }, 503],
    ['half a reply', { kind: 'truncate' }, 503],
    ['silence', { kind: 'hang' }, 504],
  ])('%s is one', async (_name, behaviour, status) => {
    const service = await startTestService({
      environment: { UPSTREAM_TIMEOUT_MS: behaviour.kind === 'hang' ? '200' : '8000' },
    })
    service.sandbox.behave(behaviour)
    expect(countOf(await mintAtOnce(service, 20), status)).toBe(20)
    const before = asked(service)
    expect(await outcomeOf(service, await service.mint())).toStrictEqual(leftAlone)
    expect(asked(service)).toBe(before)
  })

  it('a connection that is refused is one', async () => {
    const service = await startTestService({ environment: { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' } })
    await mintAtOnce(service, 20)
    expect(await outcomeOf(service, await service.mint())).toStrictEqual(leftAlone)
  })

  it.each<Behaviour>([
    { kind: 'status', status: 400 },
    { kind: 'status', status: 401 },
    { kind: 'status', status: 404 },
    { kind: 'status', status: 429, code: 'insufficient_quota' },
    { kind: 'malformed', variant: 'invalid-json' },
    { kind: 'malformed', variant: 'redirect' },
  ])('%j is none: it is an answer', async (behaviour) => {
    const service = await startTestService()
    service.sandbox.behave(behaviour, 40)
    await mintAtOnce(service, 40)
    expect((await service.mint()).statusCode).toBe(200)
    expect(asked(service)).toBe(41)
  })
})

describe('an upstream that is left alone', () => {
  it('is asked by one mint a second, whether that is answered or not', async () => {
    const service = await startBroken()
    const calls = await inTurn([999, 1, 0, 999, 1, 5_000], async (ms) => {
      pass(ms)
      const before = asked(service)
      await mintAtOnce(service, 30)
      return asked(service) - before
    })
    expect(calls).toStrictEqual([0, 1, 0, 0, 1, 1])
  })

  it('is asked by all again once it has answered one', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'normal' })
    pass(1_000)
    const replies = await mintAtOnce(service, 30)
    expect([countOf(replies, 200), countOf(replies, 503)]).toStrictEqual([1, 29])
    expect(countOf(await mintAtOnce(service, 30), 200)).toBe(30)
    expect(service.logText().match(/upstream answers again/g)).toHaveLength(1)
  })

  it('has answered, too, where it refuses', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'status', status: 401 }, 1)
    pass(1_000)
    expect((await service.mint()).json().error.code).toBe('upstream_misconfigured')
    expect((await service.mint()).statusCode).toBe(200)
  })

  it('begins anew: what failed before does not count', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'normal' }, 1)
    pass(1_000)
    await service.mint()
    service.sandbox.behave(gatewayTimeout, 19)
    await inTurn(Array.from({ length: 19 }), () => service.mint())
    expect((await service.mint()).statusCode).toBe(200)
  })
})

describe('a total failure', () => {
  it('costs upstream next to nothing: 50 requests a second for 12 s', async () => {
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
    // A probe a second, though, for whoever waits for the end of it.
    expect(Math.min(...inTenSeconds)).toBeGreaterThanOrEqual(9)
  })
})
