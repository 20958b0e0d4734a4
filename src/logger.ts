/** The operational log: pino's JSON lines on stdout, made of allow-listed facts only. */
import { type DestinationStream, destination, type Logger, pino } from 'pino'

type SonicBoom = ReturnType<typeof destination>

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

/** Buffered, so that a request costs no write of its own; written ten times a second. */
export function createLogDestination(): SonicBoom {
  const stream = destination({
    dest: 1,
    sync: false,
    minLength: 8_192,
    maxLength: 1_048_576,
    periodicFlush: 100,
  })
  // Whoever read our log is gone. That is no reason to stop.
  stream.on('error', () => undefined)
  return stream
}

/** Longer than any terminal or collector that still reads takes. */
const FLUSH_MS = 500

/** Resolves when the log is written, or cannot be: a sync flush would try for ever where nobody reads any more. */
export function flushLog(stream: SonicBoom): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, FLUSH_MS).unref()
    stream.flush(() => resolve())
  })
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
