/** What is in a file of another process: read in blocks from both ends, and believed only where it is sealed. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf } from '../errors.ts'
import type { HmacKey } from '../hmac.ts'
import { type Head, isSealedBy, MAX_LINE_BYTES, readSeal } from './format.ts'

export interface OldFile {
  readonly name: string
  /** The last good line; null if there is none. */
  readonly head: SealedRecord | null
  /** Bytes after the last newline, as a crash leaves them. */
  readonly tornBytes: number
  /** Unix milliseconds. */
  readonly modifiedAt: number
  /** The records with which it was opened: they name earlier files, and vouch for torn ends. */
  readonly firstRecords: readonly SealedRecord[]
}

const sealedRecord = z.object({
  time: z.iso.datetime(),
  seq: z.int().nonnegative(),
  event: z.string(),
  detail: z.unknown(),
})

export type SealedRecord = z.infer<typeof sealedRecord> & Head

/** A line without its newline, if it was sealed with `key`. */
function parseSealed(line: Buffer, key: HmacKey): SealedRecord | undefined {
  const mac = readSeal(line)?.mac
  if (mac === undefined || !isSealedBy(key, line, mac)) return undefined
  const { data } = sealedRecord.safeParse(JSON.parse(line.toString('latin1')))
  return data && { ...data, mac }
}

const BLOCK_BYTES = 64 * 1024
const NEWLINE = 0x0a
const empty = Buffer.alloc(0)

/** Into `buffer`, up to `to`. */
async function readBlock(handle: FileHandle, buffer: Buffer, from: number, to: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, to - from, from)
  return buffer.subarray(0, bytesRead)
}

/** The first records, up to the first that neither names other files nor vouches for them. */
async function readFirstRecords(handle: FileHandle, key: HmacKey): Promise<SealedRecord[]> {
  const records: SealedRecord[] = []
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES)
  for (let from = 0; ; ) {
    const block = await readBlock(handle, buffer, from, from + BLOCK_BYTES)
    let start = 0
    for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, start)) {
      const record = parseSealed(block.subarray(start, end), key)
      if (record?.event !== 'open' && record?.event !== 'recovered') return records
      records.push(record)
      start = end + 1
    }
    if (start === 0) return records
    from += start
  }
}

interface Tail {
  readonly last: SealedRecord | undefined
  readonly tornBytes: number
}

/** Searches from the end, in bounded memory: after a crash of the machine, anything may be there. */
async function readTail(handle: FileHandle, size: number, key: HmacKey): Promise<Tail> {
  // One buffer for all blocks: the garbage collector is slow to free many.
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES)
  let tornBytes: number | undefined
  /** The end of the line that starts before the block. */
  let rest: Buffer = empty
  for (let end = size; end > 0; end -= BLOCK_BYTES) {
    const from = Math.max(0, end - BLOCK_BYTES)
    const block = await readBlock(handle, buffer, from, end)
    let stop = block.length
    for (let newline = lastNewline(block, stop); newline !== -1; newline = lastNewline(block, newline)) {
      if (tornBytes === undefined) tornBytes = size - from - newline - 1
      else {
        const last = parseSealed(Buffer.concat([block.subarray(newline + 1, stop), rest]), key)
        if (last !== undefined) return { last, tornBytes }
      }
      stop = newline
      rest = empty
    }
    // Torn bytes are only counted. Without its start, a line that is too long is not sealed.
    if (tornBytes !== undefined)
      rest = Buffer.concat([block.subarray(0, stop), rest]).subarray(0, MAX_LINE_BYTES)
  }
  return { last: tornBytes === undefined ? undefined : parseSealed(rest, key), tornBytes: tornBytes ?? size }
}

const lastNewline = (block: Buffer, before: number): number =>
  before === 0 ? -1 : block.lastIndexOf(NEWLINE, before - 1)

/** Undefined if the file is gone. A file that cannot be read, a link, a pipe or a directory has no good line. */
export async function readOldFile(
  directory: string,
  name: string,
  key: HmacKey,
): Promise<OldFile | undefined> {
  // Opening a pipe would wait for a writer, and a link could lead anywhere.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
  let handle: FileHandle | undefined
  try {
    handle = await open(join(directory, name), flags)
    const { size, mtimeMs } = await handle.stat()
    const firstRecords = await readFirstRecords(handle, key)
    const { last = null, tornBytes } = await readTail(handle, size, key)
    return { name, head: last, tornBytes, modifiedAt: mtimeMs, firstRecords }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    return { name, head: null, tornBytes: 0, modifiedAt: 0, firstRecords: [] }
  } finally {
    await handle?.close()
  }
}
