/** Lines that are on disk before anybody is told: one file, one loop, one `fdatasync` for all that wait together. */
import { type KeyObject, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { mkdir, open as openHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { codeOf } from '../errors.ts'
import { type RecordFields, toEventFields, toLine } from './record.ts'

const open = promisify(fs.open)
const write = promisify(fs.write)
const fdatasync = promisify(fs.fdatasync)
const fstat = promisify(fs.fstat)
const close = promisify(fs.close)
const unlink = promisify(fs.unlink)

export type Durability = 'fsync' | 'write'

export interface AuditWriterOptions {
  readonly directory: string
  readonly durability: Durability
  /** Seals the lines. */
  readonly key: KeyObject
  /** Told when records stop being written, and when they are written again. */
  readonly onChange?: (available: boolean, cause: string | undefined) => void
}

/** Beyond either, the disk does not keep up and records are refused at once. */
const MAX_WAITING = 1_000
const MAX_COMMIT_MS = 2_000

const REOPEN_MS = 1_000

/** How long a batch gathers. A mint takes a hundred times as long, and the disk is asked once for all that gather. */
const GROUP_MS = 3

interface Waiting {
  readonly fields: RecordFields
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface AuditFile {
  readonly path: string
  readonly fd: number
  readonly inode: number
  readonly device: number
  size: number
  /** The mac of its last line. */
  prev: string | null
}

/** Why a record was not written; a code of the file system or of ours, never a path. */
export class AuditWriteError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`the audit record was not written: ${code}`)
    this.name = 'AuditWriteError'
    this.code = code
  }
}

const toFileTime = (time: Date): string => time.toISOString().replaceAll(/[-:.]/g, '')

/**
 * Appends records to a file of its own under `directory`: `audit-<UTC time>-<writer>.jsonl`, mode 0640, never shared
 * and never opened again.
 *
 * An error is final for the file it happened in: what reached the disk is unknown, so the file is left as it is and
 * another one is opened, every second until one can be.
 */
export class AuditWriter {
  readonly id = randomBytes(8).toString('hex')
  readonly #options: AuditWriterOptions
  #file: AuditFile | undefined
  #waiting: Waiting[] = []
  #seq = 0
  #isDraining = false
  #reopening: NodeJS.Timeout | undefined
  #opening: Promise<void> | undefined
  #closed = false

  constructor(options: AuditWriterOptions) {
    this.#options = options
  }

  /** Creates the directory and the first file. Rejects with what the file system says. */
  async open(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o750 })
    await this.#openFile()
  }

  /** Whether a record would be taken now. */
  get available(): boolean {
    return this.#file !== undefined && !this.#closed && this.#waiting.length < MAX_WAITING
  }

  /** Resolves when the line is as durable as configured; rejects with an AuditWriteError where it may not be. */
  append(fields: RecordFields): Promise<void> {
    return this.available ? this.#enqueue(fields) : Promise.reject(new AuditWriteError('unavailable'))
  }

  #enqueue(fields: RecordFields): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fields, resolve, reject })
      if (!this.#isDraining) void this.#drain()
    })
  }

  /** Writes what waits and a last record, and closes the file. Takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reopening)
    await this.#enqueue(toEventFields('close')).catch(noop)
    await this.#opening?.catch(noop)
    await this.#end()
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    while (this.#waiting.length > 0) {
      await delay(GROUP_MS)
      const batch = this.#waiting
      this.#waiting = []
      await this.#commit(batch)
    }
    this.#isDraining = false
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const file = this.#file
    if (file === undefined) return rejectAll(batch, new AuditWriteError('unavailable'))
    const work = this.#write(file, batch)
    try {
      await within(MAX_COMMIT_MS, work)
    } catch (error) {
      const code = codeOf(error) ?? 'unknown'
      this.#abandon(file, work, code)
      return rejectAll(batch, new AuditWriteError(code))
    }
    for (const { resolve } of batch) resolve()
  }

  async #write(file: AuditFile, batch: readonly Waiting[]): Promise<void> {
    const time = new Date().toISOString()
    const lines = batch.map(({ fields }) => {
      const place = { time, writer: this.id, seq: this.#seq++, prev: file.prev }
      const { line, mac } = toLine(fields, place, this.#options.key)
      file.prev = mac
      return line
    })
    const bytes = Buffer.from(lines.join(''), 'latin1')
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await write(file.fd, bytes, written)
      // A full disk may take part of a line and say so only the next time.
      if (bytesWritten === 0) throw new AuditWriteError('short_write')
      written += bytesWritten
    }
    file.size += bytes.length
    if (this.#options.durability === 'fsync') await fdatasync(file.fd)
    assertOurs(file)
  }

  async #openFile(): Promise<void> {
    const { directory } = this.#options
    const path = join(directory, `audit-${toFileTime(new Date())}-${this.id}.jsonl`)
    const fd = await open(
      path,
      fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_APPEND | fs.constants.O_WRONLY,
      0o640,
    )
    const { ino, dev } = await fstat(fd)
    const file: AuditFile = { path, fd, inode: ino, device: dev, size: 0, prev: null }
    try {
      await this.#write(file, [{ fields: toEventFields('open'), resolve: noop, reject: noop }])
      await syncDirectory(directory)
      if (this.#closed) throw new AuditWriteError('closed')
    } catch (error) {
      await close(fd)
      // Nobody was told of anything in it, and a full disk must not fill with empty files.
      await unlink(path).catch(noop)
      throw error
    }
    this.#file = file
  }

  async #end(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await close(file.fd)
  }

  #abandon(file: AuditFile, work: Promise<void>, cause: string): void {
    this.#file = undefined
    // Only once the late work is over: until then the number of a closed file could come to mean another one.
    work
      .catch(noop)
      .then(() => close(file.fd))
      .catch(noop)
    this.#options.onChange?.(false, cause)
    this.#reopenLater()
  }

  #reopenLater(): void {
    if (this.#closed) return
    this.#reopening = setTimeout(() => {
      this.#opening = this.open()
      this.#opening.then(
        () => this.#options.onChange?.(true, undefined),
        () => this.#reopenLater(),
      )
    }, REOPEN_MS)
    this.#reopening.unref()
  }
}

const noop = (): void => undefined

function rejectAll(batch: readonly Waiting[], error: Error): void {
  for (const { reject } of batch) reject(error)
}

/**
 * After the write and before anybody is told: lines in a file that was removed, replaced or cut are lost lines.
 * The one look at the file system that does not go through the thread pool: for a file that was written this moment
 * the kernel answers from memory, in a thirtieth of the time.
 */
function assertOurs({ path, inode, device, size }: AuditFile): void {
  const found = fs.statSync(path)
  if (found.ino !== inode || found.dev !== device) throw new AuditWriteError('file_replaced')
  if (found.size !== size) throw new AuditWriteError('file_resized')
}

/** Makes the new file's name as durable as its content. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await openHandle(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

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
