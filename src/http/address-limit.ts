/** The limit on all requests of one address, unknown paths included. It is checked first and on its own. */
import { callbackify } from 'node:util'
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attempt } from '../attempt.ts'
import type { Limits } from '../limits/levels.ts'
import { toQuotaHeaders } from '../limits/quota.ts'
import { attemptOf } from './attempt-of.ts'
import { toPath } from './request-target.ts'

export interface AddressLimitOptions {
  readonly limits: Limits
  readonly exemptPaths: ReadonlySet<string>
  /** Preflights of these paths from listed origins are not counted: a page cannot read a refused preflight. */
  readonly mintingPaths: ReadonlySet<string>
  readonly allowedOrigins: ReadonlySet<string>
}

/**
 * Our limits as a store of the plugin. The plugin passes a store only a key, and expects one count and one wait. An
 * address has several windows and, with IPv6, two levels, all decided in one step. So a refusal is thrown, and the
 * quotas go to the attempt.
 */
function createStoreClass(limits: Limits, asking: Map<string, Attempt>) {
  const ask = callbackify(async (key: string): Promise<{ current: number; ttl: number }> => {
    const attempt = asking.get(key)
    asking.delete(key)
    if (attempt === undefined) throw new Error('asked without a key')
    const { quotas, refusal } = await limits.countRequest(attempt.address)
    attempt.quotas = quotas
    if (refusal !== undefined) throw refusal
    return { current: 0, ttl: 0 }
  })

  return class implements FastifyRateLimitStore {
    incr: FastifyRateLimitStore['incr'] = (key, done) => ask(key, done)

    child(): this {
      return this
    }
  }
}

/** Counts every request that is not exempt, and refuses with 429. */
export async function limitAddresses(app: FastifyInstance, options: AddressLimitOptions): Promise<void> {
  const { limits, exemptPaths, mintingPaths, allowedOrigins } = options
  /** By request id, from the plugin's call for a key to its call to the store. */
  const asking = new Map<string, Attempt>()
  await app.register(rateLimit, { global: false, store: createStoreClass(limits, asking) })
  const count = app.createRateLimit({
    keyGenerator: (request) => {
      asking.set(request.id, attemptOf(request))
      return request.id
    },
  })

  function isExempt({ method, headers, raw }: FastifyRequest): boolean {
    const path = toPath(raw.url)
    if (exemptPaths.has(path)) return true
    return method === 'OPTIONS' && mintingPaths.has(path) && allowedOrigins.has(headers.origin ?? '')
  }

  app.addHook('onRequest', async (request) => {
    if (!isExempt(request)) await count(request)
  })
}

/** Every reply to a counted request shows its limits, whatever its outcome. */
export function showQuotas(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const headers = toQuotaHeaders(attemptOf(request).quotas)
    if (headers !== undefined) reply.headers(headers)
    done(null, payload)
  })
}
