/** The worker thread that owns the audit's index: answers one question after the other. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { AuditIndex, type SelectedPage } from '../audit-reader/audit-index.ts'
import type { RecordFilter } from '../audit-reader/index-query.ts'
import { sqliteCodeOf } from '../audit-reader/index-schema.ts'
import { monotonicNow } from '../clocks.ts'
import { codeOf } from '../errors.ts'
import type { AttemptsReply } from './api-schemas.ts'
import type { Answer, AnswerMessage, Question, QuestionMessage, WorkerOptions } from './record-index.ts'
import { toAttempts, toCsv } from './record-pages.ts'
import { summarize } from './summary.ts'

/** Questions that come together see the same records. */
const FRESH_MS = 1_000

async function toReply(index: AuditIndex, page: SelectedPage, filter: RecordFilter): Promise<AttemptsReply> {
  const skipped = await index.countSkipped(filter)
  return toAttempts(page, { skipped, version: await index.version() })
}

async function answer(index: AuditIndex, question: Question): Promise<Answer> {
  if (question.kind === 'summary') {
    return { text: JSON.stringify(await summarize(index, question)), next: undefined }
  }
  if (question.kind === 'version') return { text: await index.version(), next: undefined }
  const { filter, limit, after } = question
  const page = await index.select({ filter, limit, after, order: 'newest' })
  const { next } = page
  return question.kind === 'csv'
    ? { text: toCsv(page, after === undefined), next }
    : { text: JSON.stringify(await toReply(index, page, filter)), next }
}

/** A failure of the directory is an answer. Any other one is a bug, and ends the worker. */
function toFailure(error: unknown): string {
  const code = codeOf(error)
  if (code === undefined) throw error
  return sqliteCodeOf(error) === undefined ? code : `SQLITE_${sqliteCodeOf(error)}`
}

async function serve(port: MessagePort, { directory }: WorkerOptions): Promise<void> {
  const post = (message: AnswerMessage): void => port.postMessage(message)
  const index = await AuditIndex.open({
    directory,
    onProgress: (bytes, total) => post({ progress: bytes / total }),
  })
  let updatedAt = -Infinity
  let turn = Promise.resolve()

  async function reply({ id, question }: QuestionMessage): Promise<void> {
    try {
      if (monotonicNow() - updatedAt >= FRESH_MS) {
        await index.update()
        updatedAt = monotonicNow()
      }
      post({ id, answer: await answer(index, question) })
    } catch (error) {
      post({ id, failed: toFailure(error) })
    }
  }

  port.on('message', (message: QuestionMessage) => {
    turn = turn.then(() => reply(message))
  })
}

if (parentPort !== null) void serve(parentPort, workerData)
