import { array, assert, double, integer, nat, pre, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryStore } from '../../src/limits/memory-store.ts'
import type { LimitRule } from '../../src/limits/rules.ts'

interface Step {
  readonly afterMs: number
  readonly key: number
}

const rules = array(record({ limit: integer({ min: 1, max: 5 }), windowMs: integer({ min: 1, max: 40 }) }), {
  minLength: 1,
  maxLength: 3,
})

const steps = (keys: number) =>
  array(record({ afterMs: integer({ min: 0, max: 12 }), key: integer({ min: 0, max: keys - 1 }) }), {
    maxLength: 120,
  })

/** What is admitted, by keeping every admission and counting them all each time. */
class NaiveLog {
  readonly #rules: readonly LimitRule[]
  readonly #times: number[] = []

  constructor(wanted: readonly LimitRule[]) {
    this.#rules = wanted
  }

  remainingAt(now: number): number {
    const used = (windowMs: number): number => this.#times.filter((time) => time > now - windowMs).length
    return Math.min(...this.#rules.map(({ limit, windowMs }) => limit - used(windowMs)))
  }

  admit(now: number): boolean {
    const admitted = this.remainingAt(now) > 0
    if (admitted) this.#times.push(now)
    return admitted
  }

  get times(): readonly number[] {
    return this.#times
  }
}

/** Walks a store and one naive log per key through the same steps. */
function walk(wanted: readonly LimitRule[], maxKeys: number, path: readonly Step[]) {
  let now = 0
  const store = new MemoryStore({ rules: wanted, now: () => now, maxKeys })
  const logs = new Map<number, NaiveLog>()
  return path.map(({ afterMs, key }) => {
    now += afterMs
    const log = logs.get(key) ?? new NaiveLog(wanted)
    logs.set(key, log)
    const verdict = store.admit(String(key))
    const admitted = log.admit(now)
    return { now, verdict, admitted, remaining: log.remainingAt(now), times: [...log.times] }
  })
}

const settings = { seed: 20_261_122, numRuns: 400 } as const

it('a store with room for all keys decides as a log of everything would', () => {
  assert(
    property(rules, steps(4), (wanted, path) => {
      for (const { verdict, admitted, remaining } of walk(wanted, 4, path)) {
        expect(verdict).toMatchObject({ admitted, remaining })
      }
    }),
    settings,
  )
})

it('in no window are more admitted than the limit', () => {
  assert(
    property(rules, steps(1), (wanted, path) => {
      const admissions = walk(wanted, 1, path).flatMap(({ now, verdict }) =>
        verdict?.admitted === true ? [now] : [],
      )
      for (const { limit, windowMs } of wanted) {
        for (const start of admissions) {
          const within = admissions.filter((time) => time >= start && time < start + windowMs)
          expect(within.length).toBeLessThanOrEqual(limit)
        }
      }
    }),
    settings,
  )
})

it('under one rule a refusal tells the first moment at which a request is admitted', () => {
  assert(
    property(rules, steps(2), ([rule], path) => {
      pre(rule !== undefined)
      for (const { now, verdict, times } of walk([rule], 2, path)) {
        if (verdict === undefined || verdict.admitted) continue
        const freed = (times[times.length - rule.limit] ?? now) + rule.windowMs
        expect(verdict.resetMs).toBe(freed - now)
      }
    }),
    settings,
  )
})

it('a blocked key stays blocked for as long as it was told, whoever else comes', () => {
  const others = array(record({ after: double({ min: 0, max: 0.99, noNaN: true }), key: nat(50) }), {
    maxLength: 60,
  })
  assert(
    property(integer({ min: 1, max: 4 }), integer({ min: 1, max: 5 }), others, (limit, maxKeys, crowd) => {
      let now = 0
      const windowMs = 1_000
      const store = new MemoryStore({ rules: [{ limit, windowMs }], now: () => now, maxKeys })
      for (let used = 0; used < limit; used += 1) store.admit('mine')
      for (const { after, key } of crowd.toSorted((one, other) => one.after - other.after)) {
        now = after * windowMs
        store.admit(`other ${key}`)
        expect(store.admit('mine')?.admitted).toBe(false)
      }
      now = windowMs
      expect(store.admit('mine')?.admitted).toBe(true)
    }),
    settings,
  )
})
