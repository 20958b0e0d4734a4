/** What a caller is told: the table of codes, and the error that uses it. */
import { type Reason, type ReasonRow, reasons } from './reasons.ts'

interface CodeRow {
  readonly status: number
  /** What is wrong, then what to do. Safe to show to anyone. */
  readonly message: string
  /** In seconds; only if a later try can help. */
  readonly retryAfterSeconds?: number
  /** SDKs retry every 5xx unless told not to. */
  readonly shouldRetry?: false
}

/** OpenAI's name for the kind of error, which SDKs show. */
export function toType(status: number): string {
  if (status >= 500) return 'server_error'
  if (status === 429) return 'rate_limit_error'
  return status === 403 ? 'permission_error' : 'invalid_request_error'
}

const codes = {
  invalid_request: { status: 400, message: 'The request is malformed.' },
  unauthenticated: {
    status: 401,
    message: 'The token is missing or invalid. Send a fresh token as "Authorization: Bearer …".',
  },
  origin_not_allowed: {
    status: 403,
    message:
      'This origin is not allowed to request client secrets. The operator can add it to ALLOWED_ORIGINS.',
  },
  override_not_allowed: {
    status: 403,
    message:
      'The preset does not allow this value for the field in param. Leave the field out to use the preset’s own.',
  },
  unknown_preset: {
    status: 404,
    message: 'The preset does not exist, or is not available to this caller. Check its name.',
  },
  rate_limited: {
    status: 429,
    message: 'Too many requests. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 1,
  },
  overloaded: {
    status: 503,
    message: 'Too many requests are in flight. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 1,
  },
  limits_unavailable: {
    status: 503,
    message:
      'Limits cannot be checked right now, so requests are refused. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 1,
  },
  paused: {
    status: 503,
    message: 'The operator paused this. Do not retry; ask the operator when it resumes.',
    shouldRetry: false,
  },
  audit_unavailable: {
    status: 503,
    message:
      'The audit record cannot be written, so no secret is issued. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 5,
  },
  authentication_unavailable: {
    status: 503,
    message: 'Tokens cannot be checked right now. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 5,
  },
  upstream_misconfigured: {
    status: 502,
    message: 'Upstream refused the service’s key, or has no such endpoint. The operator must fix this.',
    shouldRetry: false,
  },
  upstream_rejected: {
    status: 502,
    message: 'Upstream refused the preset. The operator must fix this.',
    shouldRetry: false,
  },
  upstream_retired: {
    status: 502,
    message: 'Upstream retired the endpoint that this service uses. The operator must fix this.',
    shouldRetry: false,
  },
  upstream_no_credit: {
    status: 502,
    message: 'The service is out of credit upstream. The operator must fix this.',
    shouldRetry: false,
  },
  upstream_busy: {
    status: 503,
    message: 'Upstream is busy. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 1,
  },
  upstream_unavailable: {
    status: 503,
    message: 'Upstream is unavailable. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 2,
  },
  upstream_timeout: { status: 504, message: 'Upstream did not answer in time. Try again.' },
  upstream_malformed: {
    status: 502,
    message: 'Upstream did not answer with a client secret. Try again, then tell the operator.',
  },
  shutting_down: {
    status: 503,
    message: 'This instance is shutting down. Try again after the seconds in Retry-After.',
    retryAfterSeconds: 1,
  },
  internal: { status: 500, message: 'The service has a bug. Tell the operator the request id.' },
} as const satisfies Record<string, CodeRow>

export type Code = keyof typeof codes

/** Whether an attempt with this code failed; with every other code it was refused. */
export const isFailureCode = (code: unknown): boolean => isCode(code) && codes[code].status >= 500

const isCode = (code: unknown): code is Code => typeof code === 'string' && Object.hasOwn(codes, code)

export interface ServiceErrorDetails {
  /** The invalid field, in the request's own shape. It is always a path of our schema. */
  readonly param?: string
  /** Instead of the code's own. */
  readonly retryAfterSeconds?: number
  /** For a 405: the value of the Allow header. */
  readonly allow?: string
  /** For logs. Never a body, a header or text from outside. */
  readonly cause?: unknown
}

/**
 * The only error that decides what a caller is told. Its reason fixes everything public in it, and all of that is safe
 * to show.
 */
export class ServiceError extends Error {
  readonly reason: Reason
  readonly code: Code
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly retryAfterSeconds: number | undefined
  readonly shouldRetry: boolean
  readonly allow: string | undefined

  constructor(reason: Reason, details: ServiceErrorDetails = {}) {
    const why: ReasonRow<Code> = reasons[reason]
    const code: CodeRow = codes[why.code]
    // A stack trace costs as much as the rest of a refusal, and the reason says more.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(why.message ?? code.message, 'cause' in details ? { cause: details.cause } : undefined)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'ServiceError'
    this.reason = reason
    this.code = why.code
    this.status = why.status ?? code.status
    this.type = toType(this.status)
    this.param = details.param ?? null
    this.retryAfterSeconds = details.retryAfterSeconds ?? code.retryAfterSeconds
    this.shouldRetry = why.shouldRetry ?? code.shouldRetry ?? true
    this.allow = details.allow
  }

  /** The reply's body: OpenAI's error envelope, which its SDKs understand. */
  toEnvelope(requestId: string): string {
    const { message, type, code, param } = this
    return JSON.stringify({ error: { message, type, code, param, request_id: requestId } })
  }
}

/** An error with a code, as Node's have one. Neither `what` nor the code has text from outside. */
export class CodedError extends Error {
  readonly code: string

  constructor(what: string, code: string) {
    super(`${what}: ${code}`)
    this.name = 'CodedError'
    this.code = code
  }
}

/** The `code` that Node and our libraries put on their errors: the only part of them that is safe to compare and show. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The codes for an untrusted or invalid certificate, or for failed TLS. */
export const tlsCodes =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|UNSPECIFIED$)/
