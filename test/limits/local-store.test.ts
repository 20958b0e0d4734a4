import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { LimitRule } from '../../src/limits/rules.ts'
import type { Counter } from '../../src/limits/store.ts'

const toCounters = (rules: readonly LimitRule[], key: string): readonly Counter[] =>
  rules.map((rule) => ({ ...rule, key: `${key}/${rule.windowMs}`, level: 'only' }))

/** A store with a manual clock. */
function createStore(rules: readonly LimitRule[], maxLogs = 10) {
  let now = 0
  const store = new LocalStore({ monotonicNow: () => now, maxLogs })
  /** Undefined without room. */
  function decisionAt(ms: number, key = 'a') {
    now = ms
    try {
      return store.take(toCounters(rules, key))
    } catch (error) {
      if (error instanceof ServiceError && error.reason === 'limiter_full') return undefined
      throw error
    }
  }
  return { store, decisionAt, at: (ms: number, key = 'a') => decisionAt(ms, key)?.admitted }
}

const perSecond = (limit: number): LimitRule => ({ limit, windowMs: 1_000 })
const perMinute = (limit: number): LimitRule => ({ limit, windowMs: 60_000 })

describe('a limit', () => {
  it('admits exactly its number of requests', () => {
    const { at } = createStore([perSecond(3)])
    expect([at(0), at(0), at(0), at(0), at(999)]).toEqual([true, true, true, false, false])
  })

  it('frees each admission one window later', () => {
    const { at } = createStore([perSecond(2)])
    expect([at(0), at(600), at(999), at(1_000), at(1_599), at(1_600)]).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ])
  })

  it('does not admit twice its number around the edge of a fixed window', () => {
    const { at } = createStore([perSecond(2)])
    expect([at(990), at(999), at(1_000), at(1_001), at(1_989)]).toEqual([true, true, false, false, false])
  })

  it('is free again after a quiet window', () => {
    const { at } = createStore([perSecond(2)])
    expect([at(0), at(1), at(1_001), at(1_001), at(1_001)]).toEqual([true, true, true, true, false])
  })

  it('does not count refusals', () => {
    const { at } = createStore([perSecond(1)])
    expect([at(0), at(500), at(999), at(1_000)]).toEqual([true, false, false, true])
  })

  it('counts each key separately', () => {
    const { at } = createStore([perSecond(1)])
    expect([at(0, 'a'), at(0, 'b'), at(0, 'a'), at(0, 'b')]).toEqual([true, true, false, false])
  })

  it('enforces each of several rules', () => {
    const { at } = createStore([perSecond(2), perMinute(3)])
    expect([at(0), at(0), at(0), at(1_000), at(2_000), at(59_999), at(60_000)]).toEqual([
      true,
      true,
      false,
      true,
      false,
      false,
      true,
    ])
  })

  it('does not depend on the order of its rules', () => {
    const { at } = createStore([perMinute(3), perSecond(2)])
    expect([at(0), at(0), at(0), at(1_000), at(2_000)]).toEqual([true, true, false, true, false])
  })
})

const decision = (
  admitted: boolean,
  ...usages: readonly (readonly [remaining: number, resetMs: number])[]
) => ({
  admitted,
  usages: usages.map(([remaining, resetMs]) => ({ remaining, resetMs })),
})

describe('a decision', () => {
  it('includes the remaining requests and when the oldest admission expires', () => {
    const { decisionAt } = createStore([perSecond(2)])
    expect(decisionAt(100)).toEqual(decision(true, [1, 1_000]))
    expect(decisionAt(300)).toEqual(decision(true, [0, 800]))
    expect(decisionAt(400)).toEqual(decision(false, [0, 700]))
  })

  it('includes the usage of each rule, also if another one refuses', () => {
    const { decisionAt } = createStore([perSecond(9), perMinute(2)])
    expect(decisionAt(0)).toEqual(decision(true, [8, 1_000], [1, 60_000]))
    expect(decisionAt(5_000)).toEqual(decision(true, [8, 1_000], [0, 55_000]))
    expect(decisionAt(5_500)).toEqual(decision(false, [8, 500], [0, 54_500]))
  })

  it('never includes a wait longer than the window, with fractions of milliseconds', () => {
    const { decisionAt } = createStore([perSecond(1)])
    const waits = Array.from(
      { length: 1_000 },
      (_, index) => decisionAt((index + 1) * 1_234.567_89)?.usages[0]?.resetMs ?? 0,
    )
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  })
})

describe('a large limit', () => {
  const perDay: LimitRule = { limit: 100_000, windowMs: 86_400_000 }

  it('admits every request up to the limit', () => {
    const { store } = createStore([])
    const counters = toCounters([perDay], 'a')
    for (let used = 0; used < perDay.limit; used += 1) expect(store.take(counters).admitted).toBe(true)
    expect(store.take(counters).admitted).toBe(false)
  })

  it('is free again at most 1/64 of the window late, and never early', () => {
    const { at, decisionAt } = createStore([{ limit: 100, windowMs: 64_000 }])
    for (let used = 0; used < 100; used += 1) at(used * 10)
    expect(decisionAt(63_999)).toMatchObject({ admitted: false })
    expect(decisionAt(64_000 + 1_000)).toMatchObject({ admitted: true, usages: [{ remaining: 99 }] })
  })
})

