/** Checks the variables that a preset declares, and compares them with the placeholders in its instructions. */
import { closest } from '../../suggestion.ts'
import type { VariableInput } from '../schema/file.ts'
import { MAX_FINDINGS } from '../schema/issues.ts'
import { isPlainText, isValueOf, type Template, type Variable, type Variables } from '../variables.ts'
import { isCredentialLike } from './credentials.ts'
import type { Finding } from './findings.ts'

/** Turns declarations into variables. The problems are values that no request could use. */
export function toVariables(declared: Readonly<Record<string, VariableInput>>): {
  variables: Variables
  problems: readonly Finding[]
} {
  const variables = new Map<string, Variable>()
  const problems: Finding[] = []
  for (const [name, rule] of Object.entries(declared)) {
    const variable: Variable = {
      values: rule.enum === undefined ? null : new Set(rule.enum),
      maxLength: rule.max_length ?? Number.POSITIVE_INFINITY,
      default: rule.default,
    }
    variables.set(name, variable)
    rule.enum?.forEach((value, index) => {
      if (!isPlainText(value)) {
        problems.push({
          path: [name, 'enum', index],
          message: 'has a control, bidi or zero-width character',
        })
      }
    })
    if (rule.default !== undefined && !isValueOf(variable, rule.default)) {
      problems.push({ path: [name, 'default'], message: 'is not a value that this variable accepts' })
    }
  }
  return { variables, problems }
}

/** A placeholder without a declaration is a problem (path `[]`), the reverse is a warning (path `[name]`). */
export function comparePlaceholders(
  template: Template,
  declared: readonly string[],
): { problems: readonly Finding[]; warnings: readonly Finding[] } {
  const undeclared = [...new Set(template.names)]
    .filter((name) => !declared.includes(name))
    .slice(0, MAX_FINDINGS)
  const unused = declared.filter((name) => !template.names.includes(name))
  return {
    problems: undeclared.map((name) => ({
      path: [],
      message: undeclaredMessage(name, closest(name, declared)),
    })),
    warnings: unused.map((name) => ({
      path: [name],
      atKey: true,
      message: 'is not used in the instructions',
    })),
  }
}

function undeclaredMessage(name: string, near: string | undefined): string {
  const placeholder =
    /^\w{1,64}$/.test(name) && !isCredentialLike(name) ? `the placeholder {{${name}}}` : 'a placeholder'
  return `has ${placeholder}, which variables do not declare${near === undefined ? '' : `; did you mean {{${near}}}?`}`
}
