import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** The headers that a page may read. */
const EXPOSED_HEADERS = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Should-Retry'

const PREFLIGHT_SECONDS = 600

/**
 * Lets pages of allowed origins read our replies, errors included. Other pages get no CORS header. It refuses nothing:
 * that is the origin guard's job. Preflights only get their headers here; a later hook decides whether they pass.
 */
export async function allowOrigins(app: FastifyInstance, allowedOrigins: ReadonlySet<string>): Promise<void> {
  await app.register(cors, {
    origin: (origin, decide) => decide(null, origin !== undefined && allowedOrigins.has(origin)),
    methods: 'POST',
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false,
    preflightContinue: true,
  })
}
