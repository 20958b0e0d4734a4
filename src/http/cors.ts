import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** What a page may read of a reply. */
const exposedHeaders = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Should-Retry'

const PREFLIGHT_SECONDS = 600

/**
 * Lets pages of allowed origins read our replies, errors included; others get no such header, and nothing of their own
 * back. Refuses nothing: that is the origin guard's job.
 * Preflights only get their headers here; whether they pass is decided once the limit has counted them.
 */
export async function allowOrigins(app: FastifyInstance, allowedOrigins: ReadonlySet<string>): Promise<void> {
  await app.register(cors, {
    origin: (origin, decide) => decide(null, origin !== undefined && allowedOrigins.has(origin)),
    methods: 'POST',
    exposedHeaders,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false,
    preflightContinue: true,
  })
}
