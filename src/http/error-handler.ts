/** The one place where errors become replies: ours as they are, the framework's by this table, others as internal. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { codeOf, ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { attemptOf } from './attempt-of.ts'

/** By the codes of Fastify and of Node's streams. */
const frameworkReasons: ReadonlyMap<string, Reason> = new Map([
  ['FST_ERR_BAD_URL', 'url_malformed'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'body_too_large'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'body_incomplete'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'media_type_unsupported'],
  ['ECONNRESET', 'body_incomplete'],
])

export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  const reason = frameworkReasons.get(codeOf(error) ?? '')
  return reason === undefined ? new ServiceError('unexpected', { cause: error }) : new ServiceError(reason)
}

/** The headers of an error, in addition to those of every reply. */
export function toErrorHeaders(error: ServiceError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' }
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds)
  if (!error.shouldRetry) headers['x-should-retry'] = 'false'
  if (error.allow !== undefined) headers['allow'] = error.allow
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer'
  if (error.code === 'shutting_down') headers['connection'] = 'close'
  return headers
}

/** States the failure on the attempt and replies with it. Unexpected errors are logged here, once. */
export function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const failure = toServiceError(error)
    if (failure.code === 'internal')
      logger.error({ request_id: request.id, err: failure }, 'unexpected error')
    attemptOf(request).failure = failure
    reply.code(failure.status).headers(toErrorHeaders(failure)).send(failure.toEnvelope(request.id))
  })
}
