/** The limit on all that one address sends: asked first and alone, preflights and unknown paths included. */
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'
import { toPath } from '../http/request-target.ts'
import { MemoryStore } from './memory-store.ts'
import { type LimitRule, toUnit } from './rules.ts'

export interface AddressLimitOptions {
  readonly rules: readonly LimitRule[]
  readonly exemptPaths: ReadonlySet<string>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** About 600 bytes each at 60/minute. */
const MAX_ADDRESSES = 50_000

/** Our verdicts in the plugin's terms: it compares `current` with `max`. */
function createStoreClass(store: MemoryStore, max: number) {
  return class implements FastifyRateLimitStore {
    incr(key: string, done: (error: Error | null, result?: { current: number; ttl: number }) => void): void {
      const verdict = store.admit(key)
      if (verdict === undefined) return done(new ServiceError('limiter_full'))
      done(null, { current: verdict.admitted ? max - verdict.remaining : max + 1, ttl: verdict.resetMs })
    }

    child(): this {
      return this
    }
  }
}

/** Policies on one reply need names of their own. */
const toPolicy = ({ limit, windowMs }: LimitRule, index: number): string =>
  `"address${index === 0 ? '' : `-${toUnit(windowMs)}`}";q=${limit};w=${windowMs / 1000}`

/**
 * Counts every request but those to `exemptPaths`, and refuses with 429. The draft's headers go with every reply:
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export async function limitAddresses(app: FastifyInstance, options: AddressLimitOptions): Promise<void> {
  const { rules, exemptPaths, now } = options
  const max = Math.max(...rules.map(({ limit }) => limit))
  const store = new MemoryStore({ rules, now, maxKeys: MAX_ADDRESSES })
  await app.register(rateLimit, { global: false, store: createStoreClass(store, max) })
  const admit = app.createRateLimit({ max, keyGenerator: ({ attempt }) => attempt.address })
  const policy = rules.map(toPolicy).join(', ')

  app.addHook('onRequest', async (request, reply) => {
    if (exemptPaths.has(toPath(request.raw.url))) return
    const verdict = await admit(request)
    if (verdict.isAllowed) return
    reply.header('ratelimit-policy', policy)
    reply.header('ratelimit', `"address";r=${verdict.remaining};t=${verdict.ttlInSeconds}`)
    if (!verdict.isExceeded) return
    throw new ServiceError('limit_per_address', { retryAfterSeconds: Math.max(1, verdict.ttlInSeconds) })
  })
}
