import { array, assert, boolean, integer, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { Breaker, type Permit } from '../../src/openai/breaker.ts'

interface TestBreaker {
  readonly breaker: Breaker
  readonly clock: { now: number }
  /** Each change, in order: whether it opened. */
  readonly changes: boolean[]
  /** Settles so many calls at once. */
  readonly settle: (failed: number, good?: number) => void
}

function createTestBreaker(): TestBreaker {
  const clock = { now: 1_000_000 }
  const changes: boolean[] = []
  const breaker = new Breaker({ now: () => clock.now, onChange: (open) => changes.push(open) })
  function settle(failed: number, good = 0): void {
    const permits = Array.from({ length: failed + good }, () => breaker.admit())
    for (const [index, permit] of permits.entries()) breaker.settle(permit, index >= good)
  }
  return { breaker, clock, changes, settle }
}

/** The permit, or why there is none. */
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

describe('the breaker', () => {
  it.each([
    [19, 0, false],
    [20, 0, true],
    [10, 10, true],
    [9, 10, false],
    [10, 11, false],
    [50, 51, false],
    [51, 51, true],
    [0, 1000, false],
  ])('after %i failures and %i good calls at once is open: %s', (failed, good, open) => {
    const test = createTestBreaker()
    test.settle(failed, good)
    expect(test.changes).toStrictEqual(open ? [true] : [])
    expect(admit(test)).toBe(open ? 'upstream_breaker_open 1' : 0)
  })

  it('opens too where the good call is the one that makes them twenty', () => {
    const test = createTestBreaker()
    const permits = Array.from({ length: 20 }, () => test.breaker.admit())
    for (const [index, permit] of permits.entries()) test.breaker.settle(permit, index < 10)
    expect(test.changes).toStrictEqual([true])
  })

  it.each([
    [9_900, true],
    [10_000, false],
  ])('counts failures that are %i ms old: %s', (age, counts) => {
    const test = createTestBreaker()
    test.settle(19)
    test.clock.now += age
    test.settle(1)
    expect(test.changes).toStrictEqual(counts ? [true] : [])
  })

  it('lets one call a second through while it is open', () => {
    const test = createTestBreaker()
    test.settle(20)
    const admitted = Array.from({ length: 50 }, () => {
      test.clock.now += 100
      return admit(test)
    })
    expect(admitted.filter((permit) => typeof permit === 'number')).toHaveLength(5)
  })

  it('stays open where the probe fails, and closes where it does not', () => {
    const test = createTestBreaker()
    test.settle(20)
    test.clock.now += 1_000
    test.settle(1)
    expect(test.changes).toStrictEqual([true])
    test.clock.now += 1_000
    test.settle(0, 1)
    expect(test.changes).toStrictEqual([true, false])
    expect([admit(test), admit(test)]).toStrictEqual([2, 2])
  })

  it('probes on though the last probe has no answer yet', () => {
    const test = createTestBreaker()
    test.settle(20)
    test.clock.now += 1_000
    const slow = test.breaker.admit()
    test.clock.now += 1_000
    test.settle(0, 1)
    test.breaker.settle(slow, true)
    expect(test.changes).toStrictEqual([true, false])
  })

  it('begins to count anew when it closes', () => {
    const test = createTestBreaker()
    test.settle(20)
    test.clock.now += 1_000
    test.settle(0, 1)
    test.settle(19)
    expect(test.changes).toStrictEqual([true, false])
  })

  it('is not closed by a call that began before it opened, nor opened by one that began before it closed', () => {
    const test = createTestBreaker()
    const early = Array.from({ length: 30 }, () => test.breaker.admit())
    test.settle(20)
    for (const permit of early.slice(0, 5)) test.breaker.settle(permit, false)
    expect(test.changes).toStrictEqual([true])
    test.clock.now += 1_000
    test.settle(0, 1)
    for (const permit of early.slice(5)) test.breaker.settle(permit, true)
    expect(test.changes).toStrictEqual([true, false])
  })

  it('never lets more than one call a second through to an upstream that always fails, once it is open', () => {
    assert(
      property(array(integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 200 }), (pauses) => {
        const test = createTestBreaker()
        test.settle(20)
        const openedAt = test.clock.now
        let calls = 0
        for (const pause of pauses) {
          test.clock.now += pause
          const permit = admit(test)
          if (typeof permit !== 'number') continue
          calls += 1
          test.breaker.settle(permit, true)
        }
        expect(calls).toBeLessThanOrEqual((test.clock.now - openedAt) / 1_000)
      }),
    )
  })

  it('opens exactly where half or more of twenty or more calls of ten seconds failed', () => {
    const pause = oneof(
      { weight: 9, arbitrary: integer({ min: 0, max: 15 }) },
      integer({ min: 80, max: 250 }),
    )
    const step = record({ slots: pause, failed: boolean() })
    assert(
      property(array(step, { maxLength: 150 }), (steps) => {
        const test = createTestBreaker()
        const seen: { at: number; failed: boolean }[] = []
        for (const { slots, failed } of steps) {
          test.clock.now += slots * 100
          test.breaker.settle(test.breaker.admit(), failed)
          seen.push({ at: test.clock.now, failed })
          const recent = seen.filter(({ at }) => test.clock.now - at < 10_000)
          const failures = recent.filter((call) => call.failed).length
          const shouldOpen = recent.length >= 20 && failures * 2 >= recent.length
          expect(test.changes).toStrictEqual(shouldOpen ? [true] : [])
          if (shouldOpen) return
        }
      }),
    )
  })
})

