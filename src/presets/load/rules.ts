/** Checks a preset's rules against the schema of its session. */
import { z } from 'zod'
import { isObject } from '../../json.ts'
import { closest } from '../../suggestion.ts'
import { toPath } from '../json.ts'
import type { RuleInput } from '../schema/file.ts'
import { flatSession, toFlatField } from '../schema/flat.ts'
import { gaSessions, type SessionType } from '../schema/ga.ts'
import { knownPath, leafPaths, leafSchemas, namesAt } from '../schema/paths.ts'
import type { Finding } from './findings.ts'

/** The problems of a preset's rules. Paths start at the rule's key. */
export function ruleProblems(
  rules: Readonly<Record<string, RuleInput>>,
  type: SessionType,
  isSentFlat: boolean,
): readonly Finding[] {
  return Object.entries(rules).flatMap(([path, rule]) => {
    const wrong = pathProblem(path, type, isSentFlat)
    return wrong === undefined
      ? valueProblems(path, rule, type)
      : [{ path: [path], atKey: true, message: wrong }]
  })
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
  const home = toFlatField(path)
  if (home === undefined) return false
  const parts = [home.field, ...toPath(home.inside)]
  return (
    namesAt(flatSession, [home.field]).length === 0 || knownPath(flatSession, parts).length === parts.length
  )
}

/** A rule is a promise to callers, so the schema must accept everything that it allows. */
function valueProblems(path: string, rule: RuleInput, type: SessionType): readonly Finding[] {
  const takes = (value: unknown): boolean =>
    leafSchemas(gaSessions[type], toPath(path)).some((schema) => z.safeParse(schema, value).success)
  if (rule === true) {
    return takes(true) && takes(false)
      ? []
      : [{ path: [path], message: 'is not a true-or-false field; list its values' }]
  }
  if (Array.isArray(rule)) {
    return rule.flatMap((value, index) => {
      if (takes(value)) return []
      const message = isObject(value)
        ? 'is an object; open the fields inside it by their own paths'
        : 'is not a value that this field accepts'
      return [{ path: [path, index], message }]
    })
  }
  if (rule.max_length !== undefined) {
    const at = [path, 'max_length']
    if (!takes('en')) return [{ path: at, message: 'does not go with this field: it takes no free text' }]
    // Longer than any bound of a text in the schemas.
    const isTooLong = !takes('a'.repeat(Math.min(rule.max_length, 4_096)))
    return isTooLong ? [{ path: at, message: 'is more than this field takes' }] : []
  }
  return (['min', 'max'] as const).flatMap((end) => {
    const value = rule[end]
    return value === undefined || takes(value)
      ? []
      : [{ path: [path, end], message: 'is not a value that this field accepts' }]
  })
}
