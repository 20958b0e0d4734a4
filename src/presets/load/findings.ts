/** What is wrong or doubtful in a presets file, with the place and what to write instead. */
import { z } from 'zod'
import { isObject } from '../../json.ts'
import { closest } from '../../suggestion.ts'
import { type Path, toPath, valueAt } from '../json.ts'
import { flatEntry, flatFields, gaPathOf, isFlatField } from '../schema/flat.ts'
import { gaSessions } from '../schema/ga.ts'
import { type Issue, issuesOf, toIssues } from '../schema/issues.ts'
import { namesAt, schemasAt } from '../schema/paths.ts'
import { isCredentialLike } from './credentials.ts'

/** What is wrong in a presets file, or doubtful for a warning. Never quotes what may be a credential. */
export interface Finding {
  readonly path: Path
  readonly message: string
  /** True if it is about the key, not about its value. */
  readonly atKey?: boolean
  readonly isWarning?: boolean
  /** Where it has no path: a fault of the syntax. */
  readonly position?: Position
}

/** Where a finding is in its file. Both from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export const problem = (path: Path, message: string): Finding => ({ path, message })
export const keyProblem = (path: Path, message: string): Finding => ({ path, message, atKey: true })
export const warning = (path: Path, message: string): Finding => ({ path, message, isWarning: true })
export const keyWarning = (path: Path, message: string): Finding => ({
  ...keyProblem(path, message),
  isWarning: true,
})

/** Findings about a value, with the path of the value before theirs. */
export function under(path: Path, findings: Iterable<Finding>): readonly Finding[] {
  return Array.from(findings, (finding) => ({ ...finding, path: [...path, ...finding.path] }))
}

/** `14:12 presets.classic.session.tools[0].name: …` */
export function toLine({ path: parts, message }: Finding, { line, column }: Position): string {
  const path = parts.map(formatPart).join('').replace(/^\./, '')
  return `${line}:${column} ${path === '' ? message : `${path}: ${message}`}`
}

function formatPart(part: string | number): string {
  if (typeof part === 'number') return `[${part}]`
  if (isCredentialLike(part)) return '.(hidden)'
  return /^[\w$.-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
}

/** The issues of a value as findings, each with a suggestion where there is a likely one. */
export function findingsOf(schema: z.ZodType, value: unknown): readonly Finding[] {
  return toFindings(issuesOf(schema, value), schema, value)
}

/**
 * Parses an object, and what remains of it without its faulty fields, so that one problem hides no other.
 * `maps` are fields that lose only their faulty members.
 */
export function parseValid<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  maps: readonly string[] = [],
): { readonly data: z.output<Schema> | undefined; readonly findings: readonly Finding[] } {
  const { data, error } = schema.safeParse(input)
  if (error === undefined) return { data, findings: [] }
  const findings = toFindings(toIssues(error, input), schema, input)
  return { data: schema.safeParse(withoutFaulty(input, findings, maps)).data, findings }
}

/** A copy without what has a finding. */
function withoutFaulty(input: unknown, findings: readonly Finding[], maps: readonly string[]): unknown {
  const rest = { ...(isObject(input) ? input : {}) }
  for (const { path } of findings) {
    const [field, member] = path.map(String)
    if (field === undefined) continue
    const map = rest[field]
    if (member === undefined || !maps.includes(field) || !isObject(map)) delete rest[field]
    else rest[field] = Object.fromEntries(Object.entries(map).filter(([key]) => key !== member))
  }
  return rest
}

function toFindings(issues: readonly Issue[], schema: z.ZodType, root: unknown): readonly Finding[] {
  // What else is wrong with the same value follows from the first.
  const firsts = new Map(issues.toReversed().map((issue) => [issue.path.join('\0'), issue]))
  return issues
    .filter((issue) => firsts.get(issue.path.join('\0')) === issue)
    .map((issue) => toFinding(issue, schema, root))
}