describe('the cool-down', () => {
  it.each([
    [1, 999, 'upstream_cooling_down 1'],
    [1, 1_000, 0],
    [60, 0, 'upstream_cooling_down 60'],
    [60, 100, 'upstream_cooling_down 60'],
    [60, 59_001, 'upstream_cooling_down 1'],
    [60, 60_000, 0],
  ])('of %i s, %i ms later: %s', (seconds, later, expected) => {
    const test = createTestBreaker()
    test.breaker.coolDown(seconds)
    test.clock.now += later
    expect(admit(test)).toBe(expected)
  })

  it('is not cut short by a shorter one', () => {
    const test = createTestBreaker()
    test.breaker.coolDown(60)
    test.breaker.coolDown(1)
    test.clock.now += 2_000
    expect(admit(test)).toBe('upstream_cooling_down 58')
  })

  it('opens no breaker', () => {
    const test = createTestBreaker()
    test.settle(0, 30)
    test.breaker.coolDown(1)
    expect(test.changes).toStrictEqual([])
  })
})

describe('second calls', () => {
  it.each([
    ['ten in ten seconds where there are few calls', 5, 10],
    ['as many where there are a hundred', 100, 10],
    ['one for every ten calls where there are more', 1_000, 100],
  ])('are %s', (_name, calls, expected) => {
    const test = createTestBreaker()
    test.settle(0, calls)
    expect(take(test, 500)).toBe(expected)
    test.clock.now += 10_000
    expect(take(test, 500)).toBe(10)
  })

  it('are not made while the breaker is open, nor in a cool-down', () => {
    const open = createTestBreaker()
    open.settle(20)
    expect(take(open, 1)).toBe(0)
    const cooling = createTestBreaker()
    cooling.breaker.coolDown(1)
    expect(take(cooling, 1)).toBe(0)
  })

  it('of an upstream that fails wholly keep all calls below 1.1 for each of 50 requests a second', () => {
    const test = createTestBreaker()
    const callsAt: number[] = []
    for (let request = 0; request < 50 * 30; request += 1) {
      test.clock.now += 20
      const permit = admit(test)
      if (typeof permit !== 'number') continue
      callsAt.push(request)
      test.breaker.settle(permit, true)
      if (!test.breaker.takeRetry()) continue
      callsAt.push(request)
      test.breaker.settle(permit, true)
    }
    for (let start = 0; start <= 50 * 20; start += 1) {
      const calls = callsAt.filter((request) => request >= start && request < start + 500).length
      expect(calls / 500).toBeLessThan(1.1)
    }
  })
})
