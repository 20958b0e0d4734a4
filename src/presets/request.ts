/** The two minting routes' bodies, in the program's own terms. The common body, a preset's name, costs no schema run. */
import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { askedExpiries, type FlatSession, flatSession } from './flat-schema.ts'
import { isSessionType, requestedSessions, type SessionType } from './ga-schema.ts'
import { type Issue, toIssues } from './issues.ts'
import { type Fields, isLarger, isObject } from './json.ts'
import { expiresAfter } from './schema-parts.ts'
import { knownPath } from './schema-paths.ts'

interface Asked {
  readonly preset: string | undefined
  readonly expiresAfterSeconds: number | undefined
  readonly variables: ReadonlyMap<string, string> | undefined
}

export interface GaMintRequest extends Asked {
  readonly shape: 'ga'
  readonly session: Fields | undefined
}

export interface FlatMintRequest extends Asked {
  readonly shape: 'flat'
  readonly session: FlatSession | undefined
}

/** What a request asks for; every value in it has passed the schema of its endpoint. */
export type MintRequest = GaMintRequest | FlatMintRequest

/** More than any session needs. The bound limits the stack and the time that a hostile body costs. */
const MAX_SIZE = { depth: 32, keys: 256 }

const clientSecretsFields: ReadonlySet<string> = new Set(['preset', 'session', 'expires_after', 'variables'])

/**
 * Reads the body of POST /v1/realtime/client_secrets.
 * Throws field_unknown or field_invalid; `param` is a path in this body, and of our schema.
 */
export function parseClientSecretsRequest(body: Fields): MintRequest {
  for (const key of Object.keys(body)) {
    if (!clientSecretsFields.has(key)) throw new ServiceError('field_unknown')
  }
  const { preset, session, expires_after: expiry, variables } = body
  return {
    shape: 'ga',
    preset: parsePresetName(preset),
    session: session === undefined ? undefined : parseGaSession(session),
    expiresAfterSeconds:
      expiry === undefined ? undefined : checked(expiresAfter, expiry, 'expires_after').seconds,
    variables: variables === undefined ? undefined : parseVariables(variables),
  }
}

/**
 * Reads the body of POST /v1/realtime/sessions, whose session fields lie flat beside `preset` and `variables`.
 * Throws as above; fields that are null count as not given, save those where null means "off".
 */
export function parseSessionsRequest(body: Fields): MintRequest {
  const { preset, variables, ...fields } = body
  const asked = {
    shape: 'flat',
    preset: parsePresetName(preset),
    variables: variables === undefined ? undefined : parseVariables(variables),
  } as const
  if (Object.keys(fields).length === 0) {
    return { ...asked, session: undefined, expiresAfterSeconds: undefined }
  }
  const input = checked(flatSession, fields, '')
  const [expiresAfterSeconds, other = expiresAfterSeconds] = askedExpiries(input)
  if (other !== expiresAfterSeconds) throw new ServiceError('field_invalid', { param: 'client_secret' })
  const { client_secret: _, ...session } = input
  return { ...asked, session, expiresAfterSeconds }
}

/**
 * Checks a requested GA session against one type's schema.
 * Throws field_unknown or field_invalid with a `param` under `session`.
 */
export function checkGaSession(session: Fields, type: SessionType): Fields {
  return checked(requestedSessions[type], session, 'session')
}

/** Without a `type` it is the preset's that counts, so for now it only has to suit one of them. */
function parseGaSession(session: unknown): Fields {
  if (!isObject(session) || isLarger(session, MAX_SIZE))
    throw new ServiceError('field_invalid', { param: 'session' })
  const { type } = session
  if (isSessionType(type)) return checkGaSession(session, type)
  if (type !== undefined) throw new ServiceError('field_invalid', { param: 'session.type' })
  const suits = Object.values(requestedSessions).some((schema) => schema.safeParse(session).success)
  return suits ? session : checkGaSession(session, 'realtime')
}

function parsePresetName(preset: unknown): string | undefined {
  if (preset === undefined || typeof preset === 'string') return preset
  throw new ServiceError('field_invalid', { param: 'preset' })
}

function parseVariables(variables: unknown): ReadonlyMap<string, string> {
  if (!isObject(variables)) throw new ServiceError('field_invalid', { param: 'variables' })
  const parsed = new Map<string, string>()
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value !== 'string') throw new ServiceError('field_invalid', { param: 'variables' })
    parsed.set(name, value)
  }
  return parsed
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, at: string): z.output<Schema> {
  if (isLarger(value, MAX_SIZE)) throw new ServiceError('field_invalid', at === '' ? {} : { param: at })
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = toIssues(result.error, value)
  throw toServiceError(schema, issues.find(({ kind }) => kind === 'unknown') ?? issues[0], at)
}

/** `param` holds names of the schema only: of an unknown key it tells the object, never the key. */
function toServiceError(schema: z.ZodType, issue: Issue | undefined, at: string): ServiceError {
  const { kind, path = [] } = issue ?? {}
  const known = knownPath(schema, kind === 'unknown' ? path.slice(0, -1) : path)
  const param = [at, ...known].filter((part) => part !== '').join('.')
  return new ServiceError(
    kind === 'unknown' ? 'field_unknown' : 'field_invalid',
    param === '' ? {} : { param },
  )
}

/**
 * The name of the preset to mint: the body's, or the query's, or the default. A repeated query parameter comes as an
 * array and is refused. Throws field_invalid, preset_conflict or preset_missing.
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
