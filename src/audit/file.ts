/** One audit file while it is written: created by us, appended to, and never trusted again after an error. */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Head } from './format.ts'

const open = promisify(fs.open)
const write = promisify(fs.write)
const fdatasync = promisify(fs.fdatasync)
const fstat = promisify(fs.fstat)
const close = promisify(fs.close)

export type Durability = 'fsync' | 'write'

/** Why a record was not written; a code of the file system or of ours, never a path. */
export class AuditWriteError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`the audit record was not written: ${code}`)
    this.name = 'AuditWriteError'
    this.code = code
  }
}

export class AuditFile {
  readonly name: string
  /** Bytes that are ours. */
  size = 0
  /** The last line that is as durable as configured; null in a file without any. */
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

  /** Resolves when all of `lines` is as durable as configured, and still where it was written. */
  append(lines: string, head: Head, durability: Durability): Promise<void> {
    this.#working = this.#append(Buffer.from(lines, 'latin1'), head, durability)
    return this.#working
  }

  async #append(bytes: Buffer, head: Head, durability: Durability): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await write(this.#fd, bytes, written)
      // A full disk may take part of a line and say so only the next time.
      if (bytesWritten === 0) throw new AuditWriteError('short_write')
      written += bytesWritten
    }
    this.size += bytes.length
    if (durability === 'fsync') await fdatasync(this.#fd)
    this.check()
    this.head = head
  }

  /**
   * Throws if the file is not under its name any more, or not as we left it: lines in it are lost lines. Not while an
   * append is under way. The one look at the file system that does not go through the thread pool: the kernel answers
   * from memory, in a thirtieth of the time.
   */
  check(): void {
    const found = fs.lstatSync(this.#path, { throwIfNoEntry: false })
    if (found === undefined) throw new AuditWriteError('file_removed')
    const { ino, dev } = this.#identity
    if (found.ino !== ino || found.dev !== dev) throw new AuditWriteError('file_replaced')
    if (found.size !== this.size) throw new AuditWriteError('file_resized')
  }

  /** Only once late work is over: until then the number of a closed file could come to mean another one. */
  async close(): Promise<void> {
    await this.#working.catch(() => undefined)
    await close(this.#fd)
  }
}

/** Creates `name`, mode 0640. Throws what the file system says, EEXIST if there is anything of that name. */
export async function createAuditFile(directory: string, name: string): Promise<AuditFile> {
  const { O_CREAT, O_EXCL, O_APPEND, O_WRONLY } = fs.constants
  const path = join(directory, name)
  const fd = await open(path, O_CREAT | O_EXCL | O_APPEND | O_WRONLY, 0o640)
  return new AuditFile(path, name, fd, await fstat(fd))
}
