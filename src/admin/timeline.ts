/** Divides a span of time into buckets that a chart can show. */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const MAX_BUCKETS = 120

const widths = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7].map((days) => days * DAY_MS),
] as const

interface Counted {
  readonly time: number
  readonly count: number
}

export interface Timeline {
  readonly bucketMs: number
  /** What the index is to count by. */
  readonly unit: 'minute' | 'hour'
  readonly unitMs: number
  /** The start of each bucket, Unix milliseconds. */
  readonly times: number[]
  /** The sums for each bucket. */
  readonly spread: (counted: readonly Counted[]) => number[]
}

export function toTimeline(since: number, until: number): Timeline {
  const bucketMs = widths.find((width) => (until - since) / width <= MAX_BUCKETS) ?? 7 * DAY_MS
  const isFine = bucketMs < HOUR_MS
  const start = Math.floor(since / bucketMs) * bucketMs
  const times = Array.from(
    { length: Math.max(1, Math.ceil((until - start) / bucketMs)) },
    (_time, index) => start + index * bucketMs,
  )
  return {
    bucketMs,
    unit: isFine ? 'minute' : 'hour',
    unitMs: isFine ? MINUTE_MS : HOUR_MS,
    times,
    spread(counted) {
      const sums = times.map(() => 0)
      for (const { time, count } of counted) {
        // The unit of `since` itself may begin before the first bucket.
        const at = Math.min(Math.max(0, Math.floor((time - start) / bucketMs)), times.length - 1)
        sums[at] = (sums[at] ?? 0) + count
      }
      return sums
    },
  }
}
