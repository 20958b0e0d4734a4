/** Maps each upstream failure to a reason. Nothing that upstream said is kept. */
import { codeOf, ServiceError, tlsCodes } from '../errors.ts'
import { NotConnectedError } from '../outbound/dispatcher.ts'
import type { Reason } from '../reasons.ts'
import { isInGroup } from './refusal.ts'

const clampSeconds = (seconds: number): number => Math.min(60, Math.max(1, Math.ceil(seconds)))

/** Reads `Retry-After` as seconds or as a date, between 1 and 60 s; 1 s if it is absent or invalid. */
export function toRetryAfterSeconds(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 1
  const seconds = Number(header)
  return clampSeconds(Number.isNaN(seconds) ? (Date.parse(header) - nowMs) / 1000 || 1 : seconds)
}

export interface RefusedReply {
  /** Not 200. */
  readonly status: number
  /** The body's error code, if it is known. */
  readonly code: string | null
  readonly retryAfter: string | undefined
  /** A plain 404 of the flat endpoint means that it is retired. */
  readonly flat: boolean
}

/** 4xx that say nothing about the request: the same request may succeed later. */
const transient4xx: ReadonlySet<number> = new Set([408, 409, 425])

/** Whether the status alone says that upstream failed. */
export const isTransient = (status: number): boolean =>
  (status >= 500 && status !== 501) || transient4xx.has(status)

/** No such endpoint, method or feature. Without a code that says otherwise, the address is wrong. */
const endpointStatuses: ReadonlySet<number> = new Set([404, 405, 501])

const reasonsByStatus: ReadonlyMap<number, Reason> = new Map([
  [401, 'upstream_unauthorized'],
  [402, 'upstream_billing'],
  [403, 'upstream_forbidden'],
  [429, 'upstream_rate_limited'],
])

function toReason({ status, code, flat }: RefusedReply): Reason {
  if (status < 300) return 'upstream_status'
  if (status < 400) return 'upstream_redirect'
  if (isTransient(status)) return 'upstream_error'
  if (code === 'beta_api_shape_disabled') return 'upstream_endpoint_retired'
  if (isInGroup('billing', code)) return 'upstream_billing'
  if (isInGroup('key', code)) return 'upstream_unauthorized'
  if (isInGroup('country', code)) return 'upstream_unsupported_country'
  // With 401 and 403, the key or its project decides.
  if (isInGroup('model', code) && !reasonsByStatus.has(status)) return 'upstream_model_not_found'
  if (status === 404 && flat) return 'upstream_endpoint_retired'
  if (endpointStatuses.has(status)) return 'upstream_no_endpoint'
  return reasonsByStatus.get(status) ?? 'upstream_refused'
}

/** The failure behind a reply other than 200. */
export function toReplyFailure(reply: RefusedReply, nowMs: number): ServiceError {
  const reason = toReason(reply)
  const waits =
    reason === 'upstream_rate_limited' || (reason === 'upstream_error' && reply.retryAfter !== undefined)
  return waits
    ? new ServiceError(reason, { retryAfterSeconds: toRetryAfterSeconds(reply.retryAfter, nowMs) })
    : new ServiceError(reason)
}

const breakdowns: ReadonlySet<Reason> = new Set([
  'upstream_not_resolved',
  'upstream_not_connected',
  'upstream_proxy',
  'upstream_tls',
  'upstream_reset',
  'upstream_error',
  'upstream_deadline',
])

/** Whether upstream was unreachable, too slow, or broke down. Anything else is an answer. */
export const isBreakdown = (reason: Reason): boolean => breakdowns.has(reason)

/** By the codes of undici, the resolver, sockets and TLS, and the name of the HTTP parser's error. The first match wins. */
const transportReasons: readonly (readonly [RegExp, Reason])[] = [
  [/^UND_ERR_(DESTROYED|CLOSED)$/, 'draining'],
  [/^(ENOTFOUND|EAI_)/, 'upstream_not_resolved'],
  [
    /^(UND_ERR_CONNECT_TIMEOUT|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT)$/,
    'upstream_not_connected',
  ],
  [tlsCodes, 'upstream_tls'],
  // What a proxy answers to a CONNECT. undici has no code of its own for a refusal.
  [/^UND_ERR_(PRX_\w+|ABORTED|HEADERS_TIMEOUT)$/, 'upstream_proxy'],
  [/^UND_ERR_RES_EXCEEDED_MAX_SIZE$/, 'upstream_too_large'],
  [
    /^(HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/,
    'upstream_protocol',
  ],
]

/** The error's code, or its name. Never its message, which may contain anything. */
const kindOf = (error: unknown): string => codeOf(error) ?? (error instanceof Error ? error.name : '')

const toTransportReason = (kind: string): Reason | undefined =>
  transportReasons.find(([pattern]) => pattern.test(kind))?.[1]

/** Why a connection failed. */
function toConnectFailure(cause: unknown): ServiceError {
  const kind = kindOf(cause)
  const reason = toTransportReason(kind)
  // Without a connection, only a proxy can have answered.
  if (reason === 'upstream_protocol') return new ServiceError('upstream_proxy')
  return new ServiceError(reason ?? (kind === 'ECONNRESET' ? 'upstream_reset' : 'upstream_not_connected'))
}

/** Upstream, or the proxy before it, did not answer. */
const isSilence = (cause: unknown): boolean => /^UND_ERR_(CONNECT|HEADERS)_TIMEOUT$/.test(kindOf(cause))

/** Whether a second attempt may connect: not if the certificate is wrong, or if the first attempt timed out. */
export const mayConnectNext = ({ cause }: NotConnectedError): boolean =>
  !isSilence(cause) && toConnectFailure(cause).reason !== 'upstream_tls'

/** The failure behind an error of the connection. */
export function toTransportFailure(error: unknown, isInBody = false): ServiceError {
  if (error instanceof NotConnectedError) return toConnectFailure(error.cause)
  const code = codeOf(error)
  // In the body it means that the connection ended early. In the head, that the head contradicts itself.
  if (isInBody && code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return new ServiceError('upstream_reset')
  const reason = toTransportReason(kindOf(error))
  if (reason !== undefined) return new ServiceError(reason)
  // Every other network error has a code. An error without one is our own bug.
  return code === undefined
    ? new ServiceError('unexpected', { cause: error })
    : new ServiceError('upstream_reset')
}
