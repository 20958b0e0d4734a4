/** The interface between the limits and the stores that count. */
import type { LimitRule } from './rules.ts'

/** One rule for one address, caller or preset. It has one log of admissions. */
export interface Counter extends LimitRule {
  /** Names the log: level, window and a pseudonym. */
  readonly key: string
  /** Only keys of the same level compete for memory. */
  readonly level: string
  /** It is refused while Redis is required and unavailable. */
  readonly isOfMint: boolean
}

export interface Usage {
  /** Requests left. */
  readonly remaining: number
  /** Until `remaining` grows; 0 if nothing is used. */
  readonly resetMs: number
}

export interface Decision {
  readonly admitted: boolean
  /** In the order of the counters. If the request is refused, the counters with nothing remaining refused it. */
  readonly usages: readonly Usage[]
}

export interface LimitStore {
  /** Whether mints can be counted now. */
  readonly available: boolean
  /**
   * Counts one request in every counter, or in none if one of them is full.
   *
   * Exact: at most `limit` admissions lie in any `windowMs`. After a window without admissions the whole limit is
   * free. Throws limiter_full or store_down, both 503.
   */
  readonly take: (counters: readonly Counter[]) => Decision | Promise<Decision>
  /** What this process counted so far. */
  readonly peek: (counters: readonly Counter[]) => Decision
}
