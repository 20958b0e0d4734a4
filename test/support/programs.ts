/** Programs that some tests need beside Node: missing, they are skipped with a sentence, but never in CI. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Daemons are there on Debian, and not in everybody's PATH. */
export const PROGRAM_PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`

export function isInstalled(program: string): boolean {
  return PROGRAM_PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Whether tests that cannot run without `program` are to be skipped. */
export const isMissing = (program: string): boolean =>
  !isInstalled(program) && process.env['CI'] === undefined

/** For the title of such tests. */
export const ifMissing = (program: string): string =>
  isMissing(program) ? ` (skipped: ${program} is not installed)` : ''
