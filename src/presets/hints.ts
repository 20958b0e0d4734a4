/** What an operator may have meant by a field that the schema does not know. */
import type { z } from 'zod'
import { gaPathOf, isFlatField } from './flat-schema.ts'
import { issuesOf } from './issues.ts'
import { type Path, toPath } from './json.ts'
import { type Finding, toFinding } from './problem.ts'
import { namesAt, schemasAt } from './schema-paths.ts'
import { closest } from './suggestion.ts'

/** Says of a top-level key where it went in the other shape; undefined where it is in neither. */
export type Moved = (key: string, schema: z.ZodType) => string | undefined

/** A schema's objections as findings, unknown fields with a suggestion where there is a likely one. */
export function findingsOf(schema: z.ZodType, value: unknown, moved: Moved = () => undefined): Finding[] {
  return issuesOf(schema, value).map((issue) =>
    toFinding(issue, issue.kind === 'unknown' ? suggest(schema, issue.path, moved) : undefined),
  )
}

function suggest(schema: z.ZodType, path: Path, moved: Moved): string | undefined {
  const key = String(path.at(-1))
  const elsewhere = path.length === 1 ? moved(key, schema) : undefined
  if (elsewhere !== undefined) return elsewhere
  const names = namesAt(schema, path.slice(0, -1))
  if (names.includes(key)) return 'it goes with another type'
  const near = closest(key, names)
  return near === undefined ? undefined : `did you mean "${near}"?`
}

/** For a GA session: the place of a flat field, if this type of session has it. */
export function movedToGa(key: string, schema: z.ZodType): string | undefined {
  if (key === 'client_secret') return 'beside session, write expires_after_seconds'
  if (!isFlatField(key)) return undefined
  const path = gaPathOf[key]
  if (path === null) return 'the GA API has no equivalent, so leave it out'
  return schemasAt(schema, toPath(path)).length === 0 ? undefined : `in a GA session this is "${path}"`
}

/** For a flat session: the name of a GA field, or that the shape is the other one's. */
export function movedToFlat(key: string): string | undefined {
  const flat = Object.keys(gaPathOf)
    .filter(isFlatField)
    .find((field) => gaPathOf[field] === key)
  if (flat !== undefined) return `in a flat session this is "${flat}"`
  return gaOnly.has(key) ? 'a session with GA fields needs a type, such as "type: realtime"' : undefined
}

const gaOnly: ReadonlySet<string> = new Set(['audio', 'include', 'reasoning', 'parallel_tool_calls'])
