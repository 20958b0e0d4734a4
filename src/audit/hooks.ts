/** Opens an attempt with each request, and closes it with a record before the reply leaves. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.ts'
import { toClientAddress } from '../http/client-address.ts'
import { toErrorHeaders } from '../http/error-handler.ts'
import { replyHeaders } from '../http/headers.ts'
import { toPath } from '../http/request-target.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { Attempt } from './attempt.ts'
import type { Audit } from './audit.ts'

declare module 'fastify' {
  interface FastifyRequest {
    attempt: Attempt
  }
}

export interface OpenAttemptsOptions {
  readonly lifecycle: Lifecycle
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Every request gets an attempt, for its facts are logged; only POSTs that found a route, which mint, are audited. */
export function openAttempts(app: FastifyInstance, { lifecycle, now }: OpenAttemptsOptions): void {
  app.decorateRequest('attempt')
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, ip, method, id } = request
    const audited = method === 'POST' && !request.is404
    request.attempt = new Attempt(now(), toClientAddress(ip, raw.socket.remoteAddress), audited)
    if (audited) lifecycle.attempts.enter()
    reply.headers(replyHeaders).header('x-request-id', id)
    done()
  })
  // Of a body that was cut off while guards were asked, Fastify would wait for the end.
  app.addHook('preParsing', ({ attempt, raw }, _reply, payload, done) => {
    done(attempt.audited && raw.destroyed ? new ServiceError('body_incomplete') : null, payload)
  })
}

export interface AuditRepliesOptions {
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  /** Refused preflights of these are counted. */
  readonly mintingPaths: ReadonlySet<string>
}

/** No record, no secret: the reply becomes a 503. A refusal hands nothing out and stays what it is. */
function withhold(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (request.attempt.failure !== null) return payload
  const error = new ServiceError('audit_down')
  request.attempt.failure = error
  reply.code(error.status).headers(toErrorHeaders(error))
  return error.toEnvelope(request.id)
}

/**
 * One durable record per attempt, then the bytes leave. As an onSend hook it runs for success, failure and for a
 * caller who hung up alike, which onResponse does not. It never fails, for then Fastify would run it again.
 */
export function auditReplies(
  app: FastifyInstance,
  { audit, lifecycle, mintingPaths }: AuditRepliesOptions,
): void {
  const isMintingPreflight = ({ method, raw }: FastifyRequest): boolean =>
    method === 'OPTIONS' && mintingPaths.has(toPath(raw.url))

  app.addHook('onSend', async (request, reply, payload) => {
    const { attempt, id: requestId } = request
    // A guard can still refuse what the HTTP parser has refused already: the first word stands.
    if (attempt.answered) return new Promise<never>(() => undefined)
    attempt.answered = true
    if (!attempt.audited) {
      const { failure, address } = attempt
      if (failure !== null && isMintingPreflight(request)) audit.countRefusal(failure, address)
      return payload
    }
    const { accepted } = attempt
    const delivered = !request.raw.socket.destroyed
    if (accepted) lifecycle.recordings.enter()
    try {
      await audit.record(attempt, { requestId, status: reply.statusCode, delivered })
      return payload
    } catch {
      return withhold(request, reply, payload)
    } finally {
      if (accepted) {
        lifecycle.recordings.leave()
        lifecycle.mints.leave()
      }
      lifecycle.attempts.leave()
    }
  })
}
