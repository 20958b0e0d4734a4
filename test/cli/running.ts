/** Runs commands in this process, in a context that the tests choose. */
import { runAudit } from '../../src/cli/audit.ts'
import type { Command, CommandContext } from '../../src/cli/command.ts'
import { inPieces } from '../audit-reader/verifying.ts'
import { API_KEY, AUDIT_KEY, ORIGIN } from '../support/service.ts'

/** What a configuration needs at least. */
export const settings = { OPENAI_API_KEY: API_KEY, ALLOWED_ORIGINS: ORIGIN, AUTH_MODE: 'none' } as const

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions extends Partial<Omit<CommandContext, 'input' | 'write' | 'note'>> {
  readonly input?: string
  /** How many writes succeed before nothing reads stdout any more. */
  readonly readers?: number
}

export async function runCommand(
  command: Command,
  args: readonly string[],
  { input = '', readers = Infinity, ...context }: RunOptions = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '' }
  let written = 0
  const code = await command(args, {
    environment: {},
    environmentWarnings: [],
    now: () => Date.parse('2026-11-22T12:00:00.000Z'),
    columns: undefined,
    isNoteTerminal: false,
    onEnd: () => undefined,
    ...context,
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

/** `realtime-mint audit …` on a directory whose key is that of the tests. */
export const run = (directory: string, args: readonly string[], options: RunOptions = {}): Promise<Said> =>
  runCommand(runAudit, args, { environment: { AUDIT_DIR: directory, AUDIT_KEY }, ...options })