function toFinding(issue: Issue, schema: z.ZodType, root: unknown): Finding {
  const { path, kind, expected } = issue
  if (kind === 'misnamed') return keyProblem(path, `is not ${expected}`)
  if (kind === 'missing') return problem(path, `is missing; it must be ${expected}`)
  if (kind === 'unknown') return keyProblem(path, withHint('is not a known field', suggest(schema, path)))
  return problem(path, withHint(`must be ${expected}`, hintOn(schema, valueAt(root, path), issue)))
}

const withHint = (text: string, hint: string | undefined): string =>
  hint === undefined ? text : `${text}; ${hint}`

const wordsForOff: ReadonlySet<unknown> = new Set('none,None,off,Off,OFF,no,disabled,false,null,'.split(','))

/** What to write in place of a single word or number. */
const forms: Readonly<Record<string, string>> = {
  format: 'such as { type: audio/pcm, rate: 24000 }',
  noise_reduction: 'such as { type: near_field }',
  per_caller: 'write it like 5/minute',
  prompt: 'such as { id: pmpt_abc }',
  tool_choice: 'for one function, write { type: function, name: … }',
  total: 'write it like 100/minute',
  transcription: 'such as { model: gpt-transcribe }',
  turn_detection: 'such as { type: server_vad }',
}

/** What the author of a wrong value may have meant. */
function hintOn(schema: z.ZodType, value: unknown, { path, expected }: Issue): string | undefined {
  if (typeof value === 'object' && value !== null) return undefined
  const takes = schemasAt(schema, path)
  if (value === false || wordsForOff.has(value)) {
    const parent = path.at(-1) === 'type' ? schemasAt(schema, path.slice(0, -1)) : []
    if (takes.some(isNull)) return 'write null if you mean off'
    if (parent.some(isNull)) return 'write null in place of the object if you mean off'
  }
  const form = forms[String(path.at(-1) ?? '')]
  if (form !== undefined && (expected === 'text' || expected.includes('an object'))) return form
  if (expected === 'text')
    return value === null ? 'put a text that begins with # in quotes' : 'put it in quotes'
  const words = takes.flatMap((found) => (found instanceof z.ZodEnum ? found.options.map(String) : []))
  const near = typeof value === 'string' ? closest(value, words, 2) : undefined
  return near === undefined ? undefined : `did you mean "${near}"?`
}

const isNull = (schema: unknown): boolean => schema instanceof z.ZodNull

/** What the author of an unknown key may have meant. */
function suggest(schema: z.ZodType, path: Path): string | undefined {
  const key = String(path.at(-1))
  const elsewhere = path.length === 1 ? findElsewhere(schema, key) : undefined
  if (elsewhere !== undefined) return elsewhere
  if (key === 'function' && path.includes('tools'))
    return 'write its name, description and parameters beside type'
  if (/\s/.test(key)) return 'a line of text needs quotes, or a deeper indentation than the key of its block'
  const names = namesAt(schema, path.slice(0, -1))
  if (names.includes(key)) return 'it goes with another type'
  const near = closest(key, names) ?? names.find((name) => name.startsWith(`${key}_`))
  return near === undefined ? undefined : `did you mean "${near}"?`
}

/** Where a key of a session is in the other shape; undefined where it is in neither. */
function findElsewhere(schema: z.ZodType, key: string): string | undefined {
  if (schema === flatEntry) {
    const flat = flatFields.find((field) => gaPathOf[field] === key)
    if (flat !== undefined) return `in a flat session this is "${flat}"`
    return key !== 'type' && Object.hasOwn(gaSessions.realtime.shape, key)
      ? 'a session with GA fields needs a type, such as "type: realtime"'
      : undefined
  }
  // Only GA sessions have a type.
  if (schemasAt(schema, ['type']).length === 0) return undefined
  if (key === 'client_secret') return 'beside session, write expires_after_seconds'
  if (!isFlatField(key)) return undefined
  const path = gaPathOf[key]
  if (path === null) return 'the GA API has no equivalent, so leave it out'
  return schemasAt(schema, toPath(path)).length === 0 ? undefined : `in a GA session this is "${path}"`
}
