/** The two closed sets of CONTRACT.md §3 and §7: codes, which callers see, and reasons, which only audit and logs see. */

interface CodeRow {
  readonly status: number
  readonly type: string
  /** Says what to do next, in words that may be shown to anyone. */
  readonly message: string
  /** Present where a later try can help; seconds. */
  readonly retryAfterSeconds?: number
  /** SDKs retry every 5xx unless told not to. */
  readonly shouldRetry?: false
}

const codes = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    message: 'The request is malformed.',
  },
  origin_not_allowed: {
    status: 403,
    type: 'permission_error',
    message:
      'This origin may not ask for client secrets here. Its operator lists it in ALLOWED_ORIGINS, exactly as the browser sends it.',
  },
  override_not_allowed: {
    status: 403,
    type: 'permission_error',
    message:
      'The preset does not open this field, or not for this value. Leave it out to use the preset’s own.',
  },
  unknown_preset: {
    status: 404,
    type: 'invalid_request_error',
    message: 'There is no such preset, or it is not for this caller. Check its name.',
  },
  rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    message: 'Too many requests. Wait for as long as Retry-After says.',
    retryAfterSeconds: 1,
  },
  overloaded: {
    status: 503,
    type: 'server_error',
    message: 'Too many requests are in flight. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  audit_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'No client secret is issued while its record cannot be written. Try again after Retry-After.',
    retryAfterSeconds: 5,
  },
  upstream_misconfigured: {
    status: 502,
    type: 'server_error',
    message: 'The service is not set up correctly: its own key was refused. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_rejected: {
    status: 502,
    type: 'server_error',
    message: 'The preset was refused upstream. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_retired: {
    status: 502,
    type: 'server_error',
    message: 'The endpoint that this service mints at was retired. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_no_credit: {
    status: 502,
    type: 'server_error',
    message: 'The service has no credit left upstream. Its operator has to mend it.',
    shouldRetry: false,
  },
  upstream_busy: {
    status: 503,
    type: 'server_error',
    message: 'Upstream takes no more requests for now. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  upstream_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'Upstream cannot be reached. Try again after Retry-After.',
    retryAfterSeconds: 2,
  },
  upstream_timeout: {
    status: 504,
    type: 'server_error',
    message: 'Upstream did not answer in time. Try again.',
  },
  upstream_malformed: {
    status: 502,
    type: 'server_error',
    message:
      'Upstream answered with something that is not a client secret. Try again, then tell the operator.',
  },
  shutting_down: {
    status: 503,
    type: 'server_error',
    message: 'This instance is shutting down. Try again after Retry-After.',
    retryAfterSeconds: 1,
  },
  internal: {
    status: 500,
    type: 'server_error',
    message: 'Something went wrong here. Tell the operator the request id.',
  },
} as const satisfies Record<string, CodeRow>

export type Code = keyof typeof codes

interface ReasonRow {
  readonly code: Code
  /** Only where it differs from the code's. */
  readonly status?: number
  /** Only where the caller may know more than the code says. */
  readonly message?: string
}

