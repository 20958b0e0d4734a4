/** OpenAI's error envelope, and the one error that OpenAI answers for what ajv finds wrong with a request. */
import type { ErrorObject } from 'ajv'
import { isRecord, toFields } from './json.ts'
import type { SchemaNode } from './schema-tree.ts'

export interface Refusal {
  readonly status: number
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

/** A refusal in OpenAI's envelope, by default an `invalid_request_error` without a parameter. */
export function refuse(
  status: number,
  code: string | null,
  message: string,
  { param = null, type = 'invalid_request_error' }: { param?: string | null; type?: string } = {},
): Refusal {
  return { status, error: { message, type, param, code } }
}

/** A field has a value that is refused. */
export const invalid = (param: string, message: string, code = 'invalid_value'): Refusal =>
  refuse(400, code, message, { param })

/** The refusal for the first error. Needs the options `allErrors` and `verbose`, and schemas without references. */
export function toRefusal(errors: readonly ErrorObject[]): Refusal {
  const [first] = errors
  if (first === undefined) return refuse(400, 'invalid_value', 'The request is not valid.')
  // ajv lists the errors of the alternatives before the error of their `anyOf`.
  const anyOf = errors.findLast(
    ({ keyword, schemaPath }) => keyword === 'anyOf' && first.schemaPath.startsWith(`${schemaPath}/`),
  )
  return anyOf === undefined ? explain(first) : explainAlternatives(anyOf, errors)
}

const typeKeywords: ReadonlySet<string> = new Set(['type', 'const', 'enum'])

/** Whether a value at the path is of another type, or is another constant. */
const isAt =
  (path: string) =>
  ({ instancePath, keyword }: ErrorObject): boolean =>
    instancePath === path && typeKeywords.has(keyword)

function explainAlternatives(anyOf: ErrorObject, errors: readonly ErrorObject[]): Refusal {
  const alternatives = nodesOf(anyOf.schema)
  const found = alternatives.map((_node, index) =>
    errors.filter(
      ({ schemaPath, instancePath }) =>
        schemaPath.startsWith(`${anyOf.schemaPath}/${index}/`) && instancePath.startsWith(anyOf.instancePath),
    ),
  )
  const candidates = found.filter((branch) => !branch.some(isAt(anyOf.instancePath)))
  const typePath = `${anyOf.instancePath}/type`
  const isOtherType = (error: ErrorObject): boolean =>
    isAt(typePath)(error) ||
    (error.instancePath === anyOf.instancePath && error.params['missingProperty'] === 'type')
  const meant = candidates.find((branch) => !branch.some(isOtherType))
  if (meant !== undefined) return toRefusal(meant)
  if (candidates.length === 0) return wrongValueOrType(toParam(anyOf.instancePath), alternatives, anyOf.data)
  const types = alternatives.flatMap(({ properties }) => properties?.['type'] ?? [])
  const { type } = toFields(anyOf.data)
  const param = toParam(typePath)
  return type === undefined ? missing(param) : wrongValueOrType(param, types, type)
}

function explain({ keyword, instancePath, params, data, parentSchema }: ErrorObject): Refusal {
  const param = toParam(instancePath)
  const node = isRecord(parentSchema) ? parentSchema : {}
  switch (keyword) {
    case 'additionalProperties':
      return unknownParameter(child(param, String(params['additionalProperty'])))
    case 'required':
      return missing(child(param, String(params['missingProperty'])))
    case 'type':
    case 'const':
    case 'enum':
      return wrongValueOrType(param, nodesOf([node]), data)
    case 'minimum':
    case 'maximum':
      return outOfRange(param, keyword, node, params, data)
    case 'minItems':
      return invalid(param, `Invalid '${param}': expected at least 1 item.`, 'empty_array')
    case 'maxLength': {
      const limit = String(params['limit'])
      const message = `Invalid '${param}': string too long. Expected a string with maximum length ${limit}.`
      return invalid(param, message, 'string_above_max_length')
    }
    default: {
      const form = keyword === 'pattern' ? `string that matches /${String(params['pattern'])}/` : 'URL'
      return invalid(param, `Invalid '${param}': expected a ${form}.`)
    }
  }
}

function outOfRange(
  param: string,
  keyword: 'minimum' | 'maximum',
  { type }: Readonly<Record<string, unknown>>,
  params: Readonly<Record<string, unknown>>,
  data: unknown,
): Refusal {
  const kind = [type].flat().includes('integer') ? 'integer' : 'decimal'
  const [where, short, sign] = keyword === 'minimum' ? ['below', 'min', '>='] : ['above', 'max', '<=']
  const message = `Invalid '${param}': ${kind} ${where} ${keyword} value. Expected a value ${sign} ${String(params['limit'])}, but got ${String(data)} instead.`
  return invalid(param, message, `${kind}_${where}_${short}_value`)
}

const valuesOf = ({ const: only, enum: several = [] }: SchemaNode): readonly (string | number)[] =>
  only === undefined ? several : [only]

/** A value of a right type is wrong by itself. Otherwise, its type is. */
function wrongValueOrType(param: string, alternatives: readonly SchemaNode[], value: unknown): Refusal {
  const values = alternatives.flatMap(valuesOf)
  if (values.some((one) => typeof one === typeof value)) {
    const message = `Invalid value: ${quote(value)}. Supported values are: ${list(values.map(quote), 'and')}.`
    return invalid(param, message)
  }
  const expected = alternatives.flatMap((node) => {
    const own = valuesOf(node)
    return own.length > 0
      ? own.map(quote)
      : [node.type ?? []]
          .flat()
          .filter((type) => type !== 'null')
          .map(toTypeName)
  })
  const place = param === '' ? 'the request body' : `'${param}'`
  const message = `Invalid type for ${place}: expected ${list([...new Set(expected)], 'or')}, but got ${nameOf(value)} instead.`
  return refuse(400, 'invalid_type', message, { param: param === '' ? null : param })
}

const missing = (param: string): Refusal =>
  invalid(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter')

const unknownParameter = (param: string): Refusal =>
  invalid(param, `Unknown parameter: '${param}'.`, 'unknown_parameter')

const toTypeName = (type: string): string =>
  type === 'number' ? 'a decimal' : /^[aio]/.test(type) ? `an ${type}` : `a ${type}`

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number'
  return toTypeName(typeof value)
}

const quote = (value: unknown): string => `'${String(value)}'`

function list(items: readonly string[], word: 'and' | 'or'): string {
  const last = items.at(-1) ?? ''
  if (items.length < 2) return last
  return `${items.slice(0, -1).join(', ')}${items.length > 2 ? ',' : ''} ${word} ${last}`
}

const child = (param: string, name: string): string => (param === '' ? name : `${param}.${name}`)

/** `/session/tools/0/name` becomes `session.tools[0].name`. */
const toParam = (instancePath: string): string =>
  instancePath
    .slice(1)
    .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')

const isNode = (value: unknown): value is SchemaNode => isRecord(value)

const nodesOf = (value: unknown): readonly SchemaNode[] => (Array.isArray(value) ? value.filter(isNode) : [])
