/** The placeholders in a preset's instructions: declared at load, filled by a request in one pass. */
import { ServiceError } from '../errors.ts'
import { isCredentialLike } from './credentials.ts'
import type { VariableInput } from './file-schema.ts'
import type { Finding } from './findings.ts'
import { MAX_FINDINGS } from './issues.ts'
import { codePoints } from './json.ts'
import { closest } from './suggestion.ts'

export interface Variable {
  /** Null where any text goes, up to a length. */
  readonly values: ReadonlySet<string> | null
  /** In code points. */
  readonly maxLength: number
  readonly default: string | undefined
}

export type Variables = ReadonlyMap<string, Variable>

/** A text with placeholders. Literals and names alternate, and a literal is first and last. */
export interface Template {
  readonly literals: readonly string[]
  readonly names: readonly string[]
}

/** Controls, bidi controls, zero-width and other invisible characters, line and paragraph separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !invisible.test(text)
}

function isValueOf(variable: Variable, value: string): boolean {
  if (!isPlainText(value)) return false
  if (variable.values !== null) return variable.values.has(value)
  // A code point is one or two units, so most values need no counting.
  return value.length <= variable.maxLength || codePoints(value) <= variable.maxLength
}

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

/** `{{{{` is two literal braces. A name has no braces, so that no search goes beyond the next one. */
const placeholderOrBraces = /\{\{\{\{|\{\{([^{}\n]*)\}\}/g

/** Splits a text at its `{{name}}` placeholders. */
export function parseTemplate(text: string): Template {
  const literals: string[] = []
  const names: string[] = []
  let literal = ''
  let end = 0
  for (const { 0: match, 1: name, index } of text.matchAll(placeholderOrBraces)) {
    literal += text.slice(end, index)
    end = index + match.length
    if (name === undefined) literal += '{{'
    else {
      literals.push(literal)
      names.push(name.trim())
      literal = ''
    }
  }
  return { literals: [...literals, literal + text.slice(end)], names }
}

/** True for braces that open a placeholder without a name or an end. */
export function hasStrayBraces(text: string): boolean {
  return text.replace(placeholderOrBraces, '').includes('{{')
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

/**
 * The value of every variable: from the request, or the default.
 * Throws a ServiceError that names a declared variable, never a key that the caller chose.
 */
export function resolveVariables(
  variables: Variables,
  given: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  for (const name of given?.keys() ?? []) {
    if (!variables.has(name)) throw new ServiceError('variable_undeclared', { param: 'variables' })
  }
  const values = new Map<string, string>()
  for (const [name, variable] of variables) {
    const value = given?.get(name) ?? variable.default
    const param = `variables.${name}`
    if (value === undefined) throw new ServiceError('variable_missing', { param })
    if (!isValueOf(variable, value)) throw new ServiceError('variable_invalid', { param })
    values.set(name, value)
  }
  return values
}

/** Fills each value in as `write` renders it. Never looks for placeholders in a value. */
export function fill(
  template: Template,
  values: ReadonlyMap<string, string>,
  write: (value: string) => string,
): string {
  let text = template.literals[0] ?? ''
  template.names.forEach((name, index) => {
    text += write(values.get(name) ?? '') + (template.literals[index + 1] ?? '')
  })
  return text
}
