/** A preset as the program uses it. Only parsePresets creates one. */
import { createHash } from 'node:crypto'
import type { LimitRule } from '../limits/rules.ts'
import { deepFreeze, type Fields, valueAt } from './json.ts'
import type { RuleInput } from './schema/file.ts'
import type { FlatSession } from './schema/flat.ts'
import type { SessionType } from './schema/ga.ts'
import { fill, type Template, type Variables } from './variables.ts'

/** Which upstream endpoint a preset mints at. */
export type Endpoint = 'client_secrets' | 'translations' | 'sessions'

export interface BodyTemplate {
  /** Everything up to the number of seconds. */
  readonly head: string
  /** Everything after it; its literals are JSON text, and its placeholders are inside one JSON string. */
  readonly tail: Template
}

export interface Preset {
  readonly name: string
  readonly description: string | null
  /** 16 hex digits of the SHA-256 of the body as sent, its variables unfilled. */
  readonly revision: string
  readonly endpoint: Endpoint
  /** The transcription model in a transcription session; null if the session names no model. */
  readonly model: string | null
  readonly expiresAfterSeconds: number
  readonly access: {
    /** Null for every allowed origin. */
    readonly origins: ReadonlySet<string> | null
    /** The accepted values of each required claim; null if no claim is required. */
    readonly claims: ReadonlyMap<string, ReadonlySet<unknown>> | null
  }
  readonly limits: {
    /** For each caller of the preset, in addition to the limits of the service. */
    readonly perCaller: readonly LimitRule[]
    /** For all its callers together. */
    readonly total: readonly LimitRule[]
  }
  readonly type: SessionType
  /** In GA terms whatever the endpoint, instructions unfilled. */
  readonly session: Fields
  /** As sent, where the endpoint takes the flat shape; null elsewhere. */
  readonly flatSession: FlatSession | null
  /** Flat leaves without a GA equivalent, by dotted flat path. */
  readonly dropped: ReadonlyMap<string, unknown>
  readonly variables: Variables
  readonly instructions: Template | undefined
  /** By dotted GA path. */
  readonly rules: ReadonlyMap<string, RuleInput>
  readonly template: BodyTemplate
  /** The upstream body for a request without changes; null if the preset has variables to fill. */
  readonly body: string | null
}

export type PresetParts = Omit<Preset, 'revision' | 'endpoint' | 'model' | 'template' | 'body'>

/** Completes and freezes a preset of valid parts. */
export function createPreset(parts: PresetParts): Preset {
  const endpoint = endpointOf(parts)
  const sent = parts.flatSession ?? parts.session
  const template = toBodyTemplate(endpoint, sent, parts.instructions)
  const { expiresAfterSeconds: seconds } = parts
  return deepFreeze({
    ...parts,
    endpoint,
    model: modelOf(parts.session),
    template,
    revision: digest(showBody(template, seconds)),
    body: template.tail.names.length === 0 ? renderBody(template, seconds, new Map()) : null,
  })
}

function endpointOf({ flatSession, type }: PresetParts): Endpoint {
  if (flatSession !== null) return 'sessions'
  return type === 'translation' ? 'translations' : 'client_secrets'
}

/** The model of a GA session, as the audit records it. */
export function modelOf(session: Fields): string | null {
  const path = session['type'] === 'transcription' ? ['audio', 'input', 'transcription', 'model'] : ['model']
  const model = valueAt(session, path)
  return typeof model === 'string' ? model : null
}

/** The first 16 hex digits of a text's SHA-256. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

const EXPIRY = '{"expires_after":{"anchor":"created_at","seconds":'

/** What each shape has before the seconds, between them and the session's fields, before the first field, and after all. */
const shapes = {
  ga: { head: EXPIRY, open: '},"session":{', lead: '', close: '}}' },
  flat: { head: `{"client_secret":${EXPIRY}`, open: '}}', lead: ',', close: '}' },
} as const

/**
 * The body for a session: `{expires_after, session}` for the GA endpoints, the flat fields with `client_secret` for
 * the other. A template of `instructions` replaces the session's own, which are literal.
 */
export function toBodyTemplate(endpoint: Endpoint, session: Fields, instructions?: Template): BodyTemplate {
  const { head, open, lead, close } = shapes[endpoint === 'sessions' ? 'flat' : 'ga']
  const { instructions: own, ...others } = session
  const text = instructions ?? (typeof own === 'string' ? { literals: [own], names: [] } : undefined)
  // JSON leaves undefined members out. The translations endpoint does not take `type`.
  const fields = { ...(text === undefined ? { instructions: own } : {}), ...others }
  const json = JSON.stringify(endpoint === 'translations' ? { ...fields, type: undefined } : fields)
  const members = json.slice(1, -1)
  const after = (comma: string): string => (members === '' ? close : `${comma}${members}${close}`)
  if (text === undefined) return { head, tail: { literals: [`${open}${after(lead)}`], names: [] } }
  const literals = text.literals.map(escape)
  literals[0] = `${open}${lead}"instructions":"${literals[0] ?? ''}`
  literals.push(`${literals.pop() ?? ''}"${after(',')}`)
  return { head, tail: { literals, names: text.names } }
}

/** The body with everything filled in. */
export function renderBody(body: BodyTemplate, seconds: number, values: ReadonlyMap<string, string>): string {
  return body.head + String(seconds) + fill(body.tail, values, escape)
}

/** The body with its placeholders. A preset's revision is its hash. */
export function showBody(body: BodyTemplate, seconds: number): string {
  return renderBody(body, seconds, new Map(body.tail.names.map((name) => [name, `{{${name}}}`])))
}

function escape(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
