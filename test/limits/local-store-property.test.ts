import { array, assert, double, integer, nat, oneof, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { Claim, Verdict } from '../../src/limits/store.ts'
import {
  chosenOf,
  largeRule,
  NaiveLog,
  type Step,
  smallRule,
  steps,
  toClaims,
  toExpected,
} from './naive-log.ts'

const settings = { seed: 20_261_122, numRuns: 300 } as const

interface Seen {
  readonly now: number
  readonly claims: readonly Claim[]
  readonly verdict: Verdict
  readonly expected: boolean | undefined
  /** Of each claim, the admissions after this step. */
  readonly logs: readonly NaiveLog[]
}

/** A full store says so by an error. */
function takeOrNot(store: LocalStore, claim: Claim): void {
  try {
    store.take([claim])
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
  }
}

/** Walks a store with room for all and naive logs through the same steps. */
function* walk(all: readonly Claim[], path: readonly Step[]): Generator<Seen> {
  let now = 0
  const store = new LocalStore({ now: () => now })
  const logs = new Map(all.map(({ key }) => [key, new NaiveLog()]))
  const logOf = ({ key }: Claim): NaiveLog => logs.get(key) ?? new NaiveLog()
  for (const step of path) {
    now += step.afterMs
    const claims = chosenOf(all, step)
    const expected = toExpected(claims, logOf, now)
    const verdict = store.take(claims)
    if (verdict.admitted) for (const claim of claims) logOf(claim).times.push(now)
    yield { now, claims, verdict, expected, logs: claims.map(logOf) }
  }
}

it('a store decides as a log of everything would, for all claims or for none', () => {
  assert(
    property(array(smallRule, { minLength: 1, maxLength: 3 }), steps(3, 120), (rules, path) => {
      for (const { now, claims, verdict, expected, logs } of walk(toClaims(rules), path)) {
        expect(verdict.admitted).toBe(expected ?? verdict.admitted)
        const remaining = claims.map(({ limit, windowMs }, index) =>
          Math.max(0, limit - (logs[index]?.usedAt(now, windowMs) ?? 0)),
        )
        expect(verdict.standings.map((standing) => standing.remaining)).toEqual(remaining)
      }
    }),
    settings,
  )
})

it('under large limits too, but for what rounding leaves open', () => {
  assert(
    property(array(largeRule, { minLength: 1, maxLength: 2 }), steps(2, 600, 4), (rules, path) => {
      for (const { verdict, expected } of walk(toClaims(rules), path)) {
        expect(verdict.admitted).toBe(expected ?? verdict.admitted)
      }
    }),
    { ...settings, numRuns: 60, endOnFailure: true },
  )
})

it('in no window are more admitted than the limit', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 400, 4), ({ limit, windowMs }, path) => {
      const seen = [...walk(toClaims([{ limit, windowMs }]), path)]
      const times = seen.flatMap(({ now, verdict }) => (verdict.admitted ? [now] : []))
      const isBetween = (start: number) => (time: number) => time >= start && time < start + windowMs
      for (const start of times) expect(times.filter(isBetween(start)).length).toBeLessThanOrEqual(limit)
    }),
    settings,
  )
})

it('after a quiet window the whole limit is admitted', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 200, 4), (rule, path) => {
      const quiet = { afterMs: rule.windowMs, chosen: 1 }
      const burst = Array.from({ length: rule.limit - 1 }, () => ({ afterMs: 0, chosen: 1 }))
      const [claim] = toClaims([rule])
      if (claim === undefined) throw new Error('there is no claim')
      const seen = [...walk([claim], [...path, quiet, ...burst])]
      const last = seen.slice(-rule.limit)
      expect(last.every(({ verdict }) => verdict.admitted)).toBe(true)
    }),
    settings,
  )
})

it('a refusal tells the first moment at which a request is admitted', () => {
  assert(
    property(oneof(smallRule, largeRule), steps(1, 200, 4), (rule, path) => {
      let now = 0
      const store = new LocalStore({ now: () => now })
      const claims = toClaims([rule])
      for (const { afterMs } of path) {
        now += afterMs
        const { admitted, standings } = store.take(claims)
        if (admitted) continue
        const { resetMs = 0 } = standings[0] ?? {}
        now += resetMs - 1
        expect(store.judge(claims).admitted).toBe(false)
        now += 1
        expect(store.judge(claims).admitted).toBe(true)
      }
    }),
    settings,
  )
})

it('a blocked key stays blocked for as long as it was told, whoever else comes', () => {
  const others = array(record({ after: double({ min: 0, max: 0.99, noNaN: true }), key: nat(50) }), {
    maxLength: 60,
    size: 'max',
  })
  assert(
    property(integer({ min: 1, max: 4 }), integer({ min: 1, max: 5 }), others, (limit, maxLogs, crowd) => {
      let now = 0
      const windowMs = 1_000
      const store = new LocalStore({ now: () => now, maxLogs })
      const claim = (key: string): Claim => ({ key, level: 'only', limit, windowMs })
      for (let used = 0; used < limit; used += 1) store.take([claim('mine')])
      for (const { after, key } of crowd.toSorted((one, other) => one.after - other.after)) {
        now = after * windowMs
        takeOrNot(store, claim(`other ${key}`))
        expect(store.take([claim('mine')]).admitted).toBe(false)
      }
      now = windowMs
      expect(store.take([claim('mine')]).admitted).toBe(true)
    }),
    settings,
  )
})
