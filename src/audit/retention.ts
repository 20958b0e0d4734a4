/** Removes files whose time is over, each after a record that says so. */
import type { KeyObject } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listAuditFiles, readPredecessor, toNamedHead } from './earlier-files.ts'
import { type RecordFields, toEventFields } from './record.ts'

export interface RetentionOptions {
  readonly directory: string
  /** Whole days that are kept, beside the running one; 0 keeps all. */
  readonly days: number
  /** Of the chain: a line's time is believed where it is sealed. */
  readonly key: KeyObject
  /** Resolves when the record is durable. */
  readonly append: (fields: RecordFields) => Promise<void>
  /** Unix milliseconds. */
  readonly now: () => number
}

const DAY_MS = 86_400_000
const RETRY_MS = 3_600_000

const toDay = (ms: number): number => Math.floor(ms / DAY_MS)

/** The day on which a file was opened, by its name; NaN where that is none. */
function toOpeningDay(name: string): number {
  const [, year, month, day] = /^audit-(\d{4})(\d\d)(\d\d)T/.exec(name) ?? []
  return toDay(Date.parse(`${year}-${month}-${day}`))
}

export class Retention {
  readonly #options: RetentionOptions
  #dueAt = 0

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** Once a day. Rejects with what the file system says, or where a record cannot be written; an hour later it tries again. */
  async run(): Promise<void> {
    const { days, now } = this.#options
    if (days === 0 || now() < this.#dueAt) return
    const today = toDay(now())
    this.#dueAt = now() + RETRY_MS
    await this.#removeBefore(today - days)
    this.#dueAt = (today + 1) * DAY_MS
  }

  /**
   * By the day in the name, which whoever renames a file cannot use: its old name is missed. All files of a day go
   * together, so that none is left that names a file whose removal is not on record any more.
   */
  async #removeBefore(first: number): Promise<void> {
    const { directory, key, append } = this.#options
    const names = await listAuditFiles(directory)
    for (const name of names.filter((one) => toOpeningDay(one) < first)) {
      const file = await readPredecessor(directory, name, key)
      // It was opened while the clock was wrong.
      if (file === undefined || (file.endedAt !== null && toDay(file.endedAt) >= first)) continue
      await append(toEventFields('removed', { detail: { ...toNamedHead(file) } }))
      await rm(join(directory, name), { force: true })
    }
  }
}
