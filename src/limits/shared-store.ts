/** Limits that all replicas hold together in Redis, and each by itself while Redis cannot be used. */
import { ServiceError } from '../errors.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisUnavailable } from '../redis/faults.ts'
import type { LocalStore } from './local-store.ts'
import type { Claim, LimitStore, Standing, Verdict } from './store.ts'
import { takeScript } from './take-script.ts'

export interface SharedStoreOptions {
  readonly redis: RedisConnection
  readonly local: LocalStore
  /** How many processes share the limits. */
  readonly replicas: number
  /** Refuse every mint while Redis cannot be used, instead of holding a share of each limit. */
  readonly required: boolean
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * Redis decides, and the local store takes note of all that it decided. So this replica never admits more than a limit
 * whatever becomes of Redis's data, asks nothing of which it knows the refusal, and starts no limit anew when it is on
 * its own.
 */
export class SharedStore implements LimitStore {
  readonly #redis: RedisConnection
  readonly #local: LocalStore
  readonly #replicas: number
  readonly #required: boolean
  readonly #now: () => number

  constructor({ redis, local, replicas, required, now }: SharedStoreOptions) {
    this.#redis = redis
    this.#local = local
    this.#replicas = replicas
    this.#required = required
    this.#now = now
  }

  async take(claims: readonly Claim[]): Promise<Verdict> {
    const known = this.#local.judge(claims)
    if (!known.admitted) return known
    try {
      return await this.#takeShared(claims)
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
      if (this.#required && claims.some(isOfMint)) throw new ServiceError('store_down')
      return this.#local.take(claims.map((claim) => this.#toShare(claim)))
    }
  }

  async #takeShared(claims: readonly Claim[]): Promise<Verdict> {
    const keys = claims.map(({ key }) => key)
    const values = claims.flatMap(({ limit, windowMs }) => [limit, windowMs])
    // As of the question: as of the reply, what Redis counts could seem younger here than it is.
    const askedMs = this.#now()
    const verdict = toVerdict(await this.#redis.run(takeScript, keys, values), claims)
    if (!verdict.admitted) this.#local.noteRefusal(claims, verdict.standings, askedMs)
    else if (!this.#local.noteAdmission(claims, askedMs)) return this.#local.judge(claims)
    return verdict
  }

  #toShare(claim: Claim): Claim {
    return { ...claim, limit: Math.max(1, Math.floor(claim.limit / this.#replicas)) }
  }
}

/** What is only counted by its address costs nothing: a preflight, without which no page can read the refusal. */
const isOfMint = ({ level }: Claim): boolean => level !== 'address'

function toVerdict(reply: unknown, claims: readonly Claim[]): Verdict {
  const [admitted, ...rest]: readonly unknown[] = Array.isArray(reply) ? reply : []
  if (admitted !== 0 && admitted !== 1) throw new RedisUnavailable('refused')
  const standings = claims.map((claim, index) => toStanding(claim, rest[2 * index], rest[2 * index + 1]))
  return { admitted: admitted === 1, standings }
}

function toStanding({ limit, windowMs }: Claim, used: unknown, resetMs: unknown): Standing {
  if (typeof used !== 'number' || typeof resetMs !== 'number') throw new RedisUnavailable('refused')
  return { remaining: Math.max(0, limit - used), resetMs: Math.min(windowMs, resetMs) }
}
