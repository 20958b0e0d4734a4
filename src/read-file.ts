/** Reads the files that settings name. Such a file may be anything: a pipe, a device, a directory, or too large. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from './errors.ts'

export const MAX_FILE_BYTES = 1_048_576

/** Opening a pipe without a writer would wait for one. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** `message` is the predicate of a sentence about the file, such as "does not exist". It names no path. */
export class FileError extends Error {
  /** The file system's, where it has one. */
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.name = 'FileError'
    this.code = code
  }
}

const TOO_LARGE = 'is larger than 1 MiB'

function checkKind(stats: Stats): void {
  if (stats.isDirectory()) {
    throw new FileError(
      'is a directory, not a file. Docker Compose creates a directory where a mounted file is missing',
      'EISDIR',
    )
  }
  if (!stats.isFile()) throw new FileError('is a pipe, a device or a socket, not a regular file')
  if (stats.size > MAX_FILE_BYTES) throw new FileError(TOO_LARGE)
}

function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new FileError('does not exist', code)
  if (code === 'ENXIO') return new FileError('is a pipe, a device or a socket, not a regular file', code)
  if (code === 'EACCES' || code === 'EPERM') {
    const uid = process.geteuid?.()
    return new FileError(`is not readable for ${uid === undefined ? 'this user' : `uid ${uid}`}`, code)
  }
  return new FileError(`cannot be read (${code ?? 'unknown'})`, code)
}

/** One byte more than is allowed: a file may be larger than the file system says. */
const createBuffer = (): Buffer => Buffer.allocUnsafeSlow(MAX_FILE_BYTES + 1)

function toContent(buffer: Buffer, length: number): Buffer {
  if (length > MAX_FILE_BYTES) throw new FileError(TOO_LARGE)
  return Buffer.from(buffer.subarray(0, length))
}

/** Throws a FileError. */
export function readSmallFileSync(path: string): Buffer {
  try {
    const file = openSync(path, FLAGS)
    try {
      checkKind(fstatSync(file))
      const buffer = createBuffer()
      let length = 0
      for (let count = -1; count !== 0; length += count) {
        count = readSync(file, buffer, length, buffer.length - length, null)
      }
      return toContent(buffer, length)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw toFileError(error)
  }
}

const MAX_READS = 5

/** Reads the file from its start. Undefined if it was written meanwhile: the bytes may be of two contents. */
async function readOnce(file: FileHandle): Promise<Buffer | undefined> {
  const before = await file.stat()
  checkKind(before)
  const buffer = createBuffer()
  let length = 0
  for (let count = -1; count !== 0; length += count) {
    count = (await file.read(buffer, length, buffer.length - length, length)).bytesRead
  }
  const after = await file.stat()
  if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) return undefined
  return toContent(buffer, length)
}

/** Rejects with a FileError. Never resolves while the file system does not answer. */
export async function readSmallFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, FLAGS)
    try {
      for (let reads = 0; reads < MAX_READS; reads += 1) {
        const content = await readOnce(file)
        if (content !== undefined) return content
      }
      throw new FileError('is being written. Replace it with a new file instead')
    } finally {
      await file.close()
    }
  } catch (error) {
    throw toFileError(error)
  }
}
