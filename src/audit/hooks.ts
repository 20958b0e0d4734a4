/** Opens an attempt with each request, and closes it with a record before the reply leaves. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Attempt } from '../attempt.ts'
import { ServiceError } from '../errors.ts'
import { attemptOf, decorateAttempts, setAttempt } from '../http/attempt-of.ts'
import { toErrorHeaders } from '../http/error-handler.ts'
import { toPath } from '../http/request-target.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Audit } from './audit.ts'

export interface OpenAttemptsOptions {
  readonly lifecycle: Lifecycle
  /** The caller's address, as limits and pseudonyms see it. */
  readonly toAddress: (request: FastifyRequest) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Every request gets an attempt, because its facts are logged. Only POSTs that reach a minting route are audited. */
export function openAttempts(app: FastifyInstance, { lifecycle, toAddress, now }: OpenAttemptsOptions): void {
  decorateAttempts(app)
  app.addHook('onRequest', (request, _reply, done) => {
    const audited = request.method === 'POST' && !request.is404
    setAttempt(request, new Attempt(now(), toAddress(request), audited))
    if (audited) lifecycle.attempts.enter()
    done()
  })
  // Fastify would wait for the end of a body that was cut off while the guards ran.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const isCutOff = attemptOf(request).audited && request.raw.destroyed
    done(isCutOff ? new ServiceError('body_incomplete') : null, payload)
  })
  app.addHook('preHandler', (request, _reply, done) => {
    const attempt = attemptOf(request)
    // The rest of the body can arrive while the reply that it is too late is on its way.
    if (attempt.answered) throw new ServiceError('request_too_slow')
    if (attempt.audited) {
      attempt.accepted = true
      lifecycle.mints.enter()
    }
    done()
  })
}

export interface AuditRepliesOptions {
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  /** Refused preflights of these are counted. */
  readonly mintingPaths: ReadonlySet<string>
  /** Called before a secret is withheld. Never rejects. */
  readonly onWithhold: (attempt: Attempt) => Promise<void>
}

/** Without a record, the reply becomes a 503. A refusal gives out nothing and stays as it is. */
async function withhold(
  request: FastifyRequest,
  reply: FastifyReply,
  { payload, onWithhold }: { readonly payload: unknown } & Pick<AuditRepliesOptions, 'onWithhold'>,
): Promise<unknown> {
  const attempt = attemptOf(request)
  if (attempt.failure !== null) return payload
  await onWithhold(attempt)
  const error = new ServiceError('audit_down')
  attempt.failure = error
  reply.code(error.status).headers(toErrorHeaders(error))
  return error.toEnvelope(request.id)
}

/**
 * Writes one durable record per attempt, then lets the bytes leave. An onSend hook runs for success, for failure and
 * for a caller who disconnected; onResponse does not. It never fails, because Fastify would run it again.
 */
export function auditReplies(
  app: FastifyInstance,
  { audit, lifecycle, mintingPaths, onWithhold }: AuditRepliesOptions,
): void {
  const isMintingPreflight = ({ method, raw }: FastifyRequest): boolean =>
    method === 'OPTIONS' && mintingPaths.has(toPath(raw.url))

  app.addHook('onSend', async (request, reply, payload) => {
    const attempt = attemptOf(request)
    // A guard can still refuse what the HTTP parser has already refused: the first reply stands.
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
      await audit.record(attempt, { requestId: request.id, status: reply.statusCode, delivered })
      return payload
    } catch {
      return await withhold(request, reply, { payload, onWithhold })
    } finally {
      if (accepted) {
        lifecycle.recordings.leave()
        lifecycle.mints.leave()
      }
      lifecycle.attempts.leave()
    }
  })
}
