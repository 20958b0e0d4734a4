/** `realtime-mint audit …` in this process, with surroundings that tests choose. */
import { runAudit } from '../../src/cli/audit.ts'
import type { Surroundings } from '../../src/cli/audit-context.ts'
import { inPieces } from '../audit-reader/verifying.ts'
import { AUDIT_KEY } from '../support/service.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions extends Partial<Omit<Surroundings, 'input' | 'write' | 'note'>> {
  readonly input?: string
  /** After so many times that something was written, nobody reads any more. */
  readonly readers?: number
}

/** Of a directory whose key is that of the tests. */
export async function run(
  directory: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '' }
  const { input = '', readers = Infinity, ...surroundings } = options
  let written = 0
  const code = await runAudit(args, {
    environment: { AUDIT_DIR: directory, AUDIT_KEY },
    now: () => Date.parse('2026-11-22T12:00:00.000Z'),
    columns: undefined,
    isNoteTerminal: false,
    ...surroundings,
    input: inPieces(input),
    write: (text) => {
      said.stdout += text
      written += 1
      return Promise.resolve(written < readers)
    },
    note: (text) => void (said.stderr += text),
  })
  return { code, ...said }
}
