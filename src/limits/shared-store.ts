/** Limits that all replicas share in Redis. While Redis is unavailable, each replica applies its share alone. */
import { ServiceError } from '../errors.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisUnavailable } from '../redis/faults.ts'
import type { LocalStore } from './local-store.ts'
import type { Counter, Decision, LimitStore, Usage } from './store.ts'
import { takeScript } from './take-script.ts'

export interface SharedStoreOptions {
  readonly redis: Pick<RedisConnection, 'available' | 'run'>
  readonly local: LocalStore
  /** How many processes share the limits. */
  readonly replicas: number
  /** Refuse every mint while Redis is unavailable, instead of applying a share of each limit. */
  readonly required: boolean
  readonly monotonicNow: () => number
}

/**
 * Redis decides, and the local store notes each decision. So this replica never admits more than a limit, even if Redis
 * loses its data. It does not ask Redis what it knows to be refused. When Redis fails, it continues with
 * these counts instead of starting from zero.
 */
export class SharedStore implements LimitStore {
  readonly #options: SharedStoreOptions

  constructor(options: SharedStoreOptions) {
    this.#options = options
  }

  get available(): boolean {
    return this.#options.redis.available || !this.#options.required
  }

  async take(counters: readonly Counter[]): Promise<Decision> {
    const { local, required, replicas } = this.#options
    const known = local.peek(counters)
    if (!known.admitted) return known
    try {
      return await this.#takeShared(counters)
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
      // Any other request costs nothing, and its page must be able to read what it gets.
      if (required && counters.some(({ isOfMint }) => isOfMint)) throw new ServiceError('store_down')
      return local.take(counters.map((counter) => toShare(counter, replicas)))
    }
  }

  peek(counters: readonly Counter[]): Decision {
    return this.#options.local.peek(counters)
  }

  async #takeShared(counters: readonly Counter[]): Promise<Decision> {
    const { redis, local, monotonicNow } = this.#options
    const keys = counters.map(({ key }) => key)
    const values = counters.flatMap(({ limit, windowMs }) => [limit, windowMs])
    // The time before the call: with a later one, admissions would look younger here than in Redis.
    const askedMs = monotonicNow()
    const decision = toDecision(await redis.run(takeScript, keys, values), counters)
    if (!decision.admitted) local.noteRefusal(counters, decision.usages, askedMs)
    else if (!local.noteAdmission(counters, askedMs)) return local.peek(counters)
    return decision
  }
}

const toShare = (counter: Counter, replicas: number): Counter => ({
  ...counter,
  limit: Math.max(1, Math.floor(counter.limit / replicas)),
})

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function toDecision(reply: unknown, counters: readonly Counter[]): Decision {
  const [admitted, ...rest]: readonly unknown[] = Array.isArray(reply) ? reply : []
  if ((admitted !== 0 && admitted !== 1) || rest.length !== 2 * counters.length) {
    throw new RedisUnavailable('malformed')
  }
  const usages = counters.map((counter, index) => toUsage(counter, rest[2 * index], rest[2 * index + 1]))
  return { admitted: admitted === 1, usages }
}

function toUsage({ limit, windowMs }: Counter, used: unknown, resetMs: unknown): Usage {
  if (!isCount(used) || !isCount(resetMs)) throw new RedisUnavailable('malformed')
  return { remaining: Math.max(0, limit - used), resetMs: Math.min(windowMs, resetMs) }
}
