/** Hands each reply of the public listener to the metrics, once. */
import type { FastifyInstance } from 'fastify'
import { attemptOf } from '../http/attempt-of.ts'
import { toPath } from '../http/request-target.ts'
import type { Metrics } from './metrics.ts'

export interface ObserveRepliesOptions {
  readonly observeReply: Metrics['observeReply']
  /** Refused preflights of these are counted. */
  readonly mintingPaths: ReadonlySet<string>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** To be added after the audit's hook, which decides the status and passes only one reply per request. */
export function observeReplies(app: FastifyInstance, options: ObserveRepliesOptions): void {
  const { observeReply, mintingPaths, now } = options
  app.addHook('onSend', (request, reply, payload, done) => {
    const attempt = attemptOf(request)
    const { method, raw } = request
    const isPreflight = method === 'OPTIONS'
    observeReply({
      method,
      // The CORS plugin's route is for every path.
      route: isPreflight ? undefined : request.routeOptions.url,
      status: reply.statusCode,
      ms: now() - attempt.startedAtMs,
      attempt,
      isRefusedPreflight: isPreflight && attempt.failure !== null && mintingPaths.has(toPath(raw.url)),
    })
    done(null, payload)
  })
}
