/** Plain JSON values and the paths in them. */
import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../json.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Path = readonly (string | number)[]

/** A dotted path of object keys; '' is the root. */
export function toPath(dotted: string): readonly string[] {
  return dotted === '' ? [] : dotted.split('.')
}

/** The own value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** Puts a value at a path. Replaces what is not an object on the way. */
export function putAt(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let object = root
  for (const key of path.slice(0, -1)) {
    const next = object[key]
    const inner = isObject(next) ? next : {}
    object[key] = inner
    object = inner
  }
  const last = path.at(-1)
  if (last !== undefined) object[last] = value
}

/** Equality of JSON values; the order of an object's keys does not matter. */
export function isEqual(one: unknown, other: unknown): boolean {
  // JSON has a negative zero, which isDeepStrictEqual tells from zero.
  return one === other || isDeepStrictEqual(one, other)
}

/** Freezes a JSON value and everything in it. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}

/** The length of a text in code points. */
export function codePoints(text: string): number {
  return Array.from(text).length
}

/** True when a value is nested deeper, or an object in it has more keys. Looks no further than that. */
export function isLarger(value: unknown, depth: number, keys: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  const inner = Object.values(value)
  if (depth === 0 || (!Array.isArray(value) && inner.length > keys)) return true
  return inner.some((item) => isLarger(item, depth - 1, keys))
}
