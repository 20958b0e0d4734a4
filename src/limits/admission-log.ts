import type { LimitRule } from './rules.ts'
import type { Standing } from './store.ts'

/**
 * Up to this limit a log keeps every admission; beyond it, admissions of the same 64th of the window share an entry.
 *
 * Measured, of one full log in Redis and in this process, and of one take in Redis:
 *
 *                               10/minute            100000/day
 *   sliding log, sorted set     432 B         9 µs   12 MB            10 µs
 *   sliding log, list or ring   240 B, 330 B  10 µs  1 MB, 0.9 MB      9 µs
 *   these entries, 64 at most   176 B, 510 B  9 µs   0.9 kB, 1.6 kB   10–20 µs
 *
 * So memory decides: with a plain log a thousand busy callers would fill a machine. The price is that a place may come
 * free up to a 64th of the window late; entries count from their newest admission, so never early.
 */
export const MAX_ENTRIES = 64

/** Admissions of one entry have this in common: the part of the window that they came in; 0 where each has its own. */
export const toGrainMs = ({ limit, windowMs }: LimitRule): number =>
  limit > MAX_ENTRIES ? windowMs / MAX_ENTRIES : 0

/** The admissions under one rule that still count, oldest first. */
export class AdmissionLog {
  /** Of each entry, the time of its newest admission. Once all of them are as old as the window, it goes. */
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

  standing({ limit, windowMs }: LimitRule, now: number): Standing {
    let oldest = this.#times[0]
    while (oldest !== undefined && oldest <= now - windowMs) {
      this.#times.shift()
      this.#used -= this.#counts.shift() ?? 0
      oldest = this.#times[0]
    }
    // Fractions of milliseconds do not add up exactly; nobody ever has to wait for longer than a window.
    const resetMs = oldest === undefined ? 0 : Math.min(windowMs, oldest + windowMs - now)
    // Beyond the limit where that was larger when they were admitted.
    return { remaining: Math.max(0, limit - this.#used), resetMs }
  }
}
