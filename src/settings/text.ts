/** Checks that apply to the text of every setting and secret file. */
import { z } from 'zod'
import { FileError, readSmallFileSync } from '../read-file.ts'
import type { Loaded } from '../watched-file.ts'

/** What is wrong with any text, as the predicate of a sentence that never quotes it; undefined where nothing is. */
export function findTextProblem(text: string): string | undefined {
  if (/^(["'`]).*\1$/su.test(text) || /^[“‘„].*[”’“]$/su.test(text))
    return 'has quotes around it. Remove them'
  if (/^\s|\s$/u.test(text)) return 'begins or ends with a blank or a line break. Remove it'
  if (text.startsWith('~/')) return 'begins with ~, which only a shell replaces. Write the whole path'
  if (text.includes('${')) return 'contains ${…}, which nothing has replaced. Write the value itself'
  return undefined
}

/** What is wrong with a value, as the predicate of a sentence; undefined where nothing is. */
type ProblemFinder<Value> = (value: Value) => string | undefined

/** Reports the problem of a value to zod. */
export const report =
  <Value>(toProblem: ProblemFinder<Value>) =>
  (value: Value, context: z.core.$RefinementCtx): void => {
    const problem = toProblem(value)
    if (problem !== undefined) context.addIssue(problem)
  }

export const checked = (toProblem: ProblemFinder<string>) => z.string().superRefine(report(toProblem))

/** The entries of a list that is separated by commas. */
export const toEntries = (text = ''): readonly string[] => text.split(',').map((entry) => entry.trim())

/** A list whose wrong entries are reported one by one. */
export const listOf = (toProblem: ProblemFinder<string>) =>
  z
    .string()
    .transform(toEntries)
    .superRefine((entries, context) => {
      for (const [index, entry] of entries.entries()) {
        const problem = toProblem(entry)
        if (problem !== undefined) context.addIssue(`entry ${index + 1} ${problem}`)
      }
    })

/** The secret in the content of a file, without the byte order mark and the one line ending that editors add. */
export function toFileSecret(content: Buffer): Loaded<string, string> {
  const value = content.toString('utf8').replace(/^\ufeff|\r?\n$/g, '')
  if (/^(?:export\s+)?[A-Z][A-Z0-9_]{3,}=[^=]/.test(value))
    return { refused: 'contains NAME=value. Write only the value' }
  if (/^[{[]/.test(value)) return { refused: 'contains JSON. Write only the secret' }
  const problem = findTextProblem(value)
  return problem === undefined ? { value } : { refused: problem }
}

/** The secret in a file. A refusal says what is wrong with the file. */
export function readSecretFile(path: string): Loaded<string, string> {
  try {
    return toFileSecret(readSmallFileSync(path))
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    const isSecret = error.code === 'ENOENT' && !path.includes('/')
    return {
      refused: `the file ${error.message}${isSecret ? '. Write the path of a file, not a secret' : ''}`,
    }
  }
}