describe('several counters', () => {
  const [one, other] = toCounters([perSecond(1), perMinute(2)], 'a')
  if (one === undefined || other === undefined) throw new Error('counters are missing')

  it('count nothing if one of them refuses', () => {
    const { store } = createStore([])
    store.take([one])
    expect(store.take([other, one])).toMatchObject({ admitted: false, usages: [{ remaining: 2 }, {}] })
    expect(store.peek([other]).usages).toEqual([{ remaining: 2, resetMs: 0 }])
  })

  it('count nothing if one of them has no room', () => {
    const { store } = createStore([], 1)
    store.take([one])
    const elsewhere = { ...other, level: 'elsewhere' }
    expect(() => store.take([elsewhere, { ...one, key: 'b' }])).toThrow('Limits cannot be checked')
    expect(store.peek([elsewhere]).usages).toEqual([{ remaining: 2, resetMs: 0 }])
  })

  it('compete for room only within their level', () => {
    const { store } = createStore([], 1)
    store.take([one])
    for (let key = 0; key < 100; key += 1) store.take([{ ...other, key: `${key}`, level: 'elsewhere' }])
    expect(store.peek([one]).admitted).toBe(false)
  })
})

describe('a decision of another store', () => {
  const [counter] = toCounters([perSecond(2)], 'a')
  if (counter === undefined) throw new Error('the counter is missing')

  it('counts like an own one if it admits', () => {
    const { store, at } = createStore([perSecond(2)])
    store.noteAdmission([counter], 0)
    expect([at(10), at(20), at(999), at(1_000)]).toEqual([true, false, false, true])
  })

  it('is repeated until it ends if it refuses', () => {
    const { store, at } = createStore([perSecond(2)])
    store.noteRefusal([counter], [{ remaining: 0, resetMs: 300 }], 0)
    expect([at(0), at(298), at(299), at(299), at(299)]).toEqual([false, false, true, true, false])
  })

  it('does not block a counter that did not refuse', () => {
    const { store, at } = createStore([perSecond(2)])
    store.noteRefusal([counter], [{ remaining: 1, resetMs: 300 }], 0)
    expect(at(0)).toBe(true)
  })

  it('is discarded without room', () => {
    const { store, at } = createStore([perSecond(1)], 1)
    at(0)
    store.noteAdmission([{ ...counter, key: 'b' }], 0)
    store.noteRefusal([{ ...counter, key: 'b' }], [{ remaining: 0, resetMs: 300 }], 0)
    expect(at(1)).toBe(false)
  })
})

describe('a full store', () => {
  it('evicts the unblocked key with the oldest look', () => {
    const { at } = createStore([perSecond(2)], 2)
    expect([at(0, 'a'), at(1, 'b'), at(2, 'c')]).toEqual([true, true, true])
    expect([at(3, 'b'), at(3, 'b')]).toEqual([true, false])
    expect([at(4, 'a'), at(4, 'a'), at(4, 'a')]).toEqual([true, true, false])
  })

  it('never evicts a blocked key if an unblocked one exists', () => {
    const { at } = createStore([perSecond(2)], 2)
    expect([at(0, 'a'), at(0, 'a'), at(1, 'b'), at(2, 'c'), at(3, 'd')]).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
    expect(at(4, 'a')).toBe(false)
  })

  it('has no room if all keys are blocked', () => {
    const { at } = createStore([perSecond(1)], 2)
    expect([at(0, 'a'), at(0, 'b'), at(1, 'c')]).toEqual([true, true, undefined])
    expect([at(2, 'a'), at(2, 'b')]).toEqual([false, false])
  })

  it('has room again when one of them unblocks', () => {
    const { at } = createStore([perSecond(1)], 2)
    expect([at(0, 'a'), at(500, 'b'), at(999, 'c'), at(1_000, 'c'), at(1_001, 'a')]).toEqual([
      true,
      true,
      undefined,
      true,
      undefined,
    ])
  })

  it('finds an unblocked key behind blocked ones', () => {
    const { store, at } = createStore([perSecond(1)], 20)
    for (let key = 0; key < 19; key += 1) store.take(toCounters([perMinute(1)], `m${key}`))
    at(0, 'a')
    const soon = Array.from({ length: 3 }, (_, later) => at(1_000 + later, 'b'))
    expect(soon.at(-1)).toBe(true)
  })

  it('always has room for a known key', () => {
    const { at } = createStore([perSecond(2)], 1)
    expect([at(0), at(1), at(2), at(1_000)]).toEqual([true, true, false, true])
  })

  it('keeps its bound, and the newest keys', () => {
    const { at } = createStore([perSecond(2)], 100)
    for (let key = 0; key < 10_000; key += 1) at(0, String(key))
    const exhausted = Array.from({ length: 200 }, (_, index) => [
      at(1, String(9_999 - index)),
      at(1, String(9_999 - index)),
    ])
    expect(exhausted.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => [true, false]))
    expect(exhausted.slice(100)).toEqual(Array.from({ length: 100 }, () => [undefined, undefined]))
  })
})
