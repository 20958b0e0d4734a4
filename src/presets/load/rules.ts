/** Checks a preset's rules against the schema of its session. */
import { z } from 'zod'
import { isObject } from '../../json.ts'
import { closest } from '../../suggestion.ts'
import { toPath } from '../json.ts'
import type { RuleInput } from '../schema/file.ts'
import { flatSession, gaPathOf, isFlatField, toFlatPath } from '../schema/flat.ts'
import { gaSessions, type SessionType } from '../schema/ga.ts'
import { voices } from '../schema/models.ts'
import { knownPath, leafPaths, leafSchemas, namesAt } from '../schema/paths.ts'
import { type Finding, keyProblem, problem } from './findings.ts'

/** What is wrong with a rule for this path; undefined is one of no kind. The paths of findings start at the rule. */
export function* checkRule(
  path: string,
  rule: RuleInput | undefined,
  type: SessionType,
  isSentFlat: boolean,
): Iterable<Finding> {
  const wrong = pathProblem(path, type, isSentFlat)
  if (wrong === undefined) yield* valueProblems(path, rule, type)
  else yield keyProblem([], wrong)
}

function pathProblem(path: string, type: SessionType, isSentFlat: boolean): string | undefined {
  const schema = gaSessions[type]
  const parts = toPath(path)
  if (path === 'type') return 'cannot be opened: a preset mints one type of session'
  // Lists and objects with free keys are leaves: nothing inside them has a path.
  if (knownPath(schema, parts).length < parts.length || leafSchemas(schema, parts).length === 0) {
    const names = namesAt(schema, parts)
    if (names.length > 0) return `names an object; name a field inside it, such as ${path}.${names[0]}`
    const flat = isFlatField(path) ? gaPathOf[path] : null
    const isMoved = flat !== null && leafSchemas(schema, toPath(flat)).length > 0
    const near = isMoved ? flat : closest(path, leafPaths(schema))
    return `is not a field of a ${type} session${near === undefined ? '' : `; did you mean "${near}"?`}`
  }
  return isSentFlat && !hasFlatHome(path) ? 'is not a field of the flat endpoint' : undefined
}

function hasFlatHome(path: string): boolean {
  const flat = toFlatPath(path)
  if (flat === undefined) return false
  return namesAt(flatSession, [flat[0]]).length === 0 || knownPath(flatSession, flat).length === flat.length
}

/** What a rule for a field of these schemas can be. */
function formOf(path: string, schemas: readonly z.core.$ZodType[]): string {
  if (schemas.some((schema) => schema instanceof z.ZodBoolean))
    return 'true, which opens both values, or a list of values'
  if (schemas.some((schema) => schema instanceof z.ZodNumber))
    return 'an object with min and max, or a list of values'
  const listed = path === 'audio.output.voice' ? voices.slice(-2) : schemas.flatMap(valuesOf).slice(0, 2)
  const list = listed.length === 0 ? 'a list of values' : `a list of values, such as [${listed.join(', ')}]`
  const isText = schemas.some((schema) => schema instanceof z.ZodString)
  return isText ? `${list}, or an object with max_length` : list
}

function valuesOf(schema: z.core.$ZodType): readonly unknown[] {
  if (schema instanceof z.ZodEnum) return schema.options
  return schema instanceof z.ZodLiteral ? [...schema.values] : []
}

const unaccepted = 'is not a value that this field accepts'

/** A rule is a promise to callers, so the schema must accept everything that it allows. */
function* valueProblems(path: string, rule: RuleInput | undefined, type: SessionType): Iterable<Finding> {
  const schemas = leafSchemas(gaSessions[type], toPath(path))
  const takes = (value: unknown): boolean => schemas.some((schema) => z.safeParse(schema, value).success)
  if (rule === undefined || rule === true) {
    if (rule !== true || !takes(true) || !takes(false)) yield problem([], `must be ${formOf(path, schemas)}`)
  } else if (Array.isArray(rule)) {
    const asObject = 'is an object; open the fields inside it by their own paths'
    for (const [index, value] of rule.entries())
      if (!takes(value)) yield problem([index], isObject(value) ? asObject : unaccepted)
  } else {
    const { max_length: maxLength, ...ends } = rule
    for (const [end, value] of Object.entries(ends)) if (!takes(value)) yield problem([end], unaccepted)
    if (maxLength === undefined) return
    if (!takes('en')) yield problem(['max_length'], 'is not for this field: it accepts no free text')
    // Longer than any bound of a text in the schemas.
    else if (!takes('a'.repeat(Math.min(maxLength, 4_096))))
      yield problem(['max_length'], 'is more than this field accepts')
  }
}
