/** The bodies of the two minting routes, without their sessions: the preset decides how a session is checked. */
import { ServiceError } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { type Fields } from '../json.ts'
import { askedExpiries, clientSecret } from '../schema/flat.ts'
import { expiresAfter } from '../schema/parts.ts'
import { checkSize, parseField, unknownKey } from './field-errors.ts'

export interface MintRequest {
  /** The shape of `session`. */
  readonly shape: 'ga' | 'flat'
  readonly preset: string | undefined
  readonly expiresAfterSeconds: number | undefined
  readonly variables: ReadonlyMap<string, string> | undefined
  /** As the body has it, not checked yet. */
  readonly session: Fields | undefined
}

const clientSecretsFields: ReadonlySet<string> = new Set(['preset', 'session', 'expires_after', 'variables'])

/** Reads the body of POST /v1/realtime/client_secrets. Throws field_unknown or field_invalid. */
export function parseClientSecretsRequest(body: Fields): MintRequest {
  const unknown = Object.keys(body).find((key) => !clientSecretsFields.has(key))
  if (unknown !== undefined) throw unknownKey(unknown)
  const { preset, session, expires_after: expiry, variables } = body
  if (session !== undefined && !isObject(session)) {
    throw new ServiceError('field_invalid', { param: 'session' })
  }
  return {
    shape: 'ga',
    preset: parsePresetName(preset),
    expiresAfterSeconds:
      expiry === undefined ? undefined : parseField(expiresAfter, expiry, 'expires_after').seconds,
    variables: parseVariables(variables),
    session,
  }
}

/** Reads the body of POST /v1/realtime/sessions. The session's fields are beside the others. Throws as above. */
export function parseSessionsRequest(body: Fields): MintRequest {
  checkSize(body, '')
  const { preset, variables, client_secret: secret, ...session } = body
  const [seconds, other = seconds] =
    secret === undefined ? [] : askedExpiries(parseField(clientSecret.nullish(), secret, 'client_secret'))
  if (other !== seconds) throw new ServiceError('field_invalid', { param: 'client_secret' })
  return {
    shape: 'flat',
    preset: parsePresetName(preset),
    expiresAfterSeconds: seconds,
    variables: parseVariables(variables),
    session: Object.keys(session).length === 0 ? undefined : session,
  }
}

function parsePresetName(preset: unknown): string | undefined {
  if (preset === undefined || typeof preset === 'string') return preset
  throw new ServiceError('field_invalid', { param: 'preset' })
}

function parseVariables(variables: unknown): ReadonlyMap<string, string> | undefined {
  if (variables === undefined) return undefined
  if (!isObject(variables)) throw new ServiceError('field_invalid', { param: 'variables' })
  const parsed = new Map<string, string>()
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value !== 'string') throw new ServiceError('field_invalid', { param: 'variables' })
    parsed.set(name, value)
  }
  return parsed
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
  const fromQuery = parsePresetName(queryPreset)
  if (request.preset !== undefined && fromQuery !== undefined && request.preset !== fromQuery) {
    throw new ServiceError('preset_conflict', { param: 'preset' })
  }
  const name = request.preset ?? fromQuery ?? defaultPreset
  if (name === undefined) throw new ServiceError('preset_missing', { param: 'preset' })
  return name
}
