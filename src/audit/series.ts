/** The files of one writer, one after another: how each is opened, linked to earlier files, and closed. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Anchors } from './anchors.ts'
import { createDirectory, syncDirectory } from './directory.ts'
import { EarlierFiles, type Gap, type Survey, toFirstRecords, toNamedHead } from './earlier-files.ts'
import { type AuditFile, createAuditFile, type Durability, toWriteError } from './file.ts'
import { DAY_MS, type NamedHead, toDay, toFileName } from './format.ts'
import type { AuditKeys } from './keys.ts'
import { type Lines, type RecordFields, toEventFields, toLines } from './record.ts'

export interface FileSeriesOptions {
  readonly directory: string
  readonly durability: Durability
  readonly keys: Pick<AuditKeys, 'chain' | 'id'>
  readonly anchors: Anchors
  /** Called with lines that are as durable as configured. */
  readonly onLines?: ((text: string) => void) | undefined
  /** Milliseconds. */
  readonly unixNow: () => number
}

/** With the largest batch on top, a file stays below 64 MiB. */
const FULL_BYTES = 62 * 1024 * 1024

/**
 * A file belongs to one process and is never opened again. Calls must not overlap, except `abandon`: it may come at any
 * time, and a call that is under way then has no further effect.
 */
export class FileSeries {
  readonly writer = randomBytes(8).toString('hex')
  readonly #options: FileSeriesOptions
  readonly #earlier: EarlierFiles
  #current: AuditFile | undefined
  #seq = 0
  #openedAt = 0
  #surveying: Promise<Survey> | undefined
  #opening: { isAbandoned: boolean } | undefined
  /** The file before, for the next one to name. */
  #before: NamedHead | undefined
  #gap: Gap | undefined
  /** A file that could not be opened fully. No record in it was acknowledged. */
  #leftover: string | undefined

  constructor(options: FileSeriesOptions) {
    const { directory, keys, unixNow } = options
    this.#options = options
    this.#earlier = new EarlierFiles({ directory, key: keys.chain, unixNow })
  }

  get current(): AuditFile | undefined {
    return this.#current
  }

  /** Whether it is time for the next file, by day or by size. */
  get isDue(): boolean {
    const { size = 0 } = this.#current ?? {}
    const now = this.#options.unixNow()
    // A clock that is set back a little around midnight must not open file after file.
    const isOtherDay = toDay(now) > toDay(this.#openedAt) || this.#openedAt - now >= DAY_MS
    return size >= FULL_BYTES || isOtherDay
  }

  /** Finds what the next file has to name. One survey serves all calls; with many files it is slow. */
  survey(): Promise<Survey> {
    this.#surveying ??= this.#survey()
    return this.#surveying
  }

  /** Opens the next file. Rejects with what the file system says. */
  async open(): Promise<void> {
    // An earlier attempt still hangs, and each one occupies one of four threads.
    if (this.#opening !== undefined) throw toWriteError('slow_disk')
    const opening = { isAbandoned: false }
    this.#opening = opening
    try {
      await this.#open(opening)
    } finally {
      this.#opening = undefined
      this.#surveying = undefined
    }
  }

  /** Resolves when all records are as durable as configured. */
  async append(batch: readonly RecordFields[]): Promise<void> {
    const file = this.#current
    if (file === undefined) throw toWriteError('unavailable')
    const lines = await this.#write(file, batch)
    if (file === this.#current) this.#advance(file, lines, batch.length)
  }

  /** Closes the current file with a record, before a next one. */
  async finish(): Promise<void> {
    const file = this.#current
    await this.append([toEventFields('close', { detail: { cause: 'rotated' } })])
    if (file === this.#current) await this.leave()
  }

  /** Closes the current file without a record. */
  async leave(): Promise<void> {
    const file = this.#current
    if (file === undefined) return
    this.#current = undefined
    this.#before = toNamedHead(file)
    this.#options.anchors.print()
    await file.close()
  }

  /** Gives up the current file, or the one that is being opened: what reached the disk is unknown. */
  abandon(cause: string): void {
    if (this.#opening !== undefined) this.#opening.isAbandoned = true
    this.#gap ??= { cause, lost: 0 }
    this.leave().catch(() => undefined)
  }

  /** Counts records that could not be written, for the next file's `gap`. */
  lose(count: number): void {
    if (this.#gap !== undefined) this.#gap.lost += count
  }

  async #open(opening: { readonly isAbandoned: boolean }): Promise<void> {
    const { directory, keys } = this.#options
    const found = await this.survey()
    await this.#removeLeftover()
    const before = this.#before
    const earlier = before === undefined ? found : { ...found, heads: [before, ...found.heads] }
    const gap = before && this.#gap && { ...before, ...this.#gap }
    const file = await this.#create()
    const records = toFirstRecords({ file: file.name, keyId: keys.id, earlier, gap })
    try {
      const lines = await this.#write(file, records)
      await syncDirectory(directory)
      if (opening.isAbandoned) throw toWriteError('slow_disk')
      this.#advance(file, lines, records.length)
    } catch (error) {
      await file.close()
      // Files without an acknowledged record must not fill a full disk.
      await this.#removeLeftover().catch(() => undefined)
      throw error
    }
    this.#earlier.mention(earlier)
    this.#gap = undefined
    this.#leftover = undefined
    this.#current = file
  }

  async #survey(): Promise<Survey> {
    try {
      await createDirectory(this.#options.directory)
      return await this.#earlier.survey(this.#current?.name ?? this.#before?.file)
    } catch (error) {
      this.#surveying = undefined
      throw error
    }
  }

  async #create(): Promise<AuditFile> {
    const { directory, durability, unixNow } = this.#options
    const time = unixNow()
    // Names must differ.
    this.#openedAt = time === this.#openedAt ? time + 1 : time
    const file = await createAuditFile(directory, toFileName(this.#openedAt, this.writer), durability)
    this.#leftover = join(directory, file.name)
    return file
  }

  async #removeLeftover(): Promise<void> {
    if (this.#leftover !== undefined) await rm(this.#leftover, { force: true })
    this.#leftover = undefined
  }

  async #write(file: AuditFile, batch: readonly RecordFields[]): Promise<Lines> {
    const { keys, unixNow } = this.#options
    const place = {
      time: new Date(unixNow()).toISOString(),
      writer: this.writer,
      seq: this.#seq,
      prev: file.head?.mac ?? null,
    }
    const lines = toLines(batch, place, keys.chain)
    await file.append(lines.text, lines.head)
    return lines
  }

  #advance({ name }: AuditFile, { text, head }: Lines, records: number): void {
    this.#seq = head.seq + 1
    this.#options.onLines?.(text)
    this.#options.anchors.advance({ writer: this.writer, file: name, ...head }, records)
  }
}
