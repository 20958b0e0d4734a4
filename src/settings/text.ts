/** Checks that apply to the text of every setting and secret file. */
import { FileError, readSmallFileSync } from '../read-file.ts'

/** The content of a secret file without the byte order mark and the one line ending that editors add. */
export const toFileText = (content: Buffer): string =>
  content
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r?\n$/, '')

/** What is wrong with any text, as the predicate of a sentence that never quotes it; undefined where nothing is. */
export function findTextProblem(text: string): string | undefined {
  if (/^(["'`]).*\1$/su.test(text) || /^[“‘„].*[”’“]$/su.test(text))
    return 'has quotes around it. Remove them'
  if (/^\s|\s$/u.test(text)) return 'begins or ends with a blank or a line break. Remove it'
  if (text.startsWith('~/')) return 'begins with ~, which only a shell replaces. Write the whole path'
  if (text.includes('${')) return 'contains ${…}, which nothing has replaced. Write the value itself'
  return undefined
}

/** Finds common mistakes in the content of secret files. */
export function findSecretFileProblem(text: string): string | undefined {
  if (/^(?:export\s+)?[A-Z][A-Z0-9_]{3,}=[^=]/.test(text)) return 'contains NAME=value. Write only the value'
  if (/^[{[]/.test(text)) return 'contains JSON. Write only the secret'
  return findTextProblem(text)
}

/** The secret in a file, or what is wrong with the file. */
export function readSecretFile(path: string): { readonly value: string } | { readonly problem: string } {
  try {
    const value = toFileText(readSmallFileSync(path))
    const problem = findSecretFileProblem(value)
    return problem === undefined ? { value } : { problem }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    const isSecret = error.code === 'ENOENT' && !path.includes('/')
    return {
      problem: `the file ${error.message}${isSecret ? '. Write the path of a file, not a secret' : ''}`,
    }
  }
}
