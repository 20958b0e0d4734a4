/** The audit's files as they lie in their directory, for those who only read them. */
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isFileName, isLikeFileName } from '../audit/format.ts'
import { KEY_FILE_NAME } from '../audit/keys.ts'
import { codeOf } from '../errors.ts'

export interface ListedFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
}

export interface Listing {
  /** Oldest first. */
  readonly files: readonly ListedFile[]
  /** Called like a file of the audit, but not as the service calls its own. */
  readonly misnamed: readonly string[]
  /** Links, pipes, directories: what the service never creates under such a name. */
  readonly irregular: readonly string[]
  /** How much else there is; the key file apart. */
  readonly others: number
}

/** Throws what the file system throws. */
export async function listAudit(directory: string): Promise<Listing> {
  const names = (await readdir(directory)).toSorted()
  const like = names.filter(isLikeFileName)
  const files: ListedFile[] = []
  const irregular: string[] = []
  for (const name of like.filter(isFileName)) {
    const stats = await lstat(join(directory, name)).catch(ignoreRemoved)
    if (stats?.isFile() === true) files.push({ name, size: stats.size })
    else if (stats !== undefined) irregular.push(name)
  }
  return {
    files,
    misnamed: like.filter((name) => !isFileName(name)),
    irregular,
    others: names.length - like.length - (names.includes(KEY_FILE_NAME) ? 1 : 0),
  }
}

/** For a file that retention may have removed since it was listed. */
export function ignoreRemoved(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

/** For reading alone; never waits, as for a pipe, and never follows a link. Throws what the file system throws. */
export const openAudit = (path: string): Promise<FileHandle> =>
  // Windows has neither of the two flags.
  open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))

/** How much is read at once. */
const CHUNK_BYTES = 1024 * 1024

/** The first `size` bytes of `file`, in chunks; `onRead` is told how many come. */
export async function* readChunks(
  file: FileHandle,
  size: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let position = 0
  while (position < size) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    // Cut since: what is missing shows as missing.
    if (bytesRead === 0) return
    position += bytesRead
    onRead(bytesRead)
    yield chunk.subarray(0, bytesRead)
  }
}
