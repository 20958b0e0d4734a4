/** Lines that are on disk before anybody is told: one loop, and one `fdatasync` for all that wait together. */
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import { AuditWriteError } from './file.ts'
import { type RecordFields, toEventFields } from './record.ts'
import { FileSeries, type FileSeriesOptions } from './series.ts'

export interface AuditWriterOptions extends FileSeriesOptions {
  /** Whether anything is under way that may end in a record: then it is worth waiting for, a little. */
  readonly isRecordDue: () => boolean
  /** Told when records stop being written, and when they are written again. */
  readonly onChange?: (available: boolean, cause: string | undefined) => void
}

/** Beyond either, the disk does not keep up and records are refused at once. */
const MAX_WAITING = 1_000
const MAX_COMMIT_MS = 2_000

const REOPEN_MS = 1_000

/** How long a file that has had its time makes others wait for the next one. */
const LOOK_MS = 200

/** After which silence is broken, so that it is evidence. */
const HEARTBEAT_MS = 60_000

/**
 * How long a batch gathers while further records are due. A mint takes a hundred times as long, and the disk is asked
 * once for all that gather.
 */
const GROUP_MS = 3

interface Waiting {
  readonly fields: RecordFields
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Appends records. An error is final for the file it happened in: what reached the disk is unknown, so the file is left
 * as it is and another one is opened, every second until one can be.
 */
export class AuditWriter {
  readonly #options: AuditWriterOptions
  readonly #files: FileSeries
  #waiting: Waiting[] = []
  #isRunning = false
  /** Ends the gathering of a batch. */
  #gathered: (() => void) | undefined
  #isDown = true
  #isClosed = false
  #failedAt = 0
  #writtenAt = 0

  constructor(options: AuditWriterOptions) {
    this.#options = options
    this.#files = new FileSeries(options)
  }

  /** 16 hex, another one for each process. */
  get id(): string {
    return this.#files.writer
  }

  /** Creates the directory and the first file. Rejects with what the file system says. */
  async open(): Promise<void> {
    await this.#files.open()
    this.#writtenAt = this.#options.unixNow()
    this.#isDown = false
  }

  /** Whether a record would be taken now. */
  get available(): boolean {
    return !this.#isDown && !this.#isClosed && this.#waiting.length < MAX_WAITING
  }

  /** Resolves when the line is as durable as configured; rejects with an AuditWriteError where it may not be. */
  append(fields: RecordFields): Promise<void> {
    if (this.available) return this.#enqueue(fields)
    this.#files.lose(1)
    return Promise.reject(new AuditWriteError('unavailable'))
  }

  /** To be called once a second: sees harm to a file that nothing is written to, and opens the next one when it is time. */
  tick(): void {
    if (this.#isClosed) return
    if (!this.#isDown && this.#since(this.#writtenAt) >= HEARTBEAT_MS) {
      this.append(toEventFields('heartbeat')).catch(noop)
    }
    this.#options.anchors.tick()
    if (!this.#isRunning) void this.#run()
  }

  /** Writes what waits and a last record, and closes the file. Takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#enqueue(toEventFields('close', { detail: { cause: 'stopped' } })).catch(noop)
    this.#isDown = true
    await this.#files.leave()
  }

  #enqueue(fields: RecordFields): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fields, resolve, reject })
      if (!this.#isRunning) void this.#run()
      else if (!this.#options.isRecordDue()) this.#gathered?.()
    })
  }

  /** Resolves when nobody else is expected, or those that wait have waited for long enough. */
  #gather(): Promise<void> {
    if (!this.#options.isRecordDue()) return Promise.resolve()
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
      await this.#commit(batch)
    } while (this.#waiting.length > 0)
    this.#isRunning = false
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    if (this.#isResting) return this.#refuse(batch, 'unavailable')
    try {
      await this.#prepare()
      if (batch.length > 0) await within(MAX_COMMIT_MS, this.#files.append(batch.map(({ fields }) => fields)))
    } catch (error) {
      const cause = codeOf(error) ?? 'unknown'
      this.#fail(cause)
      return this.#refuse(batch, cause)
    }
    if (batch.length > 0) this.#writtenAt = this.#options.unixNow()
    for (const { resolve } of batch) resolve()
  }

  /** Before each batch, and each second without one: the file is as we left it, and the one for now. */
  async #prepare(): Promise<void> {
    const { current } = this.#files
    current?.check()
    if (current !== undefined && !(this.#files.isDue && (await this.#hasLooked()))) return
    if (current === undefined) await this.#files.look()
    else await within(MAX_COMMIT_MS, this.#files.finish())
    await within(MAX_COMMIT_MS, this.#files.open())
    this.#writtenAt = this.#options.unixNow()
    if (this.#isDown) this.#options.onChange?.(true, undefined)
    this.#isDown = false
  }

  /** While somebody waits, a look around may not take long; it goes on meanwhile, and the file with it. */
  #hasLooked(): Promise<boolean> {
    return Promise.race([this.#files.look().then(() => true), delay(LOOK_MS, false, { ref: false })])
  }

  /** Whether it is too early, or too late, to open another file. */
  get #isResting(): boolean {
    return this.#isDown && (this.#isClosed || this.#since(this.#failedAt) < REOPEN_MS)
  }

  /** Whatever became of the clock. */
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
    const error = new AuditWriteError(cause)
    for (const { reject } of batch) reject(error)
  }
}

const noop = (): void => undefined

/** Resolves with the work, or rejects after `limitMs` whatever becomes of it. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AuditWriteError('slow_disk')), limitMs)
  })
  // The late work's own end is of no more interest, however it ends.
  work.catch(noop)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
