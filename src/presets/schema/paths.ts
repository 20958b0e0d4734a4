/** Reads zod schemas as trees: the source of suggestions, override paths and `param`. */
import { z } from 'zod'
import { isObject } from '../../json.ts'
import { type Path } from '../json.ts'

type Schema = z.core.$ZodType

export interface Leaf {
  /** Dotted. Has only names of the schema. */
  readonly path: string
  readonly value: unknown
}

const nothing = z.null()

/** The schemas inside optional, nullable and union wrappers. */
function branches(schema: Schema): readonly Schema[] {
  if (schema instanceof z.ZodOptional) return branches(schema.unwrap())
  if (schema instanceof z.ZodNullable) return [nothing, ...branches(schema.unwrap())]
  if (schema instanceof z.ZodPipe) return branches(schema.out)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(branches)
  return [schema]
}

function inner(schema: Schema, key: string | number): readonly Schema[] {
  if (schema instanceof z.ZodObject) {
    const field: unknown = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined
    return field instanceof z.ZodType ? branches(field) : []
  }
  if (schema instanceof z.ZodArray) return branches(schema.element)
  return schema instanceof z.ZodRecord ? branches(schema.valueType) : []
}

/** Everything that the schema takes at a path; empty where it knows no such path. */
export function schemasAt(schema: Schema, path: Path): readonly Schema[] {
  let found = branches(schema)
  for (const key of path) found = found.flatMap((branch) => inner(branch, key))
  return found
}

function isStrict(schema: Schema): schema is z.ZodObject {
  return schema instanceof z.ZodObject
}

/** The keys that an object at this path can have. */
export function namesAt(schema: Schema, path: Path): readonly string[] {
  return [
    ...new Set(schemasAt(schema, path).flatMap((found) => (isStrict(found) ? Object.keys(found.shape) : []))),
  ]
}

/** The part of a path that the schema names: it ends before list indexes and free keys. */
export function knownPath(schema: Schema, path: Path): readonly string[] {
  const known: string[] = []
  for (const key of path) {
    if (!namesAt(schema, known).includes(String(key))) break
    known.push(String(key))
  }
  return known
}

/** The leaves of a value. Lists, nulls and objects with free keys are leaves. An empty object has none. */
export function leavesOf(schema: Schema, value: unknown, path: readonly string[] = []): readonly Leaf[] {
  if (!isObject(value) || !schemasAt(schema, path).some(isStrict)) return [{ path: path.join('.'), value }]
  return Object.entries(value).flatMap(([key, field]) => leavesOf(schema, field, [...path, key]))
}

/** The schemas of a leaf; empty where the path names an object or nothing. */
export function leafSchemas(schema: Schema, path: Path): readonly Schema[] {
  return schemasAt(schema, path).filter((found) => !isStrict(found))
}

/** Every dotted path at which the schema has a leaf. */
export function leafPaths(schema: Schema, path: readonly string[] = []): readonly string[] {
  const below = namesAt(schema, path).flatMap((name) => leafPaths(schema, [...path, name]))
  return path.length > 0 && leafSchemas(schema, path).length > 0 ? [path.join('.'), ...below] : below
}
