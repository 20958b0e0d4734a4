/** How the process ends: with which code, and always. */
import { toLoggedError } from '../logger.ts'
import { ConfigError, toListed } from '../problems.ts'

/** From sysexits.h, so that supervisors can distinguish a crash from a bad setting. */
export const EXIT_USAGE = 64
export const EXIT_CRASH = 70
export const EXIT_CONFIG = 78

/** For the last lines to reach stdout and stderr. */
const CLOSE_GRACE_MS = 1_000

/**
 * Ends the process, even if one of its threads waits for a file or a name server that never answers: exit() would wait
 * for that thread. Another program in the place of this one does not.
 */
export function endProcess(code: number): void {
  // What called this may be the end of such a wait, which counts until the next turn.
  setImmediate(() => {
    const isStuck = process
      .getActiveResourcesInfo()
      .some((name) => /^(?:FSReq|Get(?:Addr|Name)Info)/.test(name))
    if (isStuck && typeof process.execve === 'function') {
      process.execve(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {})
    }
    process.exit(code)
  })
}

/** Writes to the log why the process ends. */
export type ReportEnd = (error: Error) => Promise<void>

export interface Program {
  /** Sets the report; without one, stderr alone says what happened. */
  readonly onEnd: (report: ReportEnd) => void
}

/** Any value can be thrown, even one that throws when it is looked at. */
function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown
  } catch {
    // typeof looks at nothing.
  }
  return Object.assign(new Error(), { name: `thrown ${typeof thrown}` })
}

/** The kind of an error and its place, never its message: that may quote a secret. */
function toCrashLine(error: Error): string {
  try {
    return `realtime-mint crashed: ${JSON.stringify(toLoggedError(error))}\n`
  } catch {
    return 'realtime-mint crashed\n'
  }
}

function toText(error: Error): string {
  if (!(error instanceof ConfigError)) return toCrashLine(error)
  const lines = toListed(error.problems).map((problem) => `  ${problem}\n`)
  return `realtime-mint cannot run. Fix this and run it again:\n${lines.join('')}`
}

/**
 * Runs the program. Whatever it throws, at any time and anywhere in the process, ends the process: with 78 for a
 * ConfigError, with 70 for anything else. The first error counts, because the others may follow from it.
 */
export async function runProgram(program: (program: Program) => Promise<void>): Promise<void> {
  let report: ReportEnd | undefined
  let isEnding = false

  async function end(thrown: unknown): Promise<void> {
    if (isEnding) return
    isEnding = true
    const error = toError(thrown)
    const code = error instanceof ConfigError ? EXIT_CONFIG : EXIT_CRASH
    setTimeout(() => endProcess(code), CLOSE_GRACE_MS)
    const isTold = new Promise<void>((resolve) => process.stderr.write(toText(error), () => resolve()))
    // An error of the report must not hide the one that it is about.
    await report?.(error).catch(() => undefined)
    await isTold
    endProcess(code)
  }

  const onThrown = (thrown: unknown): void => void end(thrown)
  process.on('uncaughtException', onThrown).on('unhandledRejection', onThrown)
  // Without a listener, this signal would open a debugger, and with it the key.
  process.on('SIGUSR1', () => undefined)
  // The reader of stdout may stop reading, as head does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  await program({ onEnd: (given) => (report = given) }).catch(end)
}
