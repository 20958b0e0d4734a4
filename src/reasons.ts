/** Why an attempt failed: a closed set, finer than the codes, for the audit and for operators. */

export interface ReasonRow<Code extends string = string> {
  readonly code: Code
  /** Only where it differs from the code's. */
  readonly status?: number
  /** Only where it differs from the code's. */
  readonly shouldRetry?: false
  /** Only where the caller may know more than the code says. */
  readonly message?: string
}

export const reasons = {
  url_malformed: { code: 'invalid_request', message: 'The URL is malformed. Send a plain path.' },
  header_malformed: {
    code: 'invalid_request',
    message: 'A header is malformed, or sent twice. Send each header once.',
  },
  protocol_malformed: { code: 'invalid_request', message: 'The request is not valid HTTP/1.1.' },
  version_unsupported: {
    code: 'invalid_request',
    status: 505,
    shouldRetry: false,
    message: 'This HTTP version is not supported. Send HTTP/1.1.',
  },
  headers_too_large: {
    code: 'invalid_request',
    status: 431,
    message: 'The headers are too large. Send 16 KiB at most.',
  },
  expectation_unsupported: { code: 'invalid_request', status: 417, message: 'Leave the Expect header out.' },
  request_too_slow: {
    code: 'invalid_request',
    status: 408,
    message: 'Headers and body did not arrive within 10 seconds. Try again.',
  },
  route_unknown: {
    code: 'invalid_request',
    status: 404,
    message:
      'realtime-mint has no page here. Apps request a client secret with POST /v1/realtime/client_secrets.',
  },
  method_unsupported: {
    code: 'invalid_request',
    status: 405,
    message: 'This path does not accept this method. Request a client secret with POST, and health with GET.',
  },
  media_type_unsupported: {
    code: 'invalid_request',
    status: 415,
    message: 'Send application/json in UTF-8, without Content-Encoding.',
  },
  body_too_large: {
    code: 'invalid_request',
    status: 413,
    message: 'The body is too large. Send 16 KiB at most.',
  },
  body_incomplete: { code: 'invalid_request', message: 'The body ended early. Send the request again.' },
  body_not_json: {
    code: 'invalid_request',
    message: 'The body is not valid JSON in UTF-8. Send JSON.stringify(…) as the body.',
  },
  body_not_object: {
    code: 'invalid_request',
    message: 'The body is not a JSON object. Send one such as {"preset":"NAME"}.',
  },
  body_duplicate_key: {
    code: 'invalid_request',
    message: 'An object in the body has a key twice. Remove one of them.',
  },
  body_forbidden_key: {
    code: 'invalid_request',
    message: 'The body has a key that is never allowed. Remove it.',
  },
  field_unknown: {
    code: 'invalid_request',
    message:
      'The body has an unknown field; param names it where possible. Check its spelling, or remove it.',
  },
  field_invalid: {
    code: 'invalid_request',
    message: 'The field in param has a wrong type, or a value out of range. Correct it, or leave it out.',
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
    message: 'The request gives a variable that the preset does not declare. Check its name, or remove it.',
  },
  variable_missing: {
    code: 'invalid_request',
    message: 'The preset requires a variable that the request does not give. Add it to "variables".',
  },
  variable_invalid: {
    code: 'invalid_request',
    message: 'A variable has a value that the preset does not allow. Send one that it allows.',
  },
  origin_missing: {
    code: 'origin_not_allowed',
    message: 'The Origin header is missing. Only pages of listed origins may request client secrets.',
  },
  origin_unlisted: { code: 'origin_not_allowed' },
  fetch_metadata: {
    code: 'origin_not_allowed',
    message: 'Use fetch() in CORS mode, not a navigation, a script tag or no-cors.',
  },
  // One message for all of them: the reason would tell a forger what to try next.
  token_missing: { code: 'unauthenticated' },
  token_too_large: { code: 'unauthenticated' },
  token_malformed: { code: 'unauthenticated' },
  token_duplicate_key: { code: 'unauthenticated' },
  token_type: { code: 'unauthenticated' },
  token_algorithm: { code: 'unauthenticated' },
  token_key_unknown: { code: 'unauthenticated' },
  token_signature: { code: 'unauthenticated' },
  token_claim_missing: { code: 'unauthenticated' },
  token_claim_invalid: { code: 'unauthenticated' },
  token_issuer: { code: 'unauthenticated' },
  token_audience: { code: 'unauthenticated' },
  token_expired: { code: 'unauthenticated' },
  token_not_yet_valid: { code: 'unauthenticated' },
  token_lifetime: { code: 'unauthenticated' },
  token_replayed: { code: 'unauthenticated' },
  override_not_open: {
    code: 'override_not_allowed',
    message:
      'The preset does not let a page change the field in param. Leave it out, or ask the operator to open it.',
  },
  override_outside_rule: { code: 'override_not_allowed' },
  expiry_raised: {
    code: 'override_not_allowed',
    message: 'expires_after.seconds may lower the preset’s value, not raise it.',
  },
  preset_unknown: { code: 'unknown_preset' },
  preset_origin: { code: 'unknown_preset' },
  preset_claims: { code: 'unknown_preset' },
  limit_per_address: { code: 'rate_limited' },
  limit_per_address_network: { code: 'rate_limited' },
  limit_per_caller: { code: 'rate_limited' },
  limit_per_caller_network: { code: 'rate_limited' },
  limit_per_preset_and_caller: { code: 'rate_limited' },
  limit_per_preset_and_caller_network: { code: 'rate_limited' },
  limit_per_preset: { code: 'rate_limited' },
  limit_total: { code: 'rate_limited' },
  limiter_full: { code: 'limits_unavailable' },
  store_down: { code: 'limits_unavailable' },
  mints_in_flight: { code: 'overloaded' },
  paused_all: { code: 'paused' },
  paused_preset: { code: 'paused' },
  paused_origin: { code: 'paused' },
  paused_caller: { code: 'paused' },
  audit_down: { code: 'audit_unavailable' },
  keys_unavailable: { code: 'authentication_unavailable' },
  used_tokens_unavailable: { code: 'authentication_unavailable' },
  upstream_unauthorized: { code: 'upstream_misconfigured' },
  upstream_forbidden: { code: 'upstream_misconfigured' },
  upstream_unsupported_country: { code: 'upstream_misconfigured' },
  upstream_no_endpoint: { code: 'upstream_misconfigured' },
  upstream_refused: { code: 'upstream_rejected' },
  upstream_model_not_found: { code: 'upstream_rejected' },
  upstream_endpoint_retired: { code: 'upstream_retired' },
  upstream_billing: { code: 'upstream_no_credit' },
  upstream_rate_limited: { code: 'upstream_busy' },
  upstream_cooling_down: { code: 'upstream_busy' },
  upstream_breaker_open: { code: 'upstream_unavailable' },
  upstream_not_resolved: { code: 'upstream_unavailable' },
  upstream_not_connected: { code: 'upstream_unavailable' },
  upstream_proxy: { code: 'upstream_unavailable' },
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
  upstream_repeated_secret: { code: 'upstream_malformed' },
  upstream_other_session: { code: 'upstream_malformed' },
  draining: { code: 'shutting_down' },
  unexpected: { code: 'internal' },
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof reasons

export const isReason = (value: unknown): value is Reason =>
  typeof value === 'string' && Object.hasOwn(reasons, value)
