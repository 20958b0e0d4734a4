/** Asks the audit's index, which lives in a worker thread: the event loop of mints never waits for SQLite or the disk. */
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Cursor, RecordFilter } from '../audit-reader/index-query.ts'
import { AdminError } from './admin-error.ts'

export type Question =
  | {
      readonly kind: 'attempts' | 'csv'
      readonly filter: RecordFilter
      readonly limit: number
      /** The last record of the page before. */
      readonly after: Cursor | undefined
    }
  | {
      readonly kind: 'summary'
      readonly filter: RecordFilter
      /** Unix milliseconds, included. */
      readonly since: number
      /** Unix milliseconds, not included. */
      readonly until: number
    }
  | {
      /** What changes with each record. */
      readonly kind: 'version'
    }

/** Text, so that the event loop does not have to serialize it. */
export interface Answer {
  readonly text: string
  readonly next: Cursor | undefined
}

export interface QuestionMessage {
  readonly id: number
  readonly question: Question
}

export type AnswerMessage =
  | { readonly id: number; readonly answer: Answer }
  /** The code of what the file system or SQLite says. */
  | { readonly id: number; readonly failed: string }
  /** From 0 to 1: how much of what the files have gained is read. */
  | { readonly progress: number }

export interface WorkerOptions {
  readonly directory: string
}

export interface RecordIndexOptions extends WorkerOptions {
  readonly logger: Logger
}

export interface RecordIndex {
  /** Rejects with an AdminError. */
  readonly ask: (question: Question) => Promise<Answer>
  /** From 0 to 1 while the index reads files; null while it does not. */
  readonly progress: () => number | null
  readonly close: () => Promise<void>
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: AdminError) => void
}

/** One page asks two questions at a time. */
const MAX_WAITING = 64

/** The worker needs little more than SQLite's cache, which is not in it. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 } as const

/** Beside this file, and compiled if this file is. */
export const toWorkerUrl = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

interface ThreadEvents {
  readonly onMessage: (message: AnswerMessage) => void
  readonly onExit: () => void
}

function startThread({ directory, logger }: RecordIndexOptions, { onMessage, onExit }: ThreadEvents): Worker {
  const workerData: WorkerOptions = { directory }
  const thread = new Worker(toWorkerUrl('index-worker'), { workerData, resourceLimits })
  thread.on('message', onMessage)
  thread.on('error', (err) => logger.error({ err }, 'admin: the audit’s index ended and starts again'))
  thread.on('exit', onExit)
  // The process may end while it waits for questions.
  thread.unref()
  return thread
}

/** Starts its thread with the first question, and another one if it died. */
export function createRecordIndex(options: RecordIndexOptions): RecordIndex {
  const waiting = new Map<number, Waiting>()
  let thread: Worker | undefined
  let progress: number | null = null
  let lastId = 0

  function onExit(): void {
    for (const { reject } of waiting.values())
      reject(new AdminError('index_restarts', { headers: { 'retry-after': '1' } }))
    waiting.clear()
    thread = undefined
    progress = null
  }

  function onMessage(message: AnswerMessage): void {
    progress = 'progress' in message ? message.progress : null
    if ('progress' in message) return
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if ('answer' in message) return asked?.resolve(message.answer)
    options.logger.error({ cause: message.failed }, 'admin: the audit cannot be read. Check AUDIT_DIR')
    asked?.reject(new AdminError('audit_unreadable'))
  }

  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= MAX_WAITING)
          return reject(new AdminError('index_busy', { headers: { 'retry-after': '2' } }))
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        thread ??= startThread(options, { onMessage, onExit })
        const message: QuestionMessage = { id: lastId, question }
        thread.postMessage(message, [])
      }),
    progress: () => progress,
    close: async () => {
      await thread?.terminate()
    },
  }
}
