/** Removes files that are past their retention, each after a record that says so. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'
import type { HmacKey } from '../hmac.ts'
import { listAuditFiles, toMentions, toNamedHead } from './earlier-files.ts'
import { DAY_MS, readOwnName, toDay, toOpenedAt } from './format.ts'
import { readOldFile } from './old-file.ts'
import { type RecordFields, toEventFields } from './record.ts'

export interface RetentionOptions {
  readonly directory: string
  /** Whole days that are kept, besides the current one; 0 keeps all. */
  readonly days: number
  /** The chain's key: the time of a line counts only if the line is sealed. */
  readonly key: HmacKey
  /** Resolves when the record is durable. */
  readonly append: (fields: RecordFields) => Promise<void>
  /** Milliseconds. */
  readonly monotonicNow: () => number
  /** Milliseconds. */
  readonly unixNow: () => number
  /** The difference between this machine's clock and the upstream's, by its last reply; null without one. */
  readonly clockOffsetMs: () => number | null
  /** Called when a run removes nothing: `clock_jumped`, `clock_disagrees`, or a code of the file system. */
  readonly onKept: (cause: string) => void
}

const HOUR_MS = 3_600_000

/**
 * A wrong clock must not cost any evidence. So nothing is removed in the first day of a process, in the day after the
 * clock jumped, or while the clock disagrees with the upstream's.
 */
export class Retention {
  readonly #options: RetentionOptions
  #dueAtMs: number
  /** Between the two clocks, since the last jump: small jumps add up. */
  #driftMs: number

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#dueAtMs = options.monotonicNow() + DAY_MS
    this.#driftMs = options.unixNow() - options.monotonicNow()
  }

  /** To be called once a second; works once an hour. Never rejects. */
  async run(): Promise<void> {
    const { days, monotonicNow, unixNow, clockOffsetMs, onKept } = this.#options
    if (days === 0) return
    const nowMs = monotonicNow()
    const driftMs = unixNow() - nowMs
    // A suspended machine looks the same, for the monotonic clock stops with it.
    if (Math.abs(driftMs - this.#driftMs) > DAY_MS) {
      this.#driftMs = driftMs
      this.#dueAtMs = nowMs + DAY_MS
      return onKept('clock_jumped')
    }
    if (nowMs < this.#dueAtMs) return
    this.#dueAtMs = nowMs + HOUR_MS
    if (Math.abs(clockOffsetMs() ?? 0) > DAY_MS) return onKept('clock_disagrees')
    try {
      await this.#removeBefore(toDay(unixNow()) - days)
    } catch (error) {
      onKept(codeOf(error) ?? 'unknown')
    }
  }

  /**
   * Goes by the day in the name: verify reports a renamed file, because its old name is missing. All files of a day go
   * together, so that no remaining file names one without a record of its removal.
   */
  async #removeBefore(firstDay: number): Promise<void> {
    const { directory, key, append } = this.#options
    const names = await listAuditFiles(directory)
    const kept = new Set(names.filter((name) => !(toDay(toOpenedAt(name)) < firstDay)))
    for (const name of names.filter((one) => !kept.has(one))) {
      const file = await readOldFile(directory, name, key)
      if (file === undefined) continue
      const { head, firstRecords } = file
      const isRenamed = readOwnName(firstRecords[0]?.detail) !== name
      // A file that ends later than its name says, or that names a newer one, was opened while the clock was behind.
      const endsLater = !isRenamed && head !== null && toDay(Date.parse(head.time)) >= firstDay
      if (endsLater || toMentions(file).some((one) => kept.has(one.file))) {
        kept.add(name)
        continue
      }
      await append(toEventFields('removed', { detail: { ...toNamedHead(file) } }))
      await rm(join(directory, name), { force: true })
    }
  }
}
