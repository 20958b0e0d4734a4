/** The bodies of the two minting routes, without their sessions: the preset decides how a session is checked. */
import { z } from 'zod'
import { ServiceError } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { type Fields, isLarger } from '../json.ts'
import { clientSecret, requestedExpiries } from '../schema/flat.ts'
import { toIssues } from '../schema/issues.ts'
import { expiresAfter, type RequestedExpiry } from '../schema/parts.ts'
import { knownPath } from '../schema/paths.ts'

export interface MintRequest {
  /** The shape of `session`. */
  readonly shape: 'ga' | 'flat'
  readonly preset: string | undefined
  readonly expiry: RequestedExpiry | undefined
  readonly variables: ReadonlyMap<string, string> | undefined
  /** As sent, not checked yet. */
  readonly session: Fields | undefined
}

/** Like z.record(z.string(), z.string()), in a third of the time. */
const texts = z.custom<Readonly<Record<string, string>>>(
  (value) => isObject(value) && Object.values(value).every((text) => typeof text === 'string'),
)

const common = { preset: z.string().optional(), variables: texts.optional() }

const toMap = (variables: Readonly<Record<string, string>> | undefined) =>
  variables && new Map(Object.entries(variables))

export const clientSecretsBody = z.strictObject({
  session: z.record(z.string(), z.unknown()).optional(),
  ...common,
  expires_after: expiresAfter.optional(),
})

/** Without the session's fields, which are next to these. */
export const sessionsBody = z.object({ client_secret: clientSecret.nullish(), ...common })

/** Reads the body of POST /v1/realtime/client_secrets. Throws field_unknown or field_invalid. */
export function parseClientSecretsRequest(body: Fields): MintRequest {
  const { preset, session, expires_after: after, variables } = parseField(clientSecretsBody, body, '')
  const expiry =
    after?.seconds === undefined ? undefined : { seconds: after.seconds, param: 'expires_after.seconds' }
  return { shape: 'ga', preset, expiry, variables: toMap(variables), session }
}

/** Reads the body of POST /v1/realtime/sessions. The session's fields are next to the others. Throws as above. */
export function parseSessionsRequest(body: Fields): MintRequest {
  checkSize(body, '')
  const { preset, client_secret: secret, variables } = parseField(sessionsBody, body, '')
  const [expiry, other = expiry] = requestedExpiries(secret)
  if (other?.seconds !== expiry?.seconds) throw new ServiceError('field_invalid', { param: 'client_secret' })
  const { preset: _preset, client_secret: _secret, variables: _variables, ...fields } = body
  const session = Object.keys(fields).length === 0 ? undefined : fields
  return { shape: 'flat', preset, expiry, variables: toMap(variables), session }
}

/**
 * The name of the preset to mint: from the body, from the query, or the default. A repeated query parameter is an
 * array, and invalid. Throws field_invalid, preset_conflict or preset_missing.
 */
export function choosePreset(
  request: MintRequest,
  queryPreset: unknown,
  defaultPreset: string | undefined,
): string {
  const fromQuery = parseField(common.preset, queryPreset, 'preset')
  if (request.preset !== undefined && fromQuery !== undefined && request.preset !== fromQuery) {
    throw new ServiceError('preset_conflict', { param: 'preset' })
  }
  const name = request.preset ?? fromQuery ?? defaultPreset
  if (name === undefined) throw new ServiceError('preset_missing', { param: 'preset' })
  return name
}

/** More than any session needs. The bound limits the stack and the time that a hostile body costs. */
const MAX_DEPTH = 32
const MAX_KEYS = 256

const plainName = /^[A-Za-z_]\w{0,63}$/

/** Throws field_invalid for a value that is larger than any session. */
export function checkSize(value: unknown, at: string): void {
  if (isLarger(value, MAX_DEPTH, MAX_KEYS)) throw new ServiceError('field_invalid', toDetails([at]))
}

/** The value, checked. `at` is its place in the body. Throws field_unknown or field_invalid. */
export function parseField<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: string,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = toIssues(result.error, value)
  const unknown = issues.find(({ kind }) => kind === 'unknown')?.path
  if (unknown === undefined) {
    const known = knownPath(schema, issues[0]?.path ?? [])
    throw new ServiceError('field_invalid', toDetails([at, ...known]))
  }
  const isPlain = unknown.every((part) => typeof part === 'string' && plainName.test(part))
  const shown = isPlain ? unknown.map(String) : knownPath(schema, unknown.slice(0, -1))
  throw new ServiceError('field_unknown', toDetails([at, ...shown]))
}

function toDetails(parts: readonly string[]): { param?: string } {
  const param = parts.filter((part) => part !== '').join('.')
  return param === '' ? {} : { param }
}
