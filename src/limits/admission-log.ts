import type { LimitRule } from './rules.ts'
import type { Usage } from './store.ts'

/**
 * A log keeps every admission up to this limit. Above it, admissions in the same 64th of the window share an entry.
 *
 * Measured for one full log in Redis and in this process, and for one take in Redis:
 *
 *                               10/minute            100000/day
 *   sliding log, sorted set     432 B         9 µs   12 MB            10 µs
 *   sliding log, list or ring   240 B, 330 B  10 µs  1 MB, 0.9 MB      9 µs
 *   these entries, 64 at most   176 B, 510 B  9 µs   0.9 kB, 1.6 kB   10–20 µs
 *
 * Memory decides: with a plain log a thousand busy callers would fill a machine. The price: capacity may return up to
 * 1/64 of the window late. It never returns early, because an entry expires with its newest admission.
 */
export const MAX_ENTRIES = 64

/** Admissions in the same grain of time share an entry; 0 if each has its own. */
export const toGrainMs = ({ limit, windowMs }: LimitRule): number =>
  limit > MAX_ENTRIES ? windowMs / MAX_ENTRIES : 0

/** The admissions of one counter that are younger than its window, oldest first, and until when it refuses. */
export class AdmissionLog {
  /** Another store refused: this counter refuses until then, whatever its admissions say. */
  refusedUntilMs = -Infinity
  /** When the counter admits again, as of the last look. */
  blockedUntilMs = -Infinity
  /** The time of each entry's newest admission: the entry expires one window later. */
  readonly #times: number[] = []
  readonly #counts: number[] = []
  #used = 0

  add(rule: LimitRule, now: number): void {
    const newest = this.#times.length - 1
    const grainMs = toGrainMs(rule)
    const time = this.#times[newest]
    const count = this.#counts[newest]
    if (
      grainMs > 0 &&
      time !== undefined &&
      count !== undefined &&
      Math.floor(time / grainMs) === Math.floor(now / grainMs)
    ) {
      this.#times[newest] = now
      this.#counts[newest] = count + 1
    } else {
      this.#times.push(now)
      this.#counts.push(1)
    }
    this.#used += 1
  }

  usage({ limit, windowMs }: LimitRule, now: number): Usage {
    let oldest = this.#times[0]
    while (oldest !== undefined && oldest <= now - windowMs) {
      this.#times.shift()
      this.#used -= this.#counts.shift() ?? 0
      oldest = this.#times[0]
    }
    // Fractions of milliseconds do not add up exactly, and no wait is longer than a window.
    const resetMs = oldest === undefined ? 0 : Math.min(windowMs, oldest + windowMs - now)
    const refusedMs = this.refusedUntilMs - now
    if (refusedMs > 0) return { remaining: 0, resetMs: Math.max(resetMs, refusedMs) }
    // More than the limit is used if a reload lowered the limit.
    return { remaining: Math.max(0, limit - this.#used), resetMs }
  }
}
