/** Checks a preset's rules against the schema of its session. */
import { z } from 'zod'
import { isObject } from '../../json.ts'
import { closest } from '../../suggestion.ts'
import { toPath } from '../json.ts'
import type { RuleInput } from '../schema/file.ts'
import { flatSession, toFlatPath } from '../schema/flat.ts'
import { gaSessions, type SessionType } from '../schema/ga.ts'
import { knownPath, leafPaths, leafSchemas, namesAt } from '../schema/paths.ts'
import { type Finding, keyProblem, problem } from './findings.ts'

/** What is wrong with a rule for this path. The paths of findings start at the rule. */
export function checkRule(
  path: string,
  rule: RuleInput,
  type: SessionType,
  isSentFlat: boolean,
): readonly Finding[] {
  const wrong = pathProblem(path, type, isSentFlat)
  return wrong === undefined ? valueProblems(path, rule, type) : [keyProblem([], wrong)]
}

function pathProblem(path: string, type: SessionType, isSentFlat: boolean): string | undefined {
  const schema = gaSessions[type]
  const parts = toPath(path)
  if (path === 'type') return 'cannot be opened: a preset mints one type of session'
  // Lists and objects with free keys are leaves: nothing inside them has a path.
  if (knownPath(schema, parts).length < parts.length || leafSchemas(schema, parts).length === 0) {
    const names = namesAt(schema, parts)
    if (names.length > 0) return `names an object; name a field inside it, such as ${path}.${names[0]}`
    const near = closest(path, leafPaths(schema))
    return `is not a field of a ${type} session${near === undefined ? '' : `; did you mean "${near}"?`}`
  }
  return isSentFlat && !hasFlatHome(path) ? 'is not a field of the flat endpoint' : undefined
}

function hasFlatHome(path: string): boolean {
  const flat = toFlatPath(path)
  if (flat === undefined) return false
  const isLeaf = namesAt(flatSession, flat.slice(0, 1)).length === 0
  return isLeaf || knownPath(flatSession, flat).length === flat.length
}

const unaccepted = 'is not a value that this field accepts'

/** A rule is a promise to callers, so the schema must accept everything that it allows. */
function valueProblems(path: string, rule: RuleInput, type: SessionType): readonly Finding[] {
  const schemas = leafSchemas(gaSessions[type], toPath(path))
  const takes = (value: unknown): boolean => schemas.some((schema) => z.safeParse(schema, value).success)
  if (rule === true) {
    const isFlag = takes(true) && takes(false)
    return isFlag ? [] : [problem([], 'is not a true-or-false field; list its values')]
  }
  if (Array.isArray(rule)) {
    const asObject = 'is an object; open the fields inside it by their own paths'
    return rule.flatMap((value, index) =>
      takes(value) ? [] : [problem([index], isObject(value) ? asObject : unaccepted)],
    )
  }
  const { min, max, max_length: maxLength } = rule
  if (maxLength === undefined) {
    return Object.entries({ min, max }).flatMap(([end, value]) =>
      value === undefined || takes(value) ? [] : [problem([end], unaccepted)],
    )
  }
  if (!takes('en')) return [problem(['max_length'], 'does not go with this field: it takes no free text')]
  // Longer than any bound of a text in the schemas.
  const isTooLong = !takes('a'.repeat(Math.min(maxLength, 4_096)))
  return isTooLong ? [problem(['max_length'], 'is more than this field takes')] : []
}
