/** The operational log: pino's JSON lines on stdout, made of allow-listed facts only. */
import { type DestinationStream, destination, type Logger, pino } from 'pino'

import { codeOf, ServiceError } from './errors.ts'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

/** Where it was thrown, without the lines that quote its message. */
const toFrames = ({ stack, message }: Error): readonly string[] =>
  (stack ?? '')
    .split('\n')
    .slice(message.split('\n').length)
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())

/** What may be said of an error: its kind and place, and its message only where that is one of ours. */
export function toLoggedError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const base = { type: error.name, code: codeOf(error), frames: toFrames(error) }
  if (!(error instanceof ServiceError)) return base
  const cause = error.cause === undefined ? undefined : toLoggedError(error.cause)
  return { ...base, reason: error.reason, message: error.message, cause }
}

export interface LogDestination extends DestinationStream {
  /** Takes nothing more. Resolves when all that was logged is written, or cannot be. */
  readonly close: () => Promise<void>
}

/** Of requests, about 8 KiB. */
const LINES_AT_ONCE = 32
const WRITE_MS = 100
/** Longer than any terminal or collector that still reads takes. */
const LAST_WRITE_MS = 500

/**
 * Standard output, written ten times a second or as soon as there is much, so that a request costs no write of its own.
 * Lines are gathered here: pino's stream measures all that it holds anew for each line that it is given.
 */
export function createLogDestination(): LogDestination {
  const stream = destination({ dest: 1, sync: false, minLength: 1, maxLength: 1_048_576 })
  // Whoever read our log is gone. That is no reason to stop.
  stream.on('error', () => undefined)
  let lines: string[] = []

  function pass(): void {
    if (lines.length > 0) stream.write(lines.join(''))
    lines = []
  }

  const passing = setInterval(pass, WRITE_MS).unref()
  return {
    write: (line) => {
      if (lines.push(line) === LINES_AT_ONCE) pass()
    },
    close: () =>
      new Promise((resolve) => {
        function end(): void {
          // Or the stream would try for ever at the process's exit, where nobody reads or the disk is full.
          stream.destroy()
          resolve()
        }

        pass()
        clearInterval(passing)
        stream.flush(end)
        setTimeout(end, LAST_WRITE_MS).unref()
      }),
  }
}

export function createLogger(level: LogLevel, stream: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: toLoggedError },
      // Without a message of its own, a line would take the error's.
      hooks: {
        logMethod(given, log) {
          if (given.length === 1 && typeof given[0] !== 'string') log.call(this, given[0], 'no message')
          else log.apply(this, given)
        },
      },
    },
    stream,
  )
}
