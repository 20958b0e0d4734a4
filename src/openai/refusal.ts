/** What an upstream error may tell operators: a code from a closed list, and a path of our own schema. */
import { flatEntry } from '../presets/schema/flat.ts'
import { gaSessions } from '../presets/schema/ga.ts'
import { knownPath } from '../presets/schema/paths.ts'

const groups = {
  /** Credit, a spending limit or the account's payment. */
  billing: new Set([
    'insufficient_quota',
    'credit_balance_exhausted',
    'billing_hard_limit_reached',
    'billing_not_active',
    'spend_limit_exceeded',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'api_key_spend_limit_exceeded',
    'organization_usage_limit_exceeded',
    'project_usage_limit_exceeded',
  ]),
  key: new Set([
    'invalid_api_key',
    'account_deactivated',
    'invalid_organization',
    'invalid_project',
    'mismatched_organization',
    'mismatched_project',
  ]),
  country: new Set(['unsupported_country_region_territory', 'unsupported_country']),
  /** The model is unknown, not available to the project, or not for Realtime. The capitals and the typo are Azure's. */
  model: new Set([
    'model_not_found',
    'invalid_model',
    'unsupported_model',
    'model_not_supported',
    'DeploymentNotFound',
    'OperationNotSupported',
    'OpperationNotSupported',
  ]),
  other: new Set([
    'access_terminated',
    'array_above_max_length',
    'array_below_min_length',
    'api_version_mismatch',
    'beta_api_shape_disabled',
    'content_filter',
    'content_policy_violation',
    'decimal_above_max_value',
    'decimal_below_min_value',
    'insufficient_permissions',
    'integer_above_max_value',
    'integer_below_min_value',
    'internal_error',
    'invalid_beta',
    'invalid_function_parameters',
    'invalid_json',
    'invalid_prompt',
    'invalid_request',
    'invalid_request_error',
    'invalid_type',
    'invalid_value',
    'ip_not_authorized',
    'missing_required_parameter',
    'missing_model',
    'missing_scope',
    'permission_denied',
    'rate_limit_exceeded',
    'request_too_large',
    'server_error',
    'server_is_overloaded',
    'slow_down',
    'string_above_max_length',
    'string_below_min_length',
    'unknown_parameter',
    'unknown_url',
    'unsupported_content_type',
    'unsupported_parameter',
    'unsupported_value',
    'AccessDenied',
    'BadRequest',
    'InvalidAuthenticationToken',
    'NotFound',
    'PermissionDenied',
    'ResourceNotFound',
    'Unauthorized',
    // LiteLLM's.
    'auth_error',
    'token_not_found_in_db',
  ]),
}

export const isInGroup = (group: keyof typeof groups, code: string | null): boolean =>
  code !== null && groups[group].has(code)

const isKnownCode = (name: string): boolean => Object.values(groups).some((group) => group.has(name))

const SPEND_LIMIT = 'spend_limit_exceeded'

/** OpenAI adds limits of other scopes, such as a user's. */
function toCode(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined
  if (isKnownCode(name)) return name
  return name.endsWith(`_${SPEND_LIMIT}`) ? SPEND_LIMIT : undefined
}

/** The first of `names` that is a known code. */
export const toKnownCode = (names: readonly unknown[]): string | null =>
  names.map(toCode).find((code) => code !== undefined) ?? null

const outerPaths: ReadonlySet<string> = new Set([
  'session',
  'model',
  'expires_after',
  'expires_after.anchor',
  'expires_after.seconds',
])

/** Longer than every path of the schema. */
const MAX_PARAM_LENGTH = 200

/** Whether all of `path` is in a schema. */
const isKnown = (schema: Parameters<typeof knownPath>[0], path: readonly string[]): boolean =>
  path.length > 0 && knownPath(schema, path).length === path.length

/** `param` up to its first index, if that is a path of our schema: `session.tools[2].name` is `session.tools`. */
export function toKnownParam(param: unknown): string | null {
  if (typeof param !== 'string' || param.length > MAX_PARAM_LENGTH) return null
  const path = param.split(/\[|\.\d/, 1)[0] ?? ''
  if (outerPaths.has(path)) return path
  const parts = path.split('.')
  const inSession = parts[0] === 'session' ? parts.slice(1) : []
  const isOurs =
    Object.values(gaSessions).some((schema) => isKnown(schema, inSession)) || isKnown(flatEntry, parts)
  return isOurs ? path : null
}
