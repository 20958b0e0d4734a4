/** Values made from the SDK's types, and mistakes: one change that makes each of them wrong. */
import type { SchemaNode } from '../../sandbox/schema-tree.ts'
import { addresses, bounded, empty, needed, nullable, optional } from './server-rules.ts'

/** A wrong value, the code of its refusal, and the field that the refusal names. */
export type Mistake = readonly [wrong: unknown, code: string, param: string]

export interface Samples {
  readonly values: readonly unknown[]
  readonly mistakes: readonly Mistake[]
}

const anything: Readonly<Record<string, readonly unknown[]>> = {
  string: ['x'],
  number: [1],
  boolean: [true, false],
  null: [null],
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const without = (whole: object, removed: string): object =>
  Object.fromEntries(Object.entries(whole).filter(([key]) => key !== removed))

const right = (...values: readonly unknown[]): Samples => ({ values, mistakes: [] })
const wrong = (...mistakes: readonly Mistake[]): Samples => ({ values: [], mistakes })

export const unite = (all: readonly Samples[]): Samples => ({
  values: all.flatMap(({ values }) => values),
  mistakes: all.flatMap(({ mistakes }) => mistakes),
})

/** The samples of a part, inside of a whole. */
export const lift = ({ values, mistakes }: Samples, toWhole: (part: unknown) => unknown): Samples => ({
  values: values.map(toWhole),
  mistakes: mistakes.map(([value, code, param]) => [toWhole(value), code, param]),
})

/** An object with what it needs, then with each field in addition. */
export function objectsOf({ properties = {}, required = [], ...node }: SchemaNode, path: string): Samples {
  if (typeof node.additionalProperties === 'object') {
    return lift(samplesOf(node.additionalProperties, join(path, 'any')), (any) => ({ any }))
  }
  const needs = new Set([...required, ...(needed[path] ?? [])])
  const parts = Object.entries(properties).map(
    ([key, part]) => [key, samplesOf(part, join(path, key))] as const,
  )
  const base = Object.fromEntries(
    parts.flatMap(([key, { values }]) => (needs.has(key) ? [[key, values[0]]] : [])),
  )
  const missing = Object.keys(base)
    .filter((key) => !optional.has(join(path, key)))
    .map((key): Mistake => [without(base, key), 'missing_required_parameter', join(path, key)])
  const unknown: Mistake = [{ ...base, surprise: 1 }, 'unknown_parameter', join(path, 'surprise')]
  const more = parts.map(([key, samples]) => {
    const others = addresses.includes(key) ? without(base, 'server_url') : base
    return lift(samples, (part) => ({ ...others, [key]: part }))
  })
  return unite([{ values: [base], mistakes: [...missing, unknown] }, ...more])
}

function arraysOf(items: SchemaNode, path: string): Samples {
  const filled = lift(samplesOf(items, `${path}[0]`), (item) => [item])
  const code = empty[path]
  return unite([filled, code === undefined ? right([]) : wrong([[], code, path])])
}

/** Of a type that is not a union. */
function plainOf(node: SchemaNode, path: string): Samples {
  const { good = [], bad = [] } = bounded[path] ?? {}
  if (typeof good[0] === node.type) {
    return { values: good, mistakes: bad.map(([value, code]) => [value, code, path]) }
  }
  if (node.items !== undefined) return arraysOf(node.items, path)
  if (node.type === 'object') return objectsOf(node, path)
  const fixed = node.enum ?? (node.const === undefined ? undefined : [node.const])
  return {
    values: fixed ?? anything[String(node.type)] ?? [],
    mistakes: (fixed ?? []).map((value) => [`${value}?`, 'invalid_value', path]),
  }
}

const isText = ({ type }: SchemaNode): boolean => type === 'string'

/** A union with free text includes each text that it lists. */
function alternativesOf({ anyOf, type = 'object', ...node }: SchemaNode): readonly SchemaNode[] {
  const all = anyOf ?? [type].flat().map((one) => Object.assign({ type: one }, node))
  const open = all.find((one) => isText(one) && one.enum === undefined && one.const === undefined)
  return open === undefined ? all : all.filter((one) => one === open || !isText(one))
}

export function samplesOf(node: SchemaNode, path: string): Samples {
  const alternatives = alternativesOf(node)
  const types = new Set(alternatives.map(({ type }) => type))
  const ofType: Mistake = [types.has('boolean') ? 'yes' : true, 'invalid_type', path]
  const all = unite([...alternatives.map((one) => plainOf(one, path)), wrong(ofType)])
  if (types.has('null')) return all
  return unite([all, nullable.has(path) ? right(null) : wrong([null, 'invalid_type', path])])
}
