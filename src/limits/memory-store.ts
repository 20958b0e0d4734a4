/** A sliding log per key, in this process: exact, and bounded in memory whatever callers send. */
import type { LimitRule } from './rules.ts'

/** The times of the newest admissions, as many as the largest limit asks for; a ring once it is full. */
interface Log {
  readonly times: number[]
  next: number
}

export interface Verdict {
  readonly admitted: boolean
  /** Requests left under the tightest rule. */
  readonly remaining: number
  /** Until the tightest rule admits one more request than it does now; 0 where nothing was used. */
  readonly resetMs: number
}

export interface MemoryStoreOptions {
  readonly rules: readonly LimitRule[]
  /** Monotonic milliseconds, so that a clock step neither blocks nor frees anybody. */
  readonly now: () => number
  readonly maxKeys: number
}

/** Blocked keys of which the oldest few are looked at when room is needed: a bound on what a newcomer costs. */
const EVICTION_LOOKS = 8

/**
 * Admits a request where, for every rule, fewer than `limit` were admitted in the `windowMs` before it.
 *
 * That holds in any window, and a quiet one restores the whole limit: the k-th newest admission is all that a rule
 * of k has to look at. Refused requests leave no trace.
 */
export class MemoryStore {
  readonly #rules: readonly LimitRule[]
  readonly #now: () => number
  readonly #maxKeys: number
  readonly #capacity: number
  readonly #free = new Map<string, Log>()
  readonly #blocked = new Map<string, Log>()

  constructor({ rules, now, maxKeys }: MemoryStoreOptions) {
    this.#rules = rules
    this.#now = now
    this.#maxKeys = maxKeys
    this.#capacity = Math.max(...rules.map(({ limit }) => limit))
  }

  /** Undefined where every key in memory is blocked, so that none may be forgotten for this one. */
  admit(key: string): Verdict | undefined {
    const now = this.#now()
    const log = this.#take(key) ?? this.#createLog(now)
    if (log === undefined) return undefined
    const before = this.#judge(log, now)
    if (!before.admitted) {
      this.#blocked.set(key, log)
      return before
    }
    this.#record(log, now)
    const after = this.#judge(log, now)
    const home = after.admitted ? this.#free : this.#blocked
    home.set(key, log)
    return { ...after, admitted: true }
  }

  /** Takes the log out, so that putting it back makes its key the newest. */
  #take(key: string): Log | undefined {
    const home = this.#free.has(key) ? this.#free : this.#blocked
    const log = home.get(key)
    home.delete(key)
    return log
  }

  #createLog(now: number): Log | undefined {
    const full = this.#free.size + this.#blocked.size >= this.#maxKeys
    return full && !this.#evict(now) ? undefined : { times: [], next: 0 }
  }

  #evict(now: number): boolean {
    for (const [key] of this.#free) return this.#free.delete(key)
    let looks = EVICTION_LOOKS
    for (const [key, log] of this.#blocked) {
      if (this.#judge(log, now).admitted) return this.#blocked.delete(key)
      if (--looks === 0) return false
    }
    return false
  }

  #record(log: Log, now: number): void {
    log.times[log.next] = now
    log.next = (log.next + 1) % this.#capacity
  }

  /** The admission before which `newer` younger ones came. */
  #timeOf(log: Log, newer: number): number | undefined {
    return log.times[(log.next - 1 - newer + this.#capacity) % this.#capacity]
  }

  #judge(log: Log, now: number): Verdict {
    let remaining = Number.POSITIVE_INFINITY
    let resetMs = 0
    for (const rule of this.#rules) {
      const used = this.#usedIn(log, rule, now)
      const left = rule.limit - used
      if (left > remaining) continue
      const oldest = used === 0 ? undefined : this.#timeOf(log, used - 1)
      // Fractions of milliseconds do not add up exactly; nobody ever has to wait for longer than a window.
      const waitMs = oldest === undefined ? 0 : Math.min(rule.windowMs, oldest + rule.windowMs - now)
      resetMs = left < remaining ? waitMs : Math.max(resetMs, waitMs)
      remaining = left
    }
    return { admitted: remaining > 0, remaining, resetMs }
  }

  /** Admissions still inside the rule's window: newest first they only get older, so the edge is found by halving. */
  #usedIn(log: Log, { limit, windowMs }: LimitRule, now: number): number {
    let low = 0
    let high = Math.min(limit, log.times.length)
    while (low < high) {
      const middle = (low + high) >>> 1
      const time = this.#timeOf(log, middle)
      if (time !== undefined && time > now - windowMs) low = middle + 1
      else high = middle
    }
    return low
  }
}
