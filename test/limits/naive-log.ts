/** The reference for all stores keeps every admission and counts all of them each time. */
import { array, assert, asyncProperty, integer, oneof, record } from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_ENTRIES, toGrainMs } from '../../src/limits/admission-log.ts'
import type { LimitRule } from '../../src/limits/rules.ts'
import type { Counter } from '../../src/limits/store.ts'

class NaiveLog {
  readonly times: number[] = []

  usedAt(now: number, windowMs: number): number {
    return this.times.filter((time) => time > now - windowMs && time <= now).length
  }
}

/** Rules with an entry per admission, and windows that are short in comparison with a walk. */
const smallRule = record({
  limit: integer({ min: 1, max: 5 }),
  windowMs: integer({ min: 1, max: 40 }),
})

/** Rules whose admissions share entries. */
const largeRule = record({
  limit: integer({ min: MAX_ENTRIES + 1, max: MAX_ENTRIES + 20 }),
  windowMs: integer({ min: MAX_ENTRIES, max: 4 * MAX_ENTRIES }),
})

export const anyRule = oneof(smallRule, largeRule)

export interface Step {
  readonly afterMs: number
  /** Which counters the request needs: one bit each. */
  readonly chosen: number
}

export const steps = (counters: number, maxLength: number, maxAfterMs = 12) =>
  array(
    record({
      afterMs: integer({ min: 0, max: maxAfterMs }),
      chosen: integer({ min: 1, max: 2 ** counters - 1 }),
    }),
    // The default size makes short lists, whatever the maximum.
    { maxLength, size: 'max' },
  )

export const toCounters = (rules: readonly LimitRule[], prefix = ''): readonly Counter[] =>
  rules.map((rule, index) => ({ ...rule, key: `${prefix}${index}`, level: 'only', isOfMint: true }))

/** One request, at a time since the start of the walk. */
export interface Asked {
  readonly counters: readonly Counter[]
  readonly ms: number
}

/** How a store decided, and what each counter had used afterwards. */
export interface Answer {
  readonly admitted: boolean
  readonly used: readonly number[]
}

/** Whether a store must admit the request. Undefined if rounding allows both. */
function toExpected({ counters, ms }: Asked, logOf: (counter: Counter) => NaiveLog): boolean | undefined {
  const haveRoom = (graceOf: (counter: Counter) => number): boolean =>
    counters.every((one) => logOf(one).usedAt(ms, one.windowMs + graceOf(one)) < one.limit)
  if (!haveRoom(() => 0)) return false
  return haveRoom(toGrainMs) ? true : undefined
}

export function toAsked(all: readonly Counter[], path: readonly Step[]): readonly Asked[] {
  let ms = 0
  return path.map(({ afterMs, chosen }) => {
    ms += afterMs
    return { ms, counters: all.filter((_, index) => (chosen & (1 << index)) !== 0) }
  })
}

/** Compares a store's answers with the reference, whose log notes what the store admits. */
function expectReference(all: readonly Counter[], asked: readonly Asked[], answers: readonly Answer[]): void {
  const logs = new Map(all.map(({ key }) => [key, new NaiveLog()]))
  const logOf = ({ key }: Counter): NaiveLog => logs.get(key) ?? new NaiveLog()
  for (const [index, one] of asked.entries()) {
    const { admitted, used } = answers[index] ?? { admitted: false, used: [] }
    expect(admitted).toBe(toExpected(one, logOf) ?? admitted)
    if (admitted) for (const counter of one.counters) logOf(counter).times.push(one.ms)
    const isExact = one.counters.every(({ limit }) => limit <= MAX_ENTRIES)
    const expected = one.counters.map((counter) => logOf(counter).usedAt(one.ms, counter.windowMs))
    expect(isExact ? used : expected).toEqual(expected)
  }
}

/** The properties of every store. `askAll` starts without data for these counters. */
export function itDecidesLikeTheReference(
  askAll: (asked: readonly Asked[]) => Promise<readonly Answer[]>,
  numRuns: number,
  prefix: () => string = () => '',
): void {
  const settings = { seed: 20_261_122, numRuns } as const

  it.each([
    ['', smallRule, steps(3, 120), 3, numRuns],
    [' with large limits, except where rounding allows both', largeRule, steps(2, 500, 4), 2, numRuns / 5],
  ])(
    'decides like the reference, for all counters or for none%s',
    async (_, rule, paths, maxLength, runs) => {
      await assert(
        asyncProperty(array(rule, { minLength: 1, maxLength }), paths, async (rules, path) => {
          const counters = toCounters(rules, prefix())
          const asked = toAsked(counters, path)
          expectReference(counters, asked, await askAll(asked))
        }),
        { ...settings, numRuns: runs, endOnFailure: true },
      )
    },
  )

  it('admits exactly the limit after a quiet window', async () => {
    await assert(
      asyncProperty(anyRule, steps(1, 200, 4), async (rule, path) => {
        const quiet = { afterMs: rule.windowMs, chosen: 1 }
        const burst = Array.from({ length: rule.limit }, () => ({ afterMs: 0, chosen: 1 }))
        const answers = await askAll(toAsked(toCounters([rule], prefix()), [...path, quiet, ...burst]))
        const last = answers.slice(-rule.limit - 1).map(({ admitted }) => admitted)
        expect(last).toEqual([...burst.map(() => true), false])
      }),
      settings,
    )
  })

  it('admits at most the limit in any window', async () => {
    await assert(
      asyncProperty(anyRule, steps(1, 400, 4), async (rule, path) => {
        const asked = toAsked(toCounters([rule], prefix()), path)
        const answers = await askAll(asked)
        const times = asked.flatMap(({ ms }, index) => (answers[index]?.admitted === true ? [ms] : []))
        for (const start of times) {
          const within = times.filter((time) => time >= start && time < start + rule.windowMs)
          expect(within.length).toBeLessThanOrEqual(rule.limit)
        }
      }),
      settings,
    )
  })
}
