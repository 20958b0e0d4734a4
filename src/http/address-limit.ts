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
  /** Their preflights are not counted: a page cannot read a refused preflight. */
  readonly allowedOrigins: ReadonlySet<string>
}

/**
 * Counts every request that is not exempt, and refuses with 429.
 *
 * The plugin gives its store a key, and takes one count and one wait from it. A reply names the level that refused and
 * the quota of every window, all from one step. So the key is the request's id, the store writes the quotas to the
 * request's attempt, and a refusal is thrown. The plugin's own exemption does not fit: it follows the call for a key.
 */
export async function limitAddresses(app: FastifyInstance, options: AddressLimitOptions): Promise<void> {
  const { limits, exemptPaths, allowedOrigins } = options
  const attemptsByKey = new Map<string, Attempt>()

  const count = callbackify(async (key: string) => {
    const attempt = attemptsByKey.get(key)
    attemptsByKey.delete(key)
    if (attempt === undefined) throw new Error('there is no such request')
    const { quotas, refusal } = await limits.countRequest(attempt.address)
    attempt.quotas = quotas
    if (refusal !== undefined) throw refusal
    return { current: 0, ttl: 0 }
  })

  await app.register(rateLimit, {
    global: false,
    keyGenerator: ({ id }) => id,
    store: class implements FastifyRateLimitStore {
      incr: FastifyRateLimitStore['incr'] = (key, done) => count(key, done)
      child = (): this => this
    },
  })
  const check = app.createRateLimit()

  function isExempt({ method, headers, raw }: FastifyRequest): boolean {
    if (method === 'OPTIONS' && allowedOrigins.has(headers.origin ?? '')) return true
    return exemptPaths.has(toPath(raw.url))
  }

  app.addHook('onRequest', async (request) => {
    if (isExempt(request)) return
    attemptsByKey.set(request.id, attemptOf(request))
    await check(request)
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
