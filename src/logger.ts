/** The operational log: pino's JSON lines on stdout, made of allow-listed facts only. */
import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { codeOf, ServiceError } from './errors.ts'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

/** Where it was thrown, without the line that quotes its message. */
const toFrames = (stack: string | undefined): readonly string[] =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())

/** What may be said of an error: its kind and place, and its message only where that is one of ours. */
export function toLoggedError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const base = { type: error.name, code: codeOf(error), frames: toFrames(error.stack) }
  if (!(error instanceof ServiceError)) return base
  const cause = error.cause === undefined ? undefined : toLoggedError(error.cause)
  return { ...base, reason: error.reason, message: error.message, cause }
}

/** Buffered, so that a request costs no write of its own; flushed ten times a second, and by `flush`. */
export const createLogDestination = (): DestinationStream & { flushSync: () => void } =>
  destination({ dest: 1, sync: false, minLength: 4_096, maxLength: 1_048_576, periodicFlush: 100 })

export function createLogger(level: LogLevel, stream: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: toLoggedError },
    },
    stream,
  )
}
