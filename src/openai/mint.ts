/** A mint: one call upstream, a second one where that is safe, an answer by the deadline. */
import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { ServiceError } from '../errors.ts'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher, NotConnectedError, type ProxyOptions } from '../outbound/dispatcher.ts'
import type { UpstreamRequest } from '../presets/upstream-request.ts'
import type { Secret } from '../secret.ts'
import { Breaker, type Permit } from './breaker.ts'
import { isBreakdown, isPassing, toTransportFailure } from './failures.ts'
import {
  type CallContext,
  createSend,
  type ExchangeOptions,
  type Reply,
  readClientSecret,
  toReplyId,
} from './http-call.ts'
import type { ClientSecret } from './reply.ts'

export interface UpstreamOptions extends ExchangeOptions {
  /** The one in force; a mint keeps the one it began with. */
  readonly apiKey: () => Secret
  /** From the first byte out to the last byte in, second call included. */
  readonly timeoutMs: number
  readonly maxConnections: number
  readonly proxy: ProxyOptions | undefined
  /** Told when upstream fails so often that it is left alone, and when it is asked again. */
  readonly onBreakerChange?: ((open: boolean) => void) | undefined
}

/** What a record says of the call. */
export interface UpstreamReport {
  readonly status: number | null
  /** Theirs, to find the call in their logs; only where it is a plain one. */
  readonly requestId: string | null
  readonly attempts: number
  readonly ms: number
}

export type MintOutcome =
  | { readonly report: UpstreamReport; readonly issued: ClientSecret }
  | { readonly report: UpstreamReport; readonly failure: ServiceError }

export interface Upstream {
  /**
   * Answers by the deadline, whatever happens on the wire; is not cancelled by a caller who hangs up. Rejects with a
   * ServiceError only where upstream was not asked.
   */
  readonly mint: (order: UpstreamRequest, context: CallContext) => Promise<MintOutcome>
  /** Ends what is still under way: its mints fail as `shutting_down`. */
  readonly close: () => Promise<void>
}

/** Full jitter: a second call comes anywhere between at once and then. */
const RETRY_WITHIN_MS = 250
/** Of time left, without which a second call would only turn one failure into another. */
const LEAST_LEFT_MS = 500

type Result = { readonly issued: ClientSecret } | { readonly failure: ServiceError }

interface Call {
  readonly result: Result
  readonly reply: Reply | undefined
  /** A second call cannot mint twice, and may do better. */
  readonly repeatable: boolean
}

const repeatableStatuses: ReadonlySet<number> = new Set([500, 502, 503])

/** An upstream that says how long to wait is taken at its word. */
const mayAskAgain = ({ statusCode, headers }: Reply): boolean =>
  repeatableStatuses.has(statusCode) && headers['retry-after'] === undefined

function toFailedCall(error: unknown, reply: Reply | undefined): Call {
  const failure = error instanceof ServiceError ? error : toTransportFailure(error, reply !== undefined)
  const repeatable =
    reply === undefined ? error instanceof NotConnectedError && isPassing(error) : mayAskAgain(reply)
  return { result: { failure }, reply, repeatable }
}

/** Builds the client of the one upstream; opens nothing yet. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { baseUrl, maxConnections, proxy, timeoutMs, secretPrefix, onBreakerChange: onChange } = options
  const dispatcher = createDispatcher({ origin: baseUrl.origin, maxConnections, proxy })
  const send = createSend(options, dispatcher)
  const breaker = new Breaker({ now, onChange })

  async function call(
    order: UpstreamRequest,
    apiKey: Secret,
    context: CallContext,
    ms: number,
  ): Promise<Call> {
    let reply: Reply | undefined
    async function ask(signal: EventEmitter): Promise<Call> {
      try {
        reply = await send(order, apiKey, context, signal)
        const issued = await readClientSecret(reply, order, apiKey, secretPrefix)
        return { result: { issued }, reply, repeatable: false }
      } catch (error) {
        return toFailedCall(error, reply)
      }
    }
    return withDeadline(ms, ask, () => toFailedCall(new ServiceError('upstream_deadline'), reply))
  }

  function settle(permit: Permit, { result }: Call): void {
    const failure = 'failure' in result ? result.failure : undefined
    breaker.settle(permit, failure !== undefined && isBreakdown(failure.reason))
    if (failure?.reason === 'upstream_rate_limited') breaker.coolDown(failure.retryAfterSeconds ?? 1)
  }

  async function mint(order: UpstreamRequest, context: CallContext): Promise<MintOutcome> {
    const permit = breaker.admit()
    const startedAtMs = now()
    const leftMs = (): number => startedAtMs + timeoutMs - now()
    const apiKey = options.apiKey()
    const waitMs = Math.random() * RETRY_WITHIN_MS

    let attempts = 1
    let last = await call(order, apiKey, context, timeoutMs)
    settle(permit, last)
    if (last.repeatable && leftMs() - waitMs > LEAST_LEFT_MS && breaker.takeRetry()) {
      await delay(waitMs)
      attempts += 1
      last = await call(order, apiKey, context, leftMs())
      settle(permit, last)
    }
    const { result, reply } = last
    return { ...result, report: toReport(reply, apiKey, attempts, now() - startedAtMs) }
  }

  return { mint, close: () => dispatcher.destroy() }
}

const now = (): number => performance.now()

function toReport(
  reply: Reply | undefined,
  apiKey: Secret,
  attempts: number,
  elapsedMs: number,
): UpstreamReport {
  return {
    status: reply?.statusCode ?? null,
    requestId: reply === undefined ? null : toReplyId(reply, apiKey),
    attempts,
    ms: Math.round(elapsedMs),
  }
}
