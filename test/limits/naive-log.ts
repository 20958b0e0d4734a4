/** The reference for all stores: it keeps every admission and counts all of them each time. */
import { array, integer, record } from 'fast-check'
import { MAX_ENTRIES, toGrainMs } from '../../src/limits/admission-log.ts'
import type { LimitRule } from '../../src/limits/rules.ts'
import type { Counter } from '../../src/limits/store.ts'

export class NaiveLog {
  readonly times: number[] = []

  usedAt(now: number, windowMs: number): number {
    return this.times.filter((time) => time > now - windowMs && time <= now).length
  }
}

/** Rules with an entry per admission, and windows that are short in comparison with a walk. */
export const smallRule = record({
  limit: integer({ min: 1, max: 5 }),
  windowMs: integer({ min: 1, max: 40 }),
})

/** Rules whose admissions share entries. */
export const largeRule = record({
  limit: integer({ min: MAX_ENTRIES + 1, max: MAX_ENTRIES + 20 }),
  windowMs: integer({ min: MAX_ENTRIES, max: 4 * MAX_ENTRIES }),
})

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
  rules.map((rule, index) => ({ ...rule, key: `${prefix}${index}`, level: 'only' }))

export const chosenOf = (counters: readonly Counter[], { chosen }: Step): readonly Counter[] =>
  counters.filter((_, index) => (chosen & (1 << index)) !== 0)

/** Whether a store must admit the request; undefined if both is right because of rounding. */
export function toExpected(
  counters: readonly Counter[],
  logOf: (counter: Counter) => NaiveLog,
  now: number,
): boolean | undefined {
  const hasRoom = (counter: Counter, windowMs: number): boolean =>
    logOf(counter).usedAt(now, windowMs) < counter.limit
  if (!counters.every((counter) => hasRoom(counter, counter.windowMs))) return false
  return counters.every((counter) => hasRoom(counter, counter.windowMs + toGrainMs(counter)))
    ? true
    : undefined
}
