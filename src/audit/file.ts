/** One audit file while it is written: created here, appended to, and never used again after an error. */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CodedError } from '../errors.ts'
import type { Head } from './format.ts'

const open = promisify(fs.open)
const write = promisify(fs.write)
const fstat = promisify(fs.fstat)
const close = promisify(fs.close)

export type Durability = 'fsync' | 'write'

/** Why a record was not written: a code of the file system or one of ours, never a path. */
export const toWriteError = (code: string): CodedError =>
  new CodedError('the audit record was not written', code)

export class AuditFile {
  readonly name: string
  /** Bytes that were written here. */
  size = 0
  /** The last line that is as durable as configured; null without one. */
  head: Head | null = null
  readonly #path: string
  readonly #fd: number
  readonly #identity: Pick<fs.Stats, 'ino' | 'dev'>
  #working: Promise<void> = Promise.resolve()

  constructor(path: string, name: string, fd: number, identity: Pick<fs.Stats, 'ino' | 'dev'>) {
    this.#path = path
    this.name = name
    this.#fd = fd
    this.#identity = identity
  }

  /** Resolves when all `lines` are as durable as configured, and still in the file. */
  append(lines: string, head: Head): Promise<void> {
    this.#working = this.#append(Buffer.from(lines, 'latin1'), head)
    return this.#working
  }

  async #append(bytes: Buffer, head: Head): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await write(this.#fd, bytes, written)
      // A full disk may accept part of a line, and fail only on the next write.
      if (bytesWritten === 0) throw toWriteError('short_write')
      written += bytesWritten
    }
    this.size += bytes.length
    this.check()
    this.head = head
  }

  /**
   * Throws if the file was removed, replaced or changed: its lines are lost. Not to be called during an append.
   * Synchronous on purpose: the kernel answers from memory, 30 times faster than through the thread pool.
   */
  check(): void {
    const found = fs.lstatSync(this.#path, { throwIfNoEntry: false })
    if (found === undefined) throw toWriteError('file_removed')
    const { ino, dev } = this.#identity
    if (found.ino !== ino || found.dev !== dev) throw toWriteError('file_replaced')
    if (found.size !== this.size) throw toWriteError('file_resized')
  }

  /** Waits for work under way: a closed descriptor's number could by then mean another file. */
  async close(): Promise<void> {
    await this.#working.catch(() => undefined)
    await close(this.#fd)
  }
}

/**
 * Creates `name` with mode 0640. Throws what the file system says: EEXIST if the name is taken.
 *
 * With `fsync`, a write resolves when the disk has it: as durable as an `fdatasync` after each write, which would take a
 * second trip through the thread pool, and 10 % more CPU for each mint.
 */
export async function createAuditFile(
  directory: string,
  name: string,
  durability: Durability,
): Promise<AuditFile> {
  const { O_CREAT, O_EXCL, O_APPEND, O_WRONLY, O_DSYNC } = fs.constants
  const path = join(directory, name)
  const flags = O_CREAT | O_EXCL | O_APPEND | O_WRONLY | (durability === 'fsync' ? O_DSYNC : 0)
  const fd = await open(path, flags, 0o640)
  return new AuditFile(path, name, fd, await fstat(fd))
}
