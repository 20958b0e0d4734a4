// OpenAI's error envelope, and the one error OpenAI would answer for what zod found wrong with a request.
import type { z } from 'zod'

export interface Refusal {
  readonly status: number
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** One refusal in OpenAI's envelope, by default an `invalid_request_error` that names no parameter. */
export function refuse(
  status: number,
  code: string | null,
  message: string,
  { param = null, type = 'invalid_request_error' }: { param?: string | null; type?: string } = {},
): Refusal {
  return { status, error: { message, type, param, code } }
}

/** The refusal for the first issue found. Needs issues made with `reportInput`, for messages name the value. */
export function toRefusal(issues: readonly Issue[]): Refusal {
  const [first] = issues
  return first === undefined
    ? refuse(400, 'invalid_value', 'The request is not valid.')
    : explain(first, first.path)
}

function explain(issue: Issue, path: Path): Refusal {
  const param = toParam(path)
  if (issue.code === 'unrecognized_keys') return unknownParameter([...path, issue.keys[0] ?? ''])
  if (issue.code === 'invalid_union') return explainUnion(issue, path)
  if (issue.code === 'too_small' || issue.code === 'too_big') return explainBound(issue, param)
  if (issue.code === 'custom') return explainCustom(issue, param)
  if (issue.input === undefined) return missing(param)
  const expected = mismatch(issue)
  if (expected !== undefined) return wrongType(param, expected, issue.input)
  if (issue.code === 'invalid_value') return wrongValue(param, issue.input, issue.values)
  if (issue.code === 'invalid_format') return wrongPattern(param, issue.pattern)
  return refuse(400, 'invalid_value', `Invalid value for '${param}'.`, { param })
}

function explainUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Refusal {
  const param = toParam(path)
  if (issue.discriminator !== undefined && 'options' in issue) {
    const value = isRecord(issue.input) ? issue.input[issue.discriminator] : undefined
    const options = (issue.options ?? []).filter((option) => typeof option === 'string')
    if (value === undefined) return missing(param)
    return typeof value === 'string'
      ? wrongValue(param, value, options)
      : wrongType(param, options.map(quote), value)
  }
  // The alternative that was meant is the one whose type, if not whose content, the value has.
  const meant = issue.errors.find((branch) => atRoot(branch).length === 0)
  const [inner] = meant ?? []
  if (inner !== undefined) return explain(inner, [...path, ...inner.path])
  return wrongType(param, issue.errors.flatMap(atRoot), issue.input)
}

function atRoot(branch: readonly Issue[]): readonly string[] {
  return branch.filter((issue) => issue.path.length === 0).flatMap((issue) => mismatch(issue) ?? [])
}

/** What was expected in the place of a value that is of another type altogether; undefined if it is not. */
function mismatch(issue: Issue): readonly string[] | undefined {
  if (issue.code === 'invalid_type') {
    return [typeNames[issue.message] ?? typeNames[issue.expected] ?? issue.expected]
  }
  if (issue.code !== 'invalid_value') return undefined
  const sameType = issue.values.some((value) => typeof value === typeof issue.input)
  return sameType ? undefined : issue.values.map(quote)
}

function explainBound(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, param: string): Refusal {
  const [bound, side, sign] =
    issue.code === 'too_small'
      ? [issue.minimum, ['below', 'min', 'minimum'], '>=']
      : [issue.maximum, ['above', 'max', 'maximum'], '<=']
  if (issue.origin === 'array') {
    return refuse(400, 'empty_array', `Invalid '${param}': expected at least ${bound} item.`, { param })
  }
  const [where, short, long] = side
  const kind = issue.message
  const message = `Invalid '${param}': ${kind} ${where} ${long} value. Expected a value ${sign} ${bound}, but got ${String(issue.input)} instead.`
  return refuse(400, `${kind}_${where}_${short}_value`, message, { param })
}

function explainCustom(issue: Extract<Issue, { code: 'custom' }>, param: string): Refusal {
  const code: unknown = issue.params?.['code']
  if (code === 'missing_required_parameter') return missing(param)
  return refuse(400, typeof code === 'string' ? code : 'invalid_value', issue.message, { param })
}

function missing(param: string): Refusal {
  return refuse(400, 'missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
}

function unknownParameter(path: Path): Refusal {
  const param = toParam(path)
  return refuse(400, 'unknown_parameter', `Unknown parameter: '${param}'.`, { param })
}

function wrongType(param: string, expected: readonly string[], value: unknown): Refusal {
  const place = param === '' ? 'the request body' : `'${param}'`
  const message = `Invalid type for ${place}: expected ${list(expected, 'or')}, but got ${nameOf(value)} instead.`
  return refuse(400, 'invalid_type', message, { param: param === '' ? null : param })
}

function wrongValue(param: string, value: unknown, supported: readonly unknown[]): Refusal {
  const options = list(supported.map(quote), 'and')
  const message = `Invalid value: ${quote(value)}. Supported values are: ${options}.`
  return refuse(400, 'invalid_value', message, { param })
}

function wrongPattern(param: string, pattern = ''): Refusal {
  return refuse(400, 'invalid_value', `Invalid '${param}': expected a string that matches ${pattern}.`, {
    param,
  })
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'a boolean',
  integer: 'an integer',
  decimal: 'a decimal',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number'
  return typeNames[typeof value] ?? typeof value
}

function quote(value: unknown): string {
  return `'${String(value)}'`
}

function list(items: readonly string[], word: 'and' | 'or'): string {
  const last = items.at(-1) ?? ''
  if (items.length < 2) return last
  const comma = items.length > 2 ? ',' : ''
  return `${items.slice(0, -1).join(', ')}${comma} ${word} ${last}`
}

/** `['session', 'tools', 0, 'name']` becomes `session.tools[0].name`. */
function toParam(path: Path): string {
  return path.reduce<string>((param, step) => {
    if (typeof step === 'number') return `${param}[${step}]`
    return param === '' ? String(step) : `${param}.${String(step)}`
  }, '')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
