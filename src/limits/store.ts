/** What a store of limits is asked, and what it answers. */
import type { LimitRule } from './rules.ts'

/** One rule, as it is for one caller, preset or address: a place in one log. */
export interface Claim extends LimitRule {
  /** Names the log: level, window and whom it counts; nobody and nothing in clear. */
  readonly key: string
  /** Keys of one level compete for room with each other alone. */
  readonly level: string
}

export interface Standing {
  /** Requests left. */
  readonly remaining: number
  /** Until one more is admitted than now; 0 where nothing was used. */
  readonly resetMs: number
}

export interface Verdict {
  readonly admitted: boolean
  /** In the order of the claims. Of a refusal, the claims with nothing remaining are those that refused. */
  readonly standings: readonly Standing[]
}

export interface LimitStore {
  /**
   * Takes a place for every claim, or for none where one of them has no room.
   *
   * Exact: of the admissions of a log never more than `limit` lie within `windowMs`, and after a window without any
   * there is room for `limit` again. Throws limiter_full or store_down, both 503.
   */
  readonly take: (claims: readonly Claim[]) => Verdict | Promise<Verdict>
}
