/** What is wrong or doubtful in a presets file, with the place and what to write instead. */
import { z } from 'zod'
import { closest } from '../../suggestion.ts'
import { type Path, toPath, valueAt } from '../json.ts'
import { gaPathOf, isFlatField } from '../schema/flat.ts'
import { type Issue, toIssues } from '../schema/issues.ts'
import { namesAt, schemasAt } from '../schema/paths.ts'
import { isCredentialLike } from './credentials.ts'

/** What is wrong in a presets file, or doubtful for a warning. Never quotes what may be a credential. */
export interface Problem {
  /** As in `presets.classic.session.tools[0].name`; '' for the file as a whole. */
  readonly path: string
  /** Both from 1; 0 where the file could not be read at all. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** `presets.yaml:14:12 presets.classic.session.voice: …`, for logs and terminals. */
  readonly text: string
}

/** A problem without its position in the file. */
export interface Finding {
  readonly path: Path
  /** True for a problem of the key, not of its value. */
  readonly atKey?: boolean
  readonly message: string
}

/** Where a finding is in its file; from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function toProblem(fileName: string, finding: Finding, position: Position): Problem {
  const path = format(finding.path)
  const place = position.line === 0 ? fileName : `${fileName}:${position.line}:${position.column}`
  const text = path === '' ? `${place} ${finding.message}` : `${place} ${path}: ${finding.message}`
  return { path, ...position, message: finding.message, text }
}

/** An issue as a finding. `hint` says what the author may have meant. */
export function toFinding({ path, kind, expected }: Issue, hint?: string): Finding {
  if (kind === 'unknown') {
    return { path, atKey: true, message: `is not a known field${hint === undefined ? '' : `; ${hint}`}` }
  }
  if (kind === 'misnamed') return { path, atKey: true, message: `is not ${expected}` }
  const message = kind === 'missing' ? `is missing; it takes ${expected}` : `takes ${expected}`
  return { path, message: hint === undefined ? message : `${message}; ${hint}` }
}

function format(path: Path): string {
  return path.map(formatPart).join('').replace(/^\./, '')
}

function formatPart(part: string | number): string {
  if (typeof part === 'number') return `[${part}]`
  if (isCredentialLike(part)) return '.(hidden)'
  return /^[\w$.-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
}

/** Says where a top-level key is in the other shape; undefined where it is in neither. */
export type Moved = (key: string, schema: z.ZodType) => string | undefined

/** The issues of a value as findings, each with a suggestion where there is a likely one. */
export function findingsOf(schema: z.ZodType, value: unknown, moved?: Moved): readonly Finding[] {
  return parseWithFindings(schema, value, moved).findings
}

export function parseWithFindings<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  moved: Moved = () => undefined,
): { readonly data: z.output<Schema> | undefined; readonly findings: readonly Finding[] } {
  const { data, error } = schema.safeParse(value)
  const all = error === undefined ? [] : toIssues(error, value)
  // What else is wrong with the same value follows from the first.
  const issues = all.filter(({ path }, index) => {
    const first = all.findIndex((other) => other.path.join('\0') === path.join('\0'))
    return first === index
  })
  return { data, findings: issues.map((issue) => toFinding(issue, hintOn(schema, value, issue, moved))) }
}

function hintOn(schema: z.ZodType, root: unknown, issue: Issue, moved: Moved): string | undefined {
  if (issue.kind === 'unknown') return suggest(schema, issue.path, moved)
  const value = valueAt(root, issue.path)
  if (issue.kind === 'missing' || typeof value === 'object') return undefined
  const takes = schemasAt(schema, issue.path)
  if (wordsForOff.has(value) && takes.some((found) => found instanceof z.ZodNull))
    return 'write null if you mean off'
  const parent = issue.path.at(-1) === 'type' ? schemasAt(schema, issue.path.slice(0, -1)) : []
  if (wordsForOff.has(value) && parent.some((found) => found instanceof z.ZodNull)) {
    return 'write null in place of the object if you mean off'
  }
  const form = forms[String(issue.path.at(-1) ?? '')]
  if (form !== undefined && (issue.expected === 'text' || issue.expected.includes('an object'))) return form
  if (issue.expected === 'text')
    return value === null ? 'put a text that begins with # in quotes' : 'put it in quotes'
  const words = takes.flatMap((found) => (found instanceof z.ZodEnum ? found.options.map(String) : []))
  const near = typeof value === 'string' ? closest(value, words, 2) : undefined
  return near === undefined ? undefined : `did you mean "${near}"?`
}

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

const wordsForOff: ReadonlySet<unknown> = new Set([
  'none',
  'None',
  'off',
  'Off',
  'OFF',
  'no',
  'disabled',
  'false',
  'null',
  '',
  false,
])

function suggest(schema: z.ZodType, path: Path, moved: Moved): string | undefined {
  const key = String(path.at(-1))
  const elsewhere = path.length === 1 ? moved(key, schema) : undefined
  if (elsewhere !== undefined) return elsewhere
  if (key === 'function' && path.includes('tools'))
    return 'write its name, description and parameters beside type'
  if (/\s/.test(key)) return 'a line of text needs quotes, or a deeper indentation than the key of its block'
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
