/** What a caller is told: the table of codes, and the one error that carries them. */
import { type Reason, type ReasonRow, reasons } from './reasons.ts'

interface CodeRow {
  readonly status: number
  /** Says what to do next, in words that may be shown to anyone. */
  readonly message: string
  /** Present where a later try can help; seconds. */
  readonly retryAfterSeconds?: number
  /** SDKs retry every 5xx unless told not to. */
  readonly shouldRetry?: false
}

/** OpenAI's word for the kind of error, which SDKs pass on. */
function toType(status: number): string {
  if (status >= 500) return 'server_error'
  if (status === 429) return 'rate_limit_error'
  return status === 403 ? 'permission_error' : 'invalid_request_error'
}

const codes = {
  invalid_request: { status: 400, message: 'The request is malformed.' },
  unauthenticated: {
    status: 401,
    message: 'There is no token that holds here. Send a fresh one as "Authorization: Bearer …".',
  },
  origin_not_allowed: {
    status: 403,
    message:
      'This origin may not ask for client secrets here. The operator lists those that may in ALLOWED_ORIGINS.',
  },
  override_not_allowed: {
    status: 403,
    message: 'The preset does not open this field for this value. Leave it out to use the preset’s own.',
  },
  unknown_preset: {
    status: 404,
    message: 'There is no such preset, or it is not for this caller. Check its name.',
  },
  rate_limited: {
    status: 429,
    message: 'Too many requests. Wait for as long as Retry-After says.',
    retryAfterSeconds: 1,
  },
  overloaded: {
    status: 503,
    message: 'Too many requests are in flight. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  audit_unavailable: {
    status: 503,
    message: 'No secret is issued while its record cannot be written. Try again after Retry-After.',
    retryAfterSeconds: 5,
  },
  authentication_unavailable: {
    status: 503,
    message: 'Tokens cannot be checked for now. Try again after Retry-After.',
    retryAfterSeconds: 5,
  },
  upstream_misconfigured: {
    status: 502,
    message: 'The service’s own key was refused upstream. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_rejected: {
    status: 502,
    message: 'The preset was refused upstream. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_retired: {
    status: 502,
    message: 'The endpoint that this service mints at was retired. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_no_credit: {
    status: 502,
    message: 'The service has no credit left upstream. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_busy: {
    status: 503,
    message: 'Upstream takes no more requests for now. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  upstream_unavailable: {
    status: 503,
    message: 'Upstream cannot be reached. Try again after Retry-After.',
    retryAfterSeconds: 2,
  },
  upstream_timeout: { status: 504, message: 'Upstream did not answer in time. Try again.' },
  upstream_malformed: {
    status: 502,
    message: 'Upstream answered with no client secret. Try again, then tell the operator.',
  },
  shutting_down: {
    status: 503,
    message: 'This instance is shutting down. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  internal: { status: 500, message: 'Something went wrong here. Tell the operator the request id.' },
} as const satisfies Record<string, CodeRow>

export type Code = keyof typeof codes

export interface ServiceErrorDetails {
  /** The field at fault in the request's own shape; only ever a path of our schema. */
  readonly param?: string
  /** Overrides the code's own. */
  readonly retryAfterSeconds?: number
  /** What a 405 offers instead, as the Allow header lists it. */
  readonly allow?: string
  /** For logs; never a body, header or text from outside. */
  readonly cause?: unknown
}

/**
 * The only error that decides what a caller is told. Everything public in it is fixed by its reason and safe to show.
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
    super(why.message ?? code.message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'ServiceError'
    this.reason = reason
    this.code = why.code
    this.status = why.status ?? code.status
    this.type = toType(this.status)
    this.param = details.param ?? null
    this.retryAfterSeconds = details.retryAfterSeconds ?? code.retryAfterSeconds
    this.shouldRetry = code.shouldRetry ?? true
    this.allow = details.allow
  }

  /** The body that leaves: OpenAI's error envelope, so that its SDKs surface it. */
  toEnvelope(requestId: string): string {
    const { message, type, code, param } = this
    return JSON.stringify({ error: { message, type, code, param, request_id: requestId } })
  }
}

/** The `code` that Node and our libraries put on their errors; the one thing of them that is safe to compare and show. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Those of them that say that the other side's certificate, or the chain that it hangs on, does not hold, or its TLS. */
export const tlsCodes =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|UNSPECIFIED$)/
