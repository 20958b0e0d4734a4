/** Programs that some tests need besides Node. Without them the tests are skipped and say so. In CI they fail. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian puts daemons here, which is not in every user's PATH. */
export const PROGRAM_PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`

/** The path of a program, or undefined if it is not installed. */
export function findProgram(program: string): string | undefined {
  const paths = PROGRAM_PATH.split(delimiter).map((folder) => join(folder, program))
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export const isInstalled = (program: string): boolean => findProgram(program) !== undefined

/** True if tests that need `program` must be skipped. */
export const isMissing = (program: string): boolean =>
  !isInstalled(program) && process.env['CI'] === undefined

/** The suffix for the title of such tests. */
export const ifMissing = (program: string): string =>
  isMissing(program) ? ` (skipped: ${program} is not installed)` : ''
