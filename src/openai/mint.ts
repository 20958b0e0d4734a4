/** A mint: one call to upstream, one retry if that is safe, a result by the deadline. */
import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { UpstreamReport } from '../attempt.ts'
import { createDateReader } from '../clock-check.ts'
import { ServiceError } from '../errors.ts'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher, NotConnectedError, type ProxyOptions } from '../outbound/dispatcher.ts'
import type { Reply } from '../outbound/request.ts'
import { RETIRE } from '../outbound/resting-pool.ts'
import type { UpstreamRequest } from '../presets/request/upstream-request.ts'
import type { Reason } from '../reasons.ts'
import type { Secret } from '../secret.ts'
import { CircuitBreaker, type Permit } from './breaker.ts'
import { isBreakdown, mayConnectNext, toTransportFailure } from './failures.ts'
import {
  type CallContext,
  type CallOptions,
  createSend,
  RefusalError,
  readClientSecret,
  toReplyId,
} from './http-call.ts'
import { type ClientSecret, type ErrorFacts, noErrorFacts } from './reply.ts'
import { SeenValues } from './seen-values.ts'
import { SessionCheck } from './session-echo.ts'
import { type StateFacts, States, type StatesOptions } from './states.ts'

export interface UpstreamOptions extends CallOptions {
  /** The current key. A mint keeps the key it started with. */
  readonly apiKey: () => Secret
  /** From the first byte sent to the last byte received, retry included. */
  readonly timeoutMs: number
  readonly maxConnections: number
  readonly enoughConnections?: number | undefined
  readonly proxy: ProxyOptions | undefined
  /** Called when a state that makes mints fail begins, every ten minutes while it lasts, and when it ends. */
  readonly onStateBegin?: StatesOptions['onBegin']
  readonly onStateEnd?: StatesOptions['onEnd']
  /** Called for each call that fails, also if no state begins. */
  readonly onFailure?: ((reason: Reason) => void) | undefined
  /** Called with upstream's clock, in Unix milliseconds, for each reply that tells it. */
  readonly onDate?: ((dateMs: number) => void) | undefined
  /** Called when a reply answers no request, or another request than its own: the gateway is faulty. */
  readonly onStray?: ((reason: StrayReason) => void) | undefined
}

type Result = { readonly issued: ClientSecret } | { readonly failure: ServiceError }

export type MintOutcome = Result & { readonly report: UpstreamReport }

/** `unasked`: the reply was dropped before it reached anyone. */
export type StrayReason = 'unasked' | 'fixed_secret' | 'upstream_repeated_secret' | 'upstream_other_session'

export interface Upstream {
  /**
   * Resolves by the deadline, whatever the network does. A caller who disconnects does not cancel it. Rejects with a
   * ServiceError only if upstream was not called.
   */
  readonly mint: (request: UpstreamRequest, context: CallContext) => Promise<MintOutcome>
  /** Throws a ServiceError while the circuit breaker is open or a cool-down lasts. */
  readonly checkAvailable: () => void
  /** As it is now. */
  readonly breaker: Pick<CircuitBreaker, 'isOpen' | 'coolDownMs'>
  /** Aborts mints in flight: they fail as `shutting_down`. */
  readonly close: () => Promise<void>
}

/** The retry waits a random time up to this. */
const RETRY_WITHIN_MS = 250
/** With less time left, a retry would only time out. */
const MIN_LEFT_MS = 500

const monotonicNow = (): number => performance.now()
const unixNow = (): number => Date.now()

const breakerFacts: StateFacts = {
  reason: 'upstream_breaker_open',
  preset: null,
  status: null,
  ...noErrorFacts,
}

interface Call {
  readonly result: Result
  readonly reply: Reply | undefined
  readonly facts: ErrorFacts
  /** A retry cannot mint twice, and may succeed. */
  readonly isRepeatable: boolean
}

const repeatableStatuses: ReadonlySet<number> = new Set([408, 409, 425, 500, 502, 503])

/** Not if upstream says how long to wait. */
const mayRetry = ({ statusCode, headers }: Reply): boolean =>
  repeatableStatuses.has(statusCode) && headers['retry-after'] === undefined

const isStray = (reason: Reason): reason is StrayReason & Reason =>
  reason === 'upstream_repeated_secret' || reason === 'upstream_other_session'

function toFailure(error: unknown, isInBody: boolean): ServiceError {
  if (error instanceof RefusalError) return error.failure
  return error instanceof ServiceError ? error : toTransportFailure(error, isInBody)
}

function toFailedCall(error: unknown, reply: Reply | undefined) {
  const failure = toFailure(error, reply !== undefined)
  const facts = error instanceof RefusalError ? error.facts : noErrorFacts
  const isRepeatable =
    reply === undefined ? error instanceof NotConnectedError && mayConnectNext(error) : mayRetry(reply)
  return { result: { failure }, reply, facts, isRepeatable }
}

