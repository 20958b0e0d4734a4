/** Checks the variables that a preset declares, and compares them with the placeholders in its instructions. */
import { closest } from '../../suggestion.ts'
import type { VariableInput } from '../schema/file.ts'
import { MAX_FINDINGS } from '../schema/issues.ts'
import { isPlainText, isValueOf, type Template } from '../variables.ts'
import { isCredentialLike } from './credentials.ts'
import { type Finding, keyWarning, problem } from './findings.ts'

/** Values that no request could use. */
export function checkVariable(declared: VariableInput): readonly Finding[] {
  const { enum: values = [], default: fallback } = declared
  const isUsable = fallback === undefined || isValueOf(declared, fallback)
  return [
    ...values.flatMap((value, index) =>
      isPlainText(value) ? [] : [problem(['enum', index], 'has a control, bidi or zero-width character')],
    ),
    ...(isUsable ? [] : [problem(['default'], 'is not a value that this variable accepts')]),
  ]
}

/** A placeholder without a declaration is a problem, a declaration without a placeholder is a warning. */
export function comparePlaceholders(
  template: Template | undefined,
  declared: readonly string[],
): readonly Finding[] {
  const used = new Set(template?.names)
  const undeclared = [...used].filter((name) => !declared.includes(name)).slice(0, MAX_FINDINGS)
  const unused = declared.filter((name) => !used.has(name))
  return [
    ...undeclared.map((name) => problem(['session', 'instructions'], undeclaredMessage(name, declared))),
    ...unused.map((name) =>
      keyWarning(['variables', name], `is not used in the instructions; write {{${name}}} there`),
    ),
  ]
}

function undeclaredMessage(name: string, declared: readonly string[]): string {
  const isShown = /^\w{1,64}$/.test(name) && !isCredentialLike(name)
  const near = closest(name, declared)
  const message = `has ${isShown ? `the placeholder {{${name}}}` : 'a placeholder'}, which variables do not declare`
  return near === undefined ? message : `${message}; did you mean {{${near}}}?`
}
