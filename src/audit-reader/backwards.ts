/** The lines of a file from its end, so that what happened last is found without reading what came before. */
import type { FileHandle } from 'node:fs/promises'
import { MAX_LINE_BYTES } from '../audit/format.ts'
import { LINE_FEED, type Line, toLine } from './lines.ts'

export interface BackwardsOptions {
  /** How much of the file is read, from its beginning. */
  readonly size: number
  /** How much is read at once. */
  readonly chunkBytes: number
  /** Told of bytes as they are read. */
  readonly onRead?: ((bytes: number) => void) | undefined
}

/** The same lines as `splitLines` makes of the whole, the last one first; as many at once as a chunk begins. */
export async function* readBackwards(
  file: FileHandle,
  { size, chunkBytes, onRead }: BackwardsOptions,
): AsyncGenerator<readonly Line[]> {
  let position = size
  /** What is known of the line that begins further up, if anything stands there. */
  let rest: Buffer = Buffer.alloc(0)
  let end: Line['end'] = 'none'
  while (position > 0) {
    const length = Math.min(chunkBytes, position)
    position -= length
    const chunk = await readWhole(file, position, length)
    onRead?.(chunk.length)
    const bytes = Buffer.concat([chunk, rest])
    const lines: Line[] = []
    let stop = bytes.length
    for (let feed = lastFeed(chunk, chunk.length); feed !== -1; feed = lastFeed(chunk, feed)) {
      if (end === 'newline' || stop > feed + 1) {
        lines.push(toLine(bytes.subarray(feed + 1, stop), position + feed + 1, end))
      }
      stop = feed
      end = 'newline'
    }
    // Of a line that is too long only the beginning counts.
    rest = bytes.subarray(0, Math.min(stop, MAX_LINE_BYTES + 1))
    if (lines.length > 0) yield lines
  }
  if (size > 0 && (end === 'newline' || rest.length > 0)) yield [toLine(rest, 0, end)]
}

/** The last line feed before `position`, or -1. */
const lastFeed = (bytes: Buffer, position: number): number =>
  position === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, position - 1)

/** Zeros stand for what was cut off meanwhile. */
export async function readWhole(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const chunk = Buffer.alloc(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(chunk, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return chunk
}
