/** What callers are told of their limits, in the words of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */

export interface Policy {
  readonly name: string
  /** As RateLimit-Policy lists it. */
  readonly text: string
}

export interface Quota {
  readonly policy: Policy
  readonly remaining: number
  /** Until one more is admitted than now. */
  readonly resetMs: number
}

export type QuotaHeaders = Record<'ratelimit-policy' | 'ratelimit', string>

/** Of two, the one that a caller meets first. */
function toTighter(one: Quota, other: Quota): Quota {
  if (other.remaining === one.remaining) return other.resetMs > one.resetMs ? other : one
  return other.remaining < one.remaining ? other : one
}

/** All policies, and how the tightest stands; undefined where there are none. */
export function toQuotaHeaders([first, ...others]: readonly Quota[]): QuotaHeaders | undefined {
  if (first === undefined) return undefined
  const { policy, remaining, resetMs } = others.reduce(toTighter, first)
  return {
    'ratelimit-policy': [first, ...others].map(({ policy: { text } }) => text).join(', '),
    ratelimit: `"${policy.name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  }
}
