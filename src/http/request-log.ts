/** One line per request: the route's pattern, never its path, and nothing else that a caller chose. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { type Attempt, toOutcome } from '../attempt.ts'
import type { ServiceError } from '../errors.ts'
import { attemptOf } from './attempt-of.ts'

export interface LogRepliesOptions {
  readonly logger: Logger
  /** Logged at `debug`. */
  readonly quietRoutes: ReadonlySet<string>
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const toLevel = (status: number, isQuiet: boolean): 'warn' | 'debug' | 'info' => {
  if (status >= 500) return 'warn'
  return isQuiet ? 'debug' : 'info'
}

export function logReplies(app: FastifyInstance, options: LogRepliesOptions): void {
  const { logger, quietRoutes, toPseudonym, now } = options

  function toAttemptFields({ audited, preset, origin, caller, upstream }: Attempt, status: number) {
    if (!audited) return {}
    return {
      outcome: toOutcome(status),
      preset: preset?.name ?? null,
      origin,
      caller: caller === null ? null : toPseudonym('caller', caller.subject),
      upstream_status: upstream?.status ?? null,
      upstream_code: upstream?.code ?? null,
      upstream_param: upstream?.param ?? null,
    }
  }

  function log(request: FastifyRequest, { statusCode }: FastifyReply): void {
    const attempt = attemptOf(request)
    const route = request.routeOptions.url ?? null
    logger[toLevel(statusCode, route !== null && quietRoutes.has(route))](
      {
        request_id: request.id,
        method: request.method,
        route,
        http_status: statusCode,
        code: attempt.failure?.code ?? null,
        reason: attempt.failure?.reason ?? null,
        ms: Math.round(now() - attempt.startedAtMs),
        ...toAttemptFields(attempt, statusCode),
      },
      'request',
    )
  }

  app.addHook('onSend', (request, reply, payload, done) => {
    log(request, reply)
    done(null, payload)
  })
}

/** For a request that the parser refused. */
export function logProtocolError(
  logger: Logger,
  { status, code, reason }: ServiceError,
  requestId: string,
): void {
  logger.info(
    { request_id: requestId, method: null, route: null, http_status: status, code, reason, ms: null },
    'request',
  )
}
