/** What every command gets and returns. */
import type { Environment } from '../config.ts'
import type { Program } from './exit.ts'

export interface CommandContext extends Program {
  /** Throws a ConfigError where `.env` cannot be read. */
  readonly environment: Environment
  /** What in `.env` has no effect. */
  readonly environmentWarnings: readonly string[]
  /** Unix milliseconds. */
  readonly now: () => number
  /** Writes to stdout; resolves when more may be written, with false where nothing reads stdout any more. */
  readonly write: (text: string) => Promise<boolean>
  /** Writes to stderr, for people. */
  readonly note: (text: string) => void
  /** The bytes of stdin. */
  readonly input: AsyncIterable<Buffer>
  /** The width of the terminal behind stdout; undefined where it is none. */
  readonly columns: number | undefined
  /** Whether stderr is a terminal. */
  readonly isNoteTerminal: boolean
}

/** Runs a command with the arguments that follow its name. Returns the exit code. Throws a Misuse or a ConfigError. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
