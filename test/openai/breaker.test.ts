import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { CircuitBreaker, type Permit } from '../../src/openai/breaker.ts'

function createTestBreaker() {
  const clock = { nowMs: 1_000_900 }
  /** True: it opened. */
  const changes: boolean[] = []
  const breaker = new CircuitBreaker({
    monotonicNow: () => clock.nowMs,
    onChange: (open) => changes.push(open),
  })
  /** Settles this many calls. */
  function settle(failed: number, good = 0): void {
    const permits = Array.from({ length: failed + good }, () => breaker.admit())
    for (const [index, permit] of permits.entries()) breaker.settle(permit, index >= good)
  }
  return { breaker, clock, changes, settle }
}

type TestBreaker = ReturnType<typeof createTestBreaker>

/** The permit, or the reason and Retry-After of the refusal. */
function admit({ breaker }: TestBreaker): Permit | string {
  try {
    return breaker.admit()
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return `${error.reason} ${error.retryAfterSeconds}`
  }
}

const take = ({ breaker }: TestBreaker, times: number): number =>
  Array.from({ length: times }, () => breaker.takeRetry()).filter(Boolean).length

describe('the circuit breaker', () => {
  it.each([
    [19, 0, false],
    [20, 0, true],
    [10, 10, true],
    [9, 10, false],
    [10, 11, false],
    [50, 51, false],
    [51, 51, true],
    [0, 1000, false],
  ])('after %i failures and %i successful calls is open: %s', (failed, good, open) => {
    const test = createTestBreaker()
    test.settle(failed, good)
    expect(test.changes).toStrictEqual(open ? [true] : [])
    expect(admit(test)).toBe(open ? 'upstream_breaker_open 1' : 0)
  })

  it.each([
    [9_900, true],
    [10_000, false],
  ])('counts the failures of %i ms ago: %s', (ms, open) => {
    const test = createTestBreaker()
    test.settle(10)
    test.clock.nowMs += ms
    test.settle(0, 20)
    expect(test.changes).toStrictEqual(open ? [true] : [])
  })

  it('counts the last ten seconds of a steady load, and nothing after a time without calls', () => {
    const test = createTestBreaker()
    for (let tick = 0; tick < 300; tick += 1) {
      test.settle(0, 10)
      test.clock.nowMs += 100
    }
    expect(take(test, 500)).toBe(99)
    test.clock.nowMs += 25_000
    test.settle(10)
    expect(test.changes).toStrictEqual([])
  })

  it('sends the next probe before the last one is answered', () => {
    const test = createTestBreaker()
    test.settle(20)
    test.clock.nowMs += 1_000
    const slow = test.breaker.admit()
    test.clock.nowMs += 1_000
    test.settle(0, 1)
    test.breaker.settle(slow, true)
    expect(test.changes).toStrictEqual([true, false])
  })

  it('starts to count from zero when it closes', () => {
    const test = createTestBreaker()
    test.settle(20)
    test.clock.nowMs += 1_000
    test.settle(0, 1)
    test.settle(19)
    expect(test.changes).toStrictEqual([true, false])
    test.clock.nowMs += 10_000
    test.settle(20)
    expect(test.changes).toStrictEqual([true, false, true])
  })

  it('ignores calls that began before it last opened or closed', () => {
    const test = createTestBreaker()
    const early = Array.from({ length: 30 }, () => test.breaker.admit())
    test.settle(20)
    for (const permit of early.slice(0, 5)) test.breaker.settle(permit, false)
    expect(test.changes).toStrictEqual([true])
    test.clock.nowMs += 1_000
    test.settle(0, 1)
    for (const permit of early.slice(5)) test.breaker.settle(permit, true)
    expect(test.changes).toStrictEqual([true, false])
  })
})

describe('the cool-down', () => {
  it('is not shortened by a shorter one', () => {
    const test = createTestBreaker()
    test.breaker.coolDown(60)
    test.breaker.coolDown(1)
    test.clock.nowMs += 2_000
    expect(admit(test)).toBe('upstream_cooling_down 58')
  })
})

describe('retries', () => {
  it.each([
    ['ten in ten seconds if there are few calls', 5, 10],
    ['ten if there are a hundred calls', 100, 10],
    ['one for every ten calls if there are more', 1_000, 100],
  ])('are %s', (_name, calls, expected) => {
    const test = createTestBreaker()
    test.settle(0, calls)
    expect(take(test, 500)).toBe(expected)
    test.clock.nowMs += 10_000
    expect(take(test, 500)).toBe(10)
  })

  it('are not made while the circuit breaker is open or in a cool-down', () => {
    const open = createTestBreaker()
    open.settle(20)
    expect(take(open, 1)).toBe(0)
    const cooling = createTestBreaker()
    cooling.breaker.coolDown(1)
    expect(take(cooling, 1)).toBe(0)
  })
})
