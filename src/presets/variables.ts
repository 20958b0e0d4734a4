/** The variables of a preset, and the template that they fill. */
import { codePoints } from './json.ts'
import type { VariableInput } from './schema/file.ts'

export type Variables = ReadonlyMap<string, VariableInput>

/** A text with placeholders. Literals and names alternate, and a literal is first and last. */
export interface Template {
  readonly literals: readonly string[]
  readonly names: readonly string[]
}

/** Controls, bidi controls, zero-width and other invisible characters, line and paragraph separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !invisible.test(text)
}

export function isValueOf({ enum: values, max_length: most = 0 }: VariableInput, value: string): boolean {
  if (!isPlainText(value)) return false
  // A code point is one or two units, so most values need no counting.
  return values?.includes(value) ?? (value.length <= most || codePoints(value) <= most)
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

/** Replaces each placeholder by its value, as `write` renders it. A placeholder inside a value stays as it is. */
export function fill(
  template: Template,
  values: ReadonlyMap<string, string>,
  write: (value: string) => string = String,
): string {
  let text = template.literals[0] ?? ''
  template.names.forEach((name, index) => {
    text += write(values.get(name) ?? '') + (template.literals[index + 1] ?? '')
  })
  return text
}
