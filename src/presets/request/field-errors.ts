/** Checks what a request contains against a schema, and names the field that is wrong. */
import type { z } from 'zod'
import { ServiceError } from '../../errors.ts'
import { isLarger } from '../json.ts'
import { toIssues } from '../schema/issues.ts'
import { knownPath } from '../schema/paths.ts'

/** More than any session needs. The bound limits the stack and the time that a hostile body costs. */
const MAX_DEPTH = 32
const MAX_KEYS = 256

const plainName = /^[A-Za-z_]\w{0,63}$/

/** Throws field_invalid for a value that is larger than any session. */
export function checkSize(value: unknown, at: string): void {
  if (isLarger(value, MAX_DEPTH, MAX_KEYS)) throw new ServiceError('field_invalid', toDetails([at]))
}

/** The value, checked. `at` is its place in the body. Throws field_unknown or field_invalid. */
export function parseField<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: string,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = toIssues(result.error, value)
  const unknown = issues.find(({ kind }) => kind === 'unknown')?.path
  if (unknown === undefined) {
    const known = knownPath(schema, issues[0]?.path ?? [])
    throw new ServiceError('field_invalid', toDetails([at, ...known]))
  }
  const isPlain = unknown.every((part) => typeof part === 'string' && plainName.test(part))
  const shown = isPlain ? unknown.map(String) : knownPath(schema, unknown.slice(0, -1))
  throw new ServiceError('field_unknown', toDetails([at, ...shown]))
}

function toDetails(parts: readonly string[]): { param?: string } {
  const param = parts.filter((part) => part !== '').join('.')
  return param === '' ? {} : { param }
}