/** Turns a reply into a client secret that no other caller has. */
function createReader({ secretPrefix: prefix, onDate, onStray }: UpstreamOptions) {
  const seen = new SeenValues()
  let isFixed = false
  const sessions = new SessionCheck()
  const readDate = createDateReader()

  return async (reply: Reply, request: UpstreamRequest, apiKey: Secret): Promise<ClientSecret> => {
    const dateMs = readDate(reply.headers['date'])
    if (dateMs !== undefined) onDate?.(dateMs)
    const secret = await readClientSecret(reply, {
      apiKey,
      prefix,
      flat: request.preset.endpoint === 'sessions',
      requestedSeconds: request.expiresAfterSeconds,
      nowMs: dateMs ?? unixNow(),
      isOwnSession: (echo) => sessions.passes(request, echo),
    })
    const novelty = seen.add(secret.value.reveal())
    if (novelty === 'repeated') throw new ServiceError('upstream_repeated_secret')
    if (novelty === 'fixed' && !isFixed) {
      isFixed = true
      onStray?.('fixed_secret')
    }
    return secret
  }
}

/** One call, over in `ms`. It never rejects. */
type MakeCall = (request: UpstreamRequest, apiKey: Secret, context: CallContext, ms: number) => Promise<Call>

function createCall(options: UpstreamOptions, dispatcher: Dispatcher): MakeCall {
  const send = createSend(options, dispatcher)
  const read = createReader(options)

  return async (request, apiKey, context, ms) => {
    let reply: Reply | undefined
    async function ask(signal: EventEmitter): Promise<Call> {
      try {
        reply = await send(request, apiKey, context, signal)
        const issued = await read(reply, request, apiKey)
        return { result: { issued }, reply, facts: noErrorFacts, isRepeatable: false }
      } catch (error) {
        // Only a connection that answers well is used again.
        signal.emit(RETIRE)
        const failed = toFailedCall(error, reply)
        const { reason } = failed.result.failure
        if (isStray(reason)) options.onStray?.(reason)
        return failed
      }
    }
    return withDeadline(ms, ask, () => toFailedCall(new ServiceError('upstream_deadline'), reply))
  }
}

/** Builds the client of the one upstream; opens no connection yet. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { baseUrl, maxConnections, enoughConnections, proxy, timeoutMs, onStray } = options
  const dispatcher = createDispatcher({
    origin: baseUrl.origin,
    maxConnections,
    enoughConnections,
    proxy,
    onStray: () => onStray?.('unasked'),
  })
  const call = createCall(options, dispatcher)
  const states = new States({ monotonicNow, onBegin: options.onStateBegin, onEnd: options.onStateEnd })
  const breaker = new CircuitBreaker({
    monotonicNow,
    onChange: (isOpen) => (isOpen ? states.begin(breakerFacts) : states.endBreaker()),
  })

  function settle(permit: Permit, { result, reply, facts }: Call, preset: string): void {
    const failure = 'failure' in result ? result.failure : undefined
    breaker.settle(permit, failure !== undefined && isBreakdown(failure.reason))
    if (failure === undefined) return states.endAll(preset)
    const { reason, retryAfterSeconds = 1 } = failure
    options.onFailure?.(reason)
    if (reason === 'upstream_rate_limited') breaker.coolDown(retryAfterSeconds)
    states.begin(
      breaker.isOpen ? breakerFacts : { reason, preset, status: reply?.statusCode ?? null, ...facts },
    )
  }

  async function mint(request: UpstreamRequest, context: CallContext): Promise<MintOutcome> {
    const permit = breaker.admit()
    const startedAtMs = monotonicNow()
    const leftMs = (): number => startedAtMs + timeoutMs - monotonicNow()
    const apiKey = options.apiKey()
    const waitMs = Math.random() * RETRY_WITHIN_MS

    let attempts = 1
    let last = await call(request, apiKey, context, timeoutMs)
    settle(permit, last, request.preset.name)
    if (last.isRepeatable && leftMs() - waitMs > MIN_LEFT_MS && breaker.takeRetry()) {
      await delay(waitMs)
      attempts += 1
      last = await call(request, apiKey, context, leftMs())
      settle(permit, last, request.preset.name)
    }
    return { ...last.result, report: toReport(last, apiKey, attempts, monotonicNow() - startedAtMs) }
  }

  return { mint, breaker, checkAvailable: () => breaker.check(), close: () => dispatcher.destroy() }
}

const toReport = (
  { reply, facts: { code, param } }: Call,
  apiKey: Secret,
  attempts: number,
  elapsedMs: number,
): UpstreamReport => ({
  status: reply?.statusCode ?? null,
  code,
  param,
  requestId: reply === undefined ? null : toReplyId(reply, apiKey),
  attempts,
  ms: Math.round(elapsedMs),
})
