/** The files of one writer, one after the other: how each is opened, linked to those before it, and ended. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Anchors } from './anchors.ts'
import type { Head } from './chain.ts'
import { type AuditFile, AuditWriteError, createAuditFile, type Durability, syncDirectory } from './file.ts'
import type { AuditKeys } from './keys.ts'
import { toOpening } from './opening.ts'
import { type NamedHead, Predecessors, toNamedHead } from './predecessors.ts'
import { type RecordFields, toEventFields, toLines } from './record.ts'

export interface FileSeriesOptions {
  readonly directory: string
  readonly durability: Durability
  readonly keys: Pick<AuditKeys, 'chain' | 'id'>
  readonly anchors: Anchors
  /** Unix milliseconds. */
  readonly now: () => number
}

/** With what may wait to be written at once, a file stays below 64 MiB. */
const FULL_BYTES = 62 * 1024 * 1024

const toFileTime = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, '')

const toDay = (fileTime: string): string => fileTime.slice(0, 8)

/**
 * Files of its own under `directory`, `audit-<UTC time>-<writer>.jsonl`, never shared and never opened again. One thing
 * at a time may be asked of it; only `abandon` may come at any time, and what is under way then changes nothing more.
 */
export class FileSeries {
  readonly writer = randomBytes(8).toString('hex')
  readonly #options: FileSeriesOptions
  readonly #past: Predecessors
  #current: AuditFile | undefined
  #seq = 0
  #openedAt = 0
  #opening: { isAbandoned: boolean } | undefined
  /** The file before, until the next one has named it. */
  #before: NamedHead | undefined
  #gap: { readonly cause: string; lost: number } | undefined
  /** A file that could not be opened as it should be. Nobody was told of anything in it. */
  #leftover: string | undefined

  constructor(options: FileSeriesOptions) {
    const { directory, keys, now } = options
    this.#options = options
    this.#past = new Predecessors({ directory, key: keys.chain, now })
  }

  get current(): AuditFile | undefined {
    return this.#current
  }

  /** Whether the current file has had its day, or has grown enough. */
  get isDue(): boolean {
    const { size = 0 } = this.#current ?? {}
    // Later, not other: a clock that was set back must not open file after file.
    return size >= FULL_BYTES || toDay(toFileTime(this.#options.now())) > toDay(toFileTime(this.#openedAt))
  }

  /** Opens the next file, and the directory if there is none. Rejects with what the file system says. */
  async open(): Promise<void> {
    // The one that was given up still hangs, and each that hangs takes one of four threads.
    if (this.#opening !== undefined) throw new AuditWriteError('slow_disk')
    const opening = { isAbandoned: false }
    this.#opening = opening
    try {
      await this.#open(opening)
    } finally {
      this.#opening = undefined
    }
  }

  /** Resolves when all are as durable as configured. */
  async append(batch: readonly RecordFields[]): Promise<void> {
    const file = this.#current
    if (file === undefined) throw new AuditWriteError('unavailable')
    const head = await this.#write(file, batch)
    if (file === this.#current) this.#advance(file, head, batch.length)
  }

  /** Ends the current file, for another one to follow. */
  async finish(): Promise<void> {
    const file = this.#current
    await this.append([toEventFields('close', { detail: { cause: 'rotated' } })])
    if (file === this.#current) await this.leave()
  }

  /** Closes the current file as it is. */
  async leave(): Promise<void> {
    const file = this.#current
    if (file === undefined) return
    this.#current = undefined
    this.#before = toNamedHead(file)
    this.#options.anchors.print()
    await file.close()
  }

  /** Leaves the current file as it is, or the one that is being opened; what reached the disk is unknown. */
  abandon(cause: string): void {
    if (this.#opening !== undefined) this.#opening.isAbandoned = true
    this.#gap ??= { cause, lost: 0 }
    this.leave().catch(() => undefined)
  }

  /** Counts records that could not be written, for the next file to say so. */
  lose(count: number): void {
    if (this.#gap !== undefined) this.#gap.lost += count
  }

  async #open(opening: { readonly isAbandoned: boolean }): Promise<void> {
    const { directory, keys } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o750 })
    await this.#removeLeftover()
    const found = await this.#past.survey(this.#before?.file)
    const before = this.#before
    const past = before === undefined ? found : { ...found, heads: [before, ...found.heads] }
    const gap = before && this.#gap && { head: before, ...this.#gap }
    const file = await this.#create()
    const records = toOpening({ file: file.name, key: keys.id, past, gap })
    try {
      const head = await this.#write(file, records)
      await syncDirectory(directory)
      if (opening.isAbandoned) throw new AuditWriteError('slow_disk')
      this.#advance(file, head, records.length)
    } catch (error) {
      await file.close()
      // A full disk must not fill with files that nobody was told of anything in.
      await this.#removeLeftover().catch(() => undefined)
      throw error
    }
    this.#past.mention(past)
    this.#before = undefined
    this.#gap = undefined
    this.#leftover = undefined
    this.#current = file
  }

  async #create(): Promise<AuditFile> {
    const { directory, now } = this.#options
    // Names tell the order of a writer's files, whatever becomes of the clock.
    this.#openedAt = Math.max(now(), this.#openedAt + 1)
    const file = await createAuditFile(directory, `audit-${toFileTime(this.#openedAt)}-${this.writer}.jsonl`)
    this.#leftover = join(directory, file.name)
    return file
  }

  async #removeLeftover(): Promise<void> {
    if (this.#leftover !== undefined) await rm(this.#leftover, { force: true })
    this.#leftover = undefined
  }

  async #write(file: AuditFile, batch: readonly RecordFields[]): Promise<Head> {
    const { durability, keys, now } = this.#options
    const place = {
      time: new Date(now()).toISOString(),
      writer: this.writer,
      seq: this.#seq,
      prev: file.head?.mac ?? null,
    }
    const { text, head } = toLines(batch, place, keys.chain)
    await file.append(text, head, durability)
    return head
  }

  #advance({ name }: AuditFile, head: Head, records: number): void {
    this.#seq = head.seq + 1
    this.#options.anchors.advance({ writer: this.writer, file: name, ...head }, records)
  }
}
