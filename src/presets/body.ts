/** Bodies of upstream requests. Load builds the text, and a request only fills in what varies. */
import type { Fields } from './json.ts'
import { fill, type Template } from './variables.ts'

/** Which upstream endpoint a preset mints at. */
export type Endpoint = 'client_secrets' | 'translations' | 'sessions'

export interface BodyTemplate {
  /** Everything up to the number of seconds. */
  readonly head: string
  /** Everything after it; its literals are JSON text, and its placeholders are inside one JSON string. */
  readonly tail: Template
}

/**
 * The body for a session: `{expires_after, session}` for the GA endpoints, the flat fields with `client_secret` for
 * the other. A template of `instructions` replaces the session's own, which are literal.
 */
export function toBodyTemplate(endpoint: Endpoint, session: Fields, instructions?: Template): BodyTemplate {
  const { instructions: own, ...others } = session
  const text = instructions ?? (typeof own === 'string' ? { literals: [own], names: [] } : undefined)
  // First, so that nothing before them is an empty text. JSON leaves undefined members out.
  const fields = { instructions: text === undefined ? own : '', ...others }
  const expiry = { expires_after: { anchor: 'created_at', seconds: 0 } }
  // The translations endpoint does not take `type`.
  const ga = endpoint === 'translations' ? { ...fields, type: undefined } : fields
  const json = JSON.stringify(
    endpoint === 'sessions' ? { client_secret: expiry, ...fields } : { ...expiry, session: ga },
  )
  const seconds = json.indexOf('0')
  const start = text === undefined ? json.length : json.indexOf('""') + 1
  const literals = text?.literals.map(escape) ?? ['']
  literals[0] = json.slice(seconds + 1, start) + (literals[0] ?? '')
  literals.push((literals.pop() ?? '') + json.slice(start))
  return { head: json.slice(0, seconds), tail: { literals, names: text?.names ?? [] } }
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
