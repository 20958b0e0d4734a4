/** The issues of a value with its schema. Their text is ours and never quotes the value. */
import type { z } from 'zod'
import { type Path, valueAt } from '../json.ts'

/** More problems of one preset, or of the syntax, tell an operator nothing new, and cost time. */
export const MAX_FINDINGS = 100

export interface Issue {
  readonly path: Path
  /** The first two are about the key that ends the path, the others about the value there. */
  readonly kind: 'unknown' | 'misnamed' | 'missing' | 'invalid'
  /** The valid values, as a noun phrase; empty for an unknown key. */
  readonly expected: string
}

type Raw = z.core.$ZodIssue

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

/** All issues of a value; none when it is valid. */
export function issuesOf(schema: z.ZodType, value: unknown): readonly Issue[] {
  const result = schema.safeParse(value)
  return result.success ? [] : toIssues(result.error, value)
}

/** The issues in zod's error about this value. */
export function toIssues(error: z.ZodError, value: unknown): readonly Issue[] {
  return error.issues.slice(0, MAX_FINDINGS).flatMap((issue) => flatten(issue, [], value))
}

function flatten(issue: Raw, base: Path, root: unknown): readonly Issue[] {
  const path = [...base, ...issue.path.filter((key) => typeof key !== 'symbol')]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, MAX_FINDINGS)
      .map((key) => ({ path: [...path, key], kind: 'unknown', expected: '' }))
  }
  if (issue.code === 'invalid_union') {
    // The first branch that accepts this kind of value.
    const branch = issue.errors.find((errors) => !errors.some(isMismatch))
    if (branch !== undefined) return branch.flatMap((inner) => flatten(inner, path, root))
  }
  if (issue.code === 'invalid_key') return [{ path, kind: 'misnamed', expected: expectation(issue) }]
  const kind = valueAt(root, path) === undefined ? 'missing' : 'invalid'
  return [{ path, kind, expected: expectation(issue) }]
}

function isMismatch(issue: Raw): boolean {
  return issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code)
}

function expectation(issue: Raw): string {
  if (issue.code === 'invalid_type') return nouns[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value') return list(issue.values.map(String))
  if (issue.code === 'invalid_union') return list(unionExpectations(issue))
  if (issue.code === 'invalid_key') return issue.issues.map(expectation).join(', ')
  if (issue.code === 'too_small') return bound(issue.origin, `at least ${issue.minimum}`)
  if (issue.code === 'too_big') return bound(issue.origin, `at most ${issue.maximum}`)
  // The schema sets the messages of formats and refinements to noun phrases.
  return issue.message
}

function unionExpectations(issue: Extract<Raw, { code: 'invalid_union' }>): readonly string[] {
  if (issue.errors.length === 0 && 'options' in issue && Array.isArray(issue.options)) {
    return issue.options.map(String)
  }
  return [...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation)))]
}

function bound(origin: string, limit: string): string {
  if (origin === 'string')
    return limit === 'at least 1' ? 'text that is not empty' : `text of ${limit} characters`
  if (origin === 'object') return `an object of ${limit} keys`
  if (origin === 'array') return `a list of ${limit} item${limit.endsWith(' 1') ? '' : 's'}`
  return `a number of ${limit}`
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}
