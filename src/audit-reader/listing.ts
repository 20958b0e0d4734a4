/** The audit files in a directory, for reading only. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { INDEX_FILE_NAME, isFileName, isLikeFileName, PAUSES_NAME } from '../audit/format.ts'
import { KEY_FILE_NAME } from '../audit/keys.ts'
import { codeOf } from '../errors.ts'

export interface ListedFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Changes when another file takes the name. */
  readonly identity: string
  readonly mtimeMs: number
}

export interface Listing {
  /** Oldest first. */
  readonly files: readonly ListedFile[]
  /** The name looks like that of an audit file, but the service never gives such a name. */
  readonly misnamed: readonly string[]
  /** Links, pipes and directories: the service creates only files under such a name. */
  readonly irregular: readonly string[]
  /** The number of other entries, without the key file, the pauses and the index. */
  readonly others: number
}

const toListed = (name: string, { dev, ino, size, mtimeMs }: Stats): ListedFile => ({
  name,
  size,
  identity: `${dev}:${ino}`,
  mtimeMs,
})

/** The key, the pauses, and the index with SQLite's own file next to it. */
const isOurs = (name: string): boolean =>
  name === KEY_FILE_NAME || name === PAUSES_NAME || name.startsWith(INDEX_FILE_NAME)

/** Throws what the file system throws. */
export async function listAudit(directory: string): Promise<Listing> {
  const names = (await readdir(directory)).toSorted()
  const like = names.filter(isLikeFileName)
  const files: ListedFile[] = []
  const irregular: string[] = []
  for (const name of like.filter(isFileName)) {
    const stats = await lstat(join(directory, name)).catch(ignoreRemoved)
    if (stats?.isFile() === true) files.push(toListed(name, stats))
    else if (stats !== undefined) irregular.push(name)
  }
  return {
    files,
    misnamed: like.filter((name) => !isFileName(name)),
    irregular,
    others: names.length - like.length - names.filter(isOurs).length,
  }
}

/** Retention may have removed a file since it was listed. */
export function ignoreRemoved(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

/** Never waits for a pipe, never follows a link. Windows has neither flag. */
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Throws what the file system throws. */
export const openAuditFile = (path: string): Promise<FileHandle> => open(path, READ_FLAGS)

const CHUNK_BYTES = 1024 * 1024

/** The bytes of `file` from `start` to `size`, in chunks. Calls `onRead` with the number of bytes of each. */
export async function* readChunks(
  file: FileHandle,
  size: number,
  onRead: (bytes: number) => void,
  start = 0,
): AsyncGenerator<Buffer> {
  let position = start
  while (position < size) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    // The file was truncated meanwhile.
    if (bytesRead === 0) return
    position += bytesRead
    onRead(bytesRead)
    yield chunk.subarray(0, bytesRead)
  }
}
