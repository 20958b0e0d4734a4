import { array, assert, double, integer, nat, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { Counter } from '../../src/limits/store.ts'
import {
  type Answer,
  type Asked,
  anyRule,
  itDecidesLikeTheReference,
  steps,
  toCounters,
} from './naive-log.ts'

const settings = { seed: 20_261_122, numRuns: 300 } as const

/** Sends the requests to a store with enough room. */
async function askAll(asked: readonly Asked[]): Promise<readonly Answer[]> {
  let now = 0
  const store = new LocalStore({ monotonicNow: () => now })
  return asked.map(({ ms, counters }) => {
    now = ms
    const { admitted, usages } = store.take(counters)
    return { admitted, used: counters.map(({ limit }, index) => limit - (usages[index]?.remaining ?? 0)) }
  })
}

/** Ignores a full store. */
function takeOrNot(store: LocalStore, counter: Counter): void {
  try {
    store.take([counter])
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
  }
}

describe('the local store', () => {
  itDecidesLikeTheReference(askAll, settings.numRuns)

  it('refuses until the first moment that admits a request', () => {
    assert(
      property(anyRule, steps(1, 200, 4), (rule, path) => {
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

  it('keeps a key blocked for the announced time, whatever other keys arrive', () => {
    const others = array(record({ after: double({ min: 0, max: 0.99, noNaN: true }), key: nat(50) }), {
      maxLength: 60,
      size: 'max',
    })
    assert(
      property(integer({ min: 1, max: 4 }), integer({ min: 1, max: 5 }), others, (limit, maxLogs, crowd) => {
        let now = 0
        const windowMs = 1_000
        const store = new LocalStore({ monotonicNow: () => now, maxLogs })
        const counter = (key: string): Counter => ({ key, level: 'only', isOfMint: true, limit, windowMs })
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
})
