/** One line per request: the route's pattern, never its path, and nothing else that a caller chose. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { ServiceError } from '../errors.ts'

export interface LogRepliesOptions {
  readonly logger: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export function logReplies(app: FastifyInstance, { logger, now }: LogRepliesOptions): void {
  app.addHook('onSend', ({ attempt, id, method, routeOptions }, reply, payload, done) => {
    const line = {
      request_id: id,
      method,
      route: routeOptions.url ?? null,
      status: reply.statusCode,
      code: attempt.failure?.code ?? null,
      ms: Math.round(now() - attempt.startedAtMs),
    }
    logger.info(line, 'request')
    done(null, payload)
  })
}

/** For a request that never became one. */
export function logProtocolError(logger: Logger, { status, code }: ServiceError, requestId: string): void {
  logger.info({ request_id: requestId, method: null, route: null, status, code, ms: null }, 'request')
}
