/** The RateLimit headers: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
import type { Quota } from '../attempt.ts'

/** The quota that a caller reaches first. */
function toTighter(one: Quota, other: Quota): Quota {
  if (other.remaining === one.remaining) return other.resetMs > one.resetMs ? other : one
  return other.remaining < one.remaining ? other : one
}

/** All policies, and the remaining requests of the tightest one. Undefined without quotas. */
export function toQuotaHeaders([first, ...others]: readonly Quota[]):
  | Record<'ratelimit-policy' | 'ratelimit', string>
  | undefined {
  if (first === undefined) return undefined
  const { policy, remaining, resetMs } = others.reduce(toTighter, first)
  return {
    'ratelimit-policy': [first, ...others].map(({ policy: { text } }) => text).join(', '),
    ratelimit: `"${policy.name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  }
}
