/** The operational log: JSON lines on stdout that contain only allow-listed facts. */
import { fstatSync, writeSync } from 'node:fs'
import { type DestinationStream, type Logger, pino } from 'pino'
import { codeOf, ServiceError } from './errors.ts'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

/** Where the error was thrown, without the lines that quote its message. */
const toFrames = ({ stack, message }: Error): readonly string[] =>
  (stack ?? '')
    .split('\n')
    .slice(message.split('\n').length)
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())

/** The parts of an error that may be logged: its kind and place, and its message only if it is ours. */
export function toLoggedError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const base = { type: error.name, code: codeOf(error), frames: toFrames(error) }
  if (!(error instanceof ServiceError)) return base
  const cause = error.cause === undefined ? undefined : toLoggedError(error.cause)
  return { ...base, reason: error.reason, message: error.message, cause }
}

export interface LogDestination extends DestinationStream {
  /** Accepts nothing more. Resolves when the last line is written, or after half a second where it cannot be. */
  readonly close: () => Promise<void>
}

/** About 8 KiB of request lines. */
const LINES_AT_ONCE = 32
const WRITE_MS = 100
/** A terminal or a collector that still reads needs less. */
const LAST_WRITE_MS = 500
/** What may wait for a reader. It is above any single line. */
const MAX_WAITING_BYTES = 4_194_304

/** Writes to a file by itself: after a full disk, process.stdout would stay broken for good. */
function writeToFile(text: string): boolean {
  try {
    const bytes = Buffer.from(text)
    return writeSync(1, bytes) === bytes.length
  } catch {
    return false
  }
}

/** A pipe without a reader neither blocks the process nor fills its memory. */
function writeToPipe(text: string): boolean {
  if (process.stdout.writableLength > MAX_WAITING_BYTES) return false
  process.stdout.write(text)
  return true
}

/** Standard output, written ten times a second or as soon as there is much: a request costs no write of its own. */
export function createLogDestination(): LogDestination {
  const stats = fstatSync(1)
  const write = stats.isFIFO() || stats.isSocket() || process.stdout.isTTY ? writeToPipe : writeToFile
  let lines: string[] = []
  let lost = 0

  function flush(): void {
    if (lines.length === 0) return
    const notice =
      lost === 0
        ? ''
        : `${JSON.stringify({ level: 'error', time: new Date().toISOString(), lost, msg: 'log lines lost: standard output did not accept them' })}\n`
    lost = write(`${notice}${lines.join('')}`) ? 0 : lost + lines.length
    lines = []
  }

  const flushing = setInterval(flush, WRITE_MS).unref()
  return {
    write: (line) => {
      if (lines.push(line) === LINES_AT_ONCE) flush()
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(flushing)
        flush()
        setTimeout(resolve, LAST_WRITE_MS)
        process.stdout.write('', () => resolve())
      }),
  }
}

/** Lines of the start wait for the line that says what started, which is the first one. */
export class LogGate {
  #waiting: (() => void)[] | undefined = []

  pass(write: () => void): void {
    if (this.#waiting === undefined) write()
    else this.#waiting.push(write)
  }

  /** Writes `first`, then what waits. From then on, lines pass. */
  open(first?: () => void): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    first?.()
    for (const write of waiting) write()
  }
}

/** The time as a JSON member. Lines of the same millisecond share one text. */
function createTimestamp(): () => string {
  let lastMs = 0
  let text = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== lastMs) {
      lastMs = nowMs
      text = `,"time":"${new Date(nowMs).toISOString()}"`
    }
    return text
  }
}

/** Without a gate, every line is written at once. */
export function createLogger(level: LogLevel, stream: DestinationStream, gate?: LogGate): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: toLoggedError },
      // A line without a message would get the message of its error.
      hooks: {
        logMethod(given, log) {
          const write = (): void => {
            if (given.length === 1 && typeof given[0] !== 'string') log.call(this, given[0], 'no message')
            else log.apply(this, given)
          }
          if (gate === undefined) write()
          else gate.pass(write)
        },
      },
    },
    stream,
  )
}
