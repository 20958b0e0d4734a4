/** What stores are held against: every admission kept, and all of them counted each time. */
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

/** Rules that keep every admission, in windows so short that a walk leaves them often. */
export const smallRule = record({
  limit: integer({ min: 1, max: 5 }),
  windowMs: integer({ min: 1, max: 40 }),
})

/** Rules of which admissions share entries. */
export const largeRule = record({
  limit: integer({ min: MAX_ENTRIES + 1, max: MAX_ENTRIES + 20 }),
  windowMs: integer({ min: MAX_ENTRIES, max: 4 * MAX_ENTRIES }),
})

export interface Step {
  readonly afterMs: number
  /** Which of the counters are made together; a bit each. */
  readonly chosen: number
}

export const steps = (counters: number, maxLength: number, maxAfterMs = 12) =>
  array(
    record({
      afterMs: integer({ min: 0, max: maxAfterMs }),
      chosen: integer({ min: 1, max: 2 ** counters - 1 }),
    }),
    // Without it lists are short, whatever their maximum.
    { maxLength, size: 'max' },
  )

export const toCounters = (rules: readonly LimitRule[], prefix = ''): readonly Counter[] =>
  rules.map((rule, index) => ({ ...rule, key: `${prefix}${index}`, level: 'only' }))

export const chosenOf = (counters: readonly Counter[], { chosen }: Step): readonly Counter[] =>
  counters.filter((_, index) => (chosen & (1 << index)) !== 0)

/** What a store has to answer: undefined where rounding leaves it the choice. */
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
