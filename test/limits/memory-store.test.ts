import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/limits/memory-store.ts'
import type { LimitRule } from '../../src/limits/rules.ts'

/** A store whose clock stands where it is put. */
function createStore(rules: readonly LimitRule[], maxKeys = 10) {
  let now = 0
  const store = new MemoryStore({ rules, now: () => now, maxKeys })
  return {
    /** Whether a request at this time is admitted; undefined where there is no room. */
    at: (ms: number, key = 'a') => {
      now = ms
      return store.admit(key)?.admitted
    },
    verdictAt: (ms: number, key = 'a') => {
      now = ms
      return store.admit(key)
    },
  }
}

const perSecond = (limit: number): LimitRule => ({ limit, windowMs: 1_000 })
const perMinute = (limit: number): LimitRule => ({ limit, windowMs: 60_000 })

describe('a limit', () => {
  it('admits as many as it says, and no more', () => {
    const { at } = createStore([perSecond(3)])
    expect([at(0), at(0), at(0), at(0), at(999)]).toEqual([true, true, true, false, false])
  })

  it('slides: each admission comes free a window after it was used', () => {
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

  it('does not admit twice as many around the turn of a window', () => {
    const { at } = createStore([perSecond(2)])
    expect([at(990), at(999), at(1_000), at(1_001), at(1_989)]).toEqual([true, true, false, false, false])
  })

  it('is whole again after a quiet window', () => {
    const { at } = createStore([perSecond(2)])
    expect([at(0), at(1), at(1_001), at(1_001), at(1_001)]).toEqual([true, true, true, true, false])
  })

  it('is not used up by refusals', () => {
    const { at } = createStore([perSecond(1)])
    expect([at(0), at(500), at(999), at(1_000)]).toEqual([true, false, false, true])
  })

  it('counts each key by itself', () => {
    const { at } = createStore([perSecond(1)])
    expect([at(0, 'a'), at(0, 'b'), at(0, 'a'), at(0, 'b')]).toEqual([true, true, false, false])
  })

  it('of several rules keeps all', () => {
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

  it('of several rules does not depend on their order', () => {
    const { at } = createStore([perMinute(3), perSecond(2)])
    expect([at(0), at(0), at(0), at(1_000), at(2_000)]).toEqual([true, true, false, true, false])
  })
})

describe('a verdict', () => {
  it('tells what is left, and when the oldest admission comes free', () => {
    const { verdictAt } = createStore([perSecond(2)])
    expect(verdictAt(100)).toEqual({ admitted: true, remaining: 1, resetMs: 1_000 })
    expect(verdictAt(300)).toEqual({ admitted: true, remaining: 0, resetMs: 800 })
    expect(verdictAt(400)).toEqual({ admitted: false, remaining: 0, resetMs: 700 })
  })

  it('speaks of the rule that leaves least', () => {
    const { verdictAt } = createStore([perSecond(9), perMinute(2)])
    expect(verdictAt(0)).toEqual({ admitted: true, remaining: 1, resetMs: 60_000 })
    expect(verdictAt(5_000)).toEqual({ admitted: true, remaining: 0, resetMs: 55_000 })
  })

  it.each([
    ['the longer window first', [perMinute(2), perSecond(2)]],
    ['the shorter window first', [perSecond(2), perMinute(2)]],
  ])('of a refusal tells when all rules admit again, %s', (_, rules) => {
    const { at, verdictAt } = createStore(rules)
    at(0)
    at(0)
    const refused = verdictAt(500)
    expect(refused).toEqual({ admitted: false, remaining: 0, resetMs: 59_500 })
  })

  it('never asks to wait for longer than the window, on a clock with fractions', () => {
    const { verdictAt } = createStore([perSecond(1)])
    const waits = Array.from(
      { length: 1_000 },
      (_, index) => verdictAt((index + 1) * 1_234.567_89)?.resetMs ?? 0,
    )
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  })
})

describe('a full store', () => {
  it('forgets the unblocked key that was quiet for longest', () => {
    const { at } = createStore([perSecond(2)], 2)
    expect([at(0, 'a'), at(1, 'b'), at(2, 'c')]).toEqual([true, true, true])
    expect([at(3, 'b'), at(3, 'b')]).toEqual([true, false])
    expect([at(4, 'a'), at(4, 'a'), at(4, 'a')]).toEqual([true, true, false])
  })

  it('forgets no blocked key for an unblocked one', () => {
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

  it('has no room where all keys are blocked', () => {
    const { at } = createStore([perSecond(1)], 2)
    expect([at(0, 'a'), at(0, 'b'), at(1, 'c')]).toEqual([true, true, undefined])
    expect([at(2, 'a'), at(2, 'b')]).toEqual([false, false])
  })

  it('has room again when one of them is blocked no more', () => {
    const { at } = createStore([perSecond(1)], 2)
    expect([at(0, 'a'), at(500, 'b'), at(999, 'c'), at(1_000, 'c'), at(1_001, 'a')]).toEqual([
      true,
      true,
      undefined,
      true,
      undefined,
    ])
  })

  it('always has room for a key that it knows', () => {
    const { at } = createStore([perSecond(2)], 1)
    expect([at(0), at(1), at(2), at(1_000)]).toEqual([true, true, false, true])
  })

  it('keeps its bound: of many keys it remembers the newest', () => {
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
