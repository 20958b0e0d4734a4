import { array, assert, double, integer, nat, oneof, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { Counter, Decision } from '../../src/limits/store.ts'
import {
  chosenOf,
  largeRule,
  NaiveLog,
  type Step,
  smallRule,
  steps,
  toCounters,
  toExpected,
} from './naive-log.ts'

const settings = { seed: 20_261_122, numRuns: 300 } as const

interface Seen {
  readonly now: number
  readonly counters: readonly Counter[]
  readonly decision: Decision
  readonly expected: boolean | undefined
  /** The admissions of each counter after this step. */
  readonly logs: readonly NaiveLog[]
}

/** Ignores a full store. */
function takeOrNot(store: LocalStore, counter: Counter): void {
  try {
    store.take([counter])
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
  }
}

/** Sends the same steps to a store with enough room and to naive logs. */
function* walk(all: readonly Counter[], path: readonly Step[]): Generator<Seen> {
  let now = 0
  const store = new LocalStore({ monotonicNow: () => now })
  const logs = new Map(all.map(({ key }) => [key, new NaiveLog()]))
  const logOf = ({ key }: Counter): NaiveLog => logs.get(key) ?? new NaiveLog()
  for (const step of path) {
    now += step.afterMs
    const counters = chosenOf(all, step)
    const expected = toExpected(counters, logOf, now)
    const decision = store.take(counters)
    if (decision.admitted) for (const counter of counters) logOf(counter).times.push(now)
    yield { now, counters, decision, expected, logs: counters.map(logOf) }
  }
}

it('a store decides like the reference, for all counters or for none', () => {
  assert(
    property(array(smallRule, { minLength: 1, maxLength: 3 }), steps(3, 120), (rules, path) => {
      for (const { now, counters, decision, expected, logs } of walk(toCounters(rules), path)) {
        expect(decision.admitted).toBe(expected ?? decision.admitted)
        const remaining = counters.map(({ limit, windowMs }, index) =>
          Math.max(0, limit - (logs[index]?.usedAt(now, windowMs) ?? 0)),
        )
        expect(decision.usages.map((usage) => usage.remaining)).toEqual(remaining)
      }
    }),
    settings,
  )
})

it('a store does so with large limits, except where rounding allows both', () => {
  assert(
    property(array(largeRule, { minLength: 1, maxLength: 2 }), steps(2, 600, 4), (rules, path) => {
      for (const { decision, expected } of walk(toCounters(rules), path)) {
        expect(decision.admitted).toBe(expected ?? decision.admitted)
      }
    }),
    { ...settings, numRuns: 60, endOnFailure: true },
  )
})

it('no window has more admissions than the limit', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 400, 4), ({ limit, windowMs }, path) => {
      const seen = [...walk(toCounters([{ limit, windowMs }]), path)]
      const times = seen.flatMap(({ now, decision }) => (decision.admitted ? [now] : []))
      const isBetween = (start: number) => (time: number) => time >= start && time < start + windowMs
      for (const start of times) expect(times.filter(isBetween(start)).length).toBeLessThanOrEqual(limit)
    }),
    settings,
  )
})

it('the whole limit is free after a quiet window', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 200, 4), (rule, path) => {
      const quiet = { afterMs: rule.windowMs, chosen: 1 }
      const burst = Array.from({ length: rule.limit - 1 }, () => ({ afterMs: 0, chosen: 1 }))
      const [counter] = toCounters([rule])
      if (counter === undefined) throw new Error('the counter is missing')
      const seen = [...walk([counter], [...path, quiet, ...burst])]
      const last = seen.slice(-rule.limit)
      expect(last.every(({ decision }) => decision.admitted)).toBe(true)
    }),
    settings,
  )
})

it('a refusal includes the first moment that admits a request', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 200, 4), (rule, path) => {
      let now = 0
      const store = new LocalStore({ monotonicNow: () => now })
      const counters = toCounters([rule])
      for (const { afterMs } of path) {
        now += afterMs
        const { admitted, usages } = store.take(counters)
        if (admitted) continue
        const { resetMs = 0 } = usages[0] ?? {}
        now += resetMs - 1
        expect(store.peek(counters).admitted).toBe(false)
        now += 1
        expect(store.peek(counters).admitted).toBe(true)
      }
    }),
    settings,
  )
})

it('a blocked key stays blocked for the announced time, whatever other keys arrive', () => {
  const others = array(record({ after: double({ min: 0, max: 0.99, noNaN: true }), key: nat(50) }), {
    maxLength: 60,
    size: 'max',
  })
  assert(
    property(integer({ min: 1, max: 4 }), integer({ min: 1, max: 5 }), others, (limit, maxLogs, crowd) => {
      let now = 0
      const windowMs = 1_000
      const store = new LocalStore({ monotonicNow: () => now, maxLogs })
      const counter = (key: string): Counter => ({ key, level: 'only', limit, windowMs })
      for (let used = 0; used < limit; used += 1) store.take([counter('mine')])
      for (const { after, key } of crowd.toSorted((one, other) => one.after - other.after)) {
        now = after * windowMs
        takeOrNot(store, counter(`other ${key}`))
        expect(store.take([counter('mine')]).admitted).toBe(false)
      }
      now = windowMs
      expect(store.take([counter('mine')]).admitted).toBe(true)
    }),
    settings,
  )
})
