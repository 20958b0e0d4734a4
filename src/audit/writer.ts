/** Makes records durable before it acknowledges them: one loop, and one write for all that wait together. */
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import { toWriteError } from './file.ts'
import { type RecordFields, toEventFields } from './record.ts'
import { FileSeries, type FileSeriesOptions } from './series.ts'

export interface AuditWriterOptions extends FileSeriesOptions {
  /** Whether a mint is under way that will need a record: then a batch waits for it, a little. */
  readonly isRecordDue: () => boolean
  /** Called when records can no longer be written, with the cause, and when they can again. */
  readonly onChange?: (available: boolean, cause: string | undefined) => void
  /** Called when a batch begins; what it returns is called when the batch is durable. */
  readonly onCommit?: (() => () => void) | undefined
}

/** Beyond either, the disk is too slow, and records are refused at once. */
const MAX_WAITING = 1_000
const MAX_COMMIT_MS = 2_000

const REOPEN_MS = 1_000

/** How long a batch waits for the survey of other files when it is time for the next file. */
const SURVEY_MS = 200

/** Without heartbeats, a gap in the records would prove nothing. */
const HEARTBEAT_MS = 60_000

/** How long a batch waits for records that are due: little next to a mint, and the disk is synced once for all. */
const GROUP_MS = 3
/** After a smaller batch there is no load, and no batch waits: syncing once more is cheaper than the callers' time. */
const LOADED_BATCH = 4

interface Waiting {
  readonly fields: RecordFields
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Appends records. After an error, what reached the disk is unknown: the file is left as it is, and another one is
 * opened. Until that succeeds, it is tried once a second.
 */
export class AuditWriter {
  readonly #options: AuditWriterOptions
  readonly #files: FileSeries
  #waiting: Waiting[] = []
  #isRunning = false
  /** Records in it. */
  #lastBatch = 0
  /** Ends the wait of a batch. */
  #gathered: (() => void) | undefined
  #isDown = true
  #isClosed = false
  #failedAt = 0
  #writtenAt = 0

  constructor(options: AuditWriterOptions) {
    this.#options = options
    this.#files = new FileSeries(options)
  }

  /** 16 hex, different for each process. */
  get id(): string {
    return this.#files.writer
  }

  /** Creates the directory and the first file. Rejects with what the file system says. */
  async open(): Promise<void> {
    await this.#files.open()
    this.#writtenAt = this.#options.unixNow()
    this.#isDown = false
  }

  /** Whether a record would be accepted now. */
  get available(): boolean {
    return !this.#isDown && !this.#isClosed && this.#waiting.length < MAX_WAITING
  }

  /** Records that no batch has taken yet. */
  get queueDepth(): number {
    return this.#waiting.length
  }

  /** Resolves when the line is as durable as configured; rejects with a CodedError where it may not be. */
  append(fields: RecordFields): Promise<void> {
    if (this.available) return this.#enqueue(fields)
    this.#files.lose(1)
    return Promise.reject(toWriteError('unavailable'))
  }

  /** To be called once a second: checks the file even if nothing is written, and opens the next one when it is time. */
  tick(): void {
    if (this.#isClosed) return
    if (!this.#isDown && this.#since(this.#writtenAt) >= HEARTBEAT_MS) {
      this.append(toEventFields('heartbeat')).catch(noop)
    }
    this.#options.anchors.tick()
    if (!this.#isRunning) void this.#run()
  }

  /** Writes what waits and a last record, then closes the file. Never rejects; later records are refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#enqueue(toEventFields('close', { detail: { cause: 'stopped' } })).catch(noop)
    this.#isDown = true
    await this.#files.leave().catch(noop)
  }

  #enqueue(fields: RecordFields): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fields, resolve, reject })
      if (!this.#isRunning) void this.#run()
      else if (!this.#options.isRecordDue()) this.#gathered?.()
    })
  }

  /** Under load, resolves when no further record is due, or after `GROUP_MS`. */
  #gather(): Promise<void> {
    if (this.#lastBatch < LOADED_BATCH || !this.#options.isRecordDue()) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#gathered = undefined
        resolve()
      }
      const timer = setTimeout(end, GROUP_MS)
      this.#gathered = end
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    do {
      if (this.#waiting.length > 0) await this.#gather()
      const batch = this.#waiting
      this.#waiting = []
      this.#lastBatch = batch.length
      await this.#commit(batch)
    } while (this.#waiting.length > 0)
    this.#isRunning = false
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    if (this.#isResting) return this.#refuse(batch, 'unavailable')
    const endCommit = batch.length > 0 ? this.#options.onCommit?.() : undefined
    try {
      await this.#prepare()
      if (batch.length > 0) await within(MAX_COMMIT_MS, this.#files.append(batch.map(({ fields }) => fields)))
    } catch (error) {
      const cause = codeOf(error) ?? 'unknown'
      this.#fail(cause)
      return this.#refuse(batch, cause)
    }
    endCommit?.()
    if (batch.length > 0) this.#writtenAt = this.#options.unixNow()
    for (const { resolve } of batch) resolve()
  }

  /** Before each batch, and once a second: checks the current file, and opens the next one if it is time. */
  async #prepare(): Promise<void> {
    const { current } = this.#files
    current?.check()
    if (current !== undefined && !(this.#files.isDue && (await this.#hasSurveyed()))) return
    if (current === undefined) await this.#files.survey()
    else await within(MAX_COMMIT_MS, this.#files.finish())
    await within(MAX_COMMIT_MS, this.#files.open())
    this.#writtenAt = this.#options.unixNow()
    if (this.#isDown) this.#options.onChange?.(true, undefined)
    this.#isDown = false
  }

  /** A slow survey goes on in the background, and the current file stays in use meanwhile. */
  #hasSurveyed(): Promise<boolean> {
    return Promise.race([this.#files.survey().then(() => true), delay(SURVEY_MS, false, { ref: false })])
  }

  /** Whether it is too early to open another file, or too late. */
  get #isResting(): boolean {
    return this.#isDown && (this.#isClosed || this.#since(this.#failedAt) < REOPEN_MS)
  }

  /** Also if the clock was set back. */
  #since(time: number): number {
    return Math.abs(this.#options.unixNow() - time)
  }

  #fail(cause: string): void {
    this.#files.abandon(cause)
    this.#failedAt = this.#options.unixNow()
    if (!this.#isDown) this.#options.onChange?.(false, cause)
    this.#isDown = true
  }

  #refuse(batch: readonly Waiting[], cause: string): void {
    this.#files.lose(batch.length)
    const error = toWriteError(cause)
    for (const { reject } of batch) reject(error)
  }
}

const noop = (): void => undefined

/** Resolves with the work, or rejects after `limitMs`. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(toWriteError('slow_disk')), limitMs)
  })
  // If it is late, its result no longer matters.
  work.catch(noop)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