const reasons = {
  url_malformed: { code: 'invalid_request', message: 'The URL is malformed. Send a plain path.' },
  header_malformed: {
    code: 'invalid_request',
    message: 'A header is malformed, or sent twice where it may be sent once.',
  },
  protocol_malformed: { code: 'invalid_request', message: 'This is not a well-formed HTTP/1.1 request.' },
  headers_too_large: {
    code: 'invalid_request',
    status: 431,
    message: 'The headers are too large. Send 16 KiB at most.',
  },
  expectation_unsupported: {
    code: 'invalid_request',
    status: 417,
    message: 'The Expect header asks for something that this service does not do. Leave it out.',
  },
  request_too_slow: {
    code: 'invalid_request',
    status: 408,
    message: 'Headers and body did not arrive within 10 seconds. Send the request again.',
  },
  route_unknown: {
    code: 'invalid_request',
    status: 404,
    message:
      'There is nothing at this path. Mint with POST /v1/realtime/client_secrets or POST /v1/realtime/sessions.',
  },
  method_unsupported: {
    code: 'invalid_request',
    status: 405,
    message: 'This path does not take this method. The Allow header names those it takes.',
  },
  media_type_unsupported: {
    code: 'invalid_request',
    status: 415,
    message: 'Send the body as Content-Type: application/json, in UTF-8, without Content-Encoding.',
  },
  body_too_large: {
    code: 'invalid_request',
    status: 413,
    message: 'The body is too large. Send 16 KiB at most.',
  },
  body_incomplete: { code: 'invalid_request', message: 'The body ended early. Send the request again.' },
  body_not_json: { code: 'invalid_request', message: 'The body is not valid JSON in UTF-8.' },
  body_not_object: { code: 'invalid_request', message: 'The body is not a JSON object.' },
  body_duplicate_key: { code: 'invalid_request', message: 'The body names a key twice in one object.' },
  body_forbidden_key: { code: 'invalid_request', message: 'The body holds a key that is never allowed.' },
  field_unknown: {
    code: 'invalid_request',
    message:
      'The request holds a field that this endpoint does not know, inside the object that param names.',
  },
  field_invalid: {
    code: 'invalid_request',
    message: 'The field that param names has the wrong type, or a value that this endpoint does not take.',
  },
  preset_missing: {
    code: 'invalid_request',
    message: 'Name a preset: as "preset" in the body, or as ?preset= in the URL.',
  },
  preset_conflict: {
    code: 'invalid_request',
    message: 'The body and the URL name different presets. Name one.',
  },
  variable_undeclared: {
    code: 'invalid_request',
    message: 'The request gives a variable that the preset does not declare.',
  },
  variable_missing: {
    code: 'invalid_request',
    message: 'The preset needs a variable that the request does not give.',
  },
  variable_invalid: {
    code: 'invalid_request',
    message: 'A variable has a value that the preset does not take.',
  },
  origin_missing: {
    code: 'origin_not_allowed',
    message:
      'This request has no Origin header. Only pages of listed origins may ask for client secrets here.',
  },
  origin_unlisted: { code: 'origin_not_allowed' },
  fetch_metadata: {
    code: 'origin_not_allowed',
    message: 'Ask for client secrets with fetch() in CORS mode, not by navigation, script tag or no-cors.',
  },
  override_not_open: { code: 'override_not_allowed' },
  override_outside_rule: { code: 'override_not_allowed' },
  expiry_raised: {
    code: 'override_not_allowed',
    message: 'expires_after.seconds may lower the preset’s value, not raise it.',
  },
  preset_unknown: { code: 'unknown_preset' },
  preset_origin: { code: 'unknown_preset' },
  preset_claims: { code: 'unknown_preset' },
  limit_per_address: { code: 'rate_limited' },
  limiter_full: { code: 'overloaded' },
  mints_in_flight: { code: 'overloaded' },
  audit_down: { code: 'audit_unavailable' },
  upstream_unauthorized: { code: 'upstream_misconfigured' },
  upstream_forbidden: { code: 'upstream_misconfigured' },
  upstream_refused: { code: 'upstream_rejected' },
  upstream_endpoint_retired: { code: 'upstream_retired' },
  upstream_billing: { code: 'upstream_no_credit' },
  upstream_rate_limited: { code: 'upstream_busy' },
  upstream_not_resolved: { code: 'upstream_unavailable' },
  upstream_not_connected: { code: 'upstream_unavailable' },
  upstream_tls: { code: 'upstream_unavailable' },
  upstream_reset: { code: 'upstream_unavailable' },
  upstream_error: { code: 'upstream_unavailable' },
  upstream_deadline: { code: 'upstream_timeout' },
  upstream_redirect: { code: 'upstream_malformed' },
  upstream_status: { code: 'upstream_malformed' },
  upstream_encoded: { code: 'upstream_malformed' },
  upstream_too_large: { code: 'upstream_malformed' },
  upstream_protocol: { code: 'upstream_malformed' },
  upstream_not_json: { code: 'upstream_malformed' },
  upstream_no_secret: { code: 'upstream_malformed' },
  upstream_echoes_key: { code: 'upstream_malformed' },
  upstream_expiry: { code: 'upstream_malformed' },
  draining: { code: 'shutting_down' },
  unexpected: { code: 'internal' },
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof reasons

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
    const why: ReasonRow = reasons[reason]
    const code: CodeRow = codes[why.code]
    super(why.message ?? code.message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'ServiceError'
    this.reason = reason
    this.code = why.code
    this.status = why.status ?? code.status
    this.type = code.type
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
