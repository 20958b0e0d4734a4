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
  const json = sessionJson(endpoint, session, instructions)
  const [first = '', ...more] = json.literals
  if (endpoint === 'sessions') {
    const start = first === '{}' ? '}}}' : `}},${first.slice(1)}`
    const head = '{"client_secret":{"expires_after":{"anchor":"created_at","seconds":'
    return { head, tail: { literals: [start, ...more], names: json.names } }
  }
  const literals = [`},"session":${first}`, ...more]
  literals.push(`${literals.pop() ?? ''}}`)
  return { head: '{"expires_after":{"anchor":"created_at","seconds":', tail: { literals, names: json.names } }
}

function sessionJson(endpoint: Endpoint, session: Fields, instructions: Template | undefined): Template {
  // The translations endpoint does not take `type`. JSON leaves undefined members out.
  const { instructions: own, ...others } =
    endpoint === 'translations' ? { ...session, type: undefined } : session
  const text = instructions ?? (typeof own === 'string' ? { literals: [own], names: [] } : undefined)
  const rest = JSON.stringify(text === undefined ? { ...others, instructions: own } : others)
  if (text === undefined) return { literals: [rest], names: [] }
  const literals = text.literals.map(escape)
  literals[0] = `{"instructions":"${literals[0] ?? ''}`
  literals.push(`${literals.pop() ?? ''}"${rest === '{}' ? '}' : `,${rest.slice(1)}`}`)
  return { literals, names: text.names }
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
