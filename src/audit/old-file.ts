/** What a file that is not ours to write holds: read at its two ends only, and believed only where it is sealed. */
import { hash, type KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hmac } from '../secret.ts'
import type { Head } from './chain.ts'

/** Bytes after a file's last newline, such as a crash leaves. */
export interface Torn {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface OldFile {
  readonly name: string
  /** The last good line; null where there is none. */
  readonly head: Head | null
  /** Unix milliseconds of that line; null too where the file does not carry the name that it was opened with. */
  readonly endedAt: number | null
  /** Whether that line is a `close`. */
  readonly closed: boolean
  readonly torn: Torn | null
  /** Unix milliseconds. */
  readonly modifiedAt: number
  /** The records in which it was opened: which earlier files it names, and for which torn ends it vouches. */
  readonly opening: readonly SealedRecord[]
}

const sealedRecord = z.object({
  time: z.iso.datetime(),
  seq: z.int().nonnegative(),
  event: z.string(),
  detail: z.unknown(),
})

export type SealedRecord = z.infer<typeof sealedRecord> & Head

const SEAL = /,"mac":"([0-9a-f]{64})"\}$/
const SEAL_LENGTH = ',"mac":"'.length + 64 + '"}'.length

/** A line without its newline, if it was sealed with `key`. Its characters stand for bytes (latin1). */
function parseSealed(line: string, key: KeyObject): SealedRecord | undefined {
  const mac = SEAL.exec(line)?.[1]
  if (mac === undefined || hmac(key, line.slice(0, -SEAL_LENGTH)) !== mac) return undefined
  const { data } = sealedRecord.safeParse(JSON.parse(line))
  return data && { ...data, mac }
}

const BLOCK_BYTES = 64 * 1024

async function readText(handle: FileHandle, from: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, from)
  return buffer.toString('latin1', 0, bytesRead)
}

/** The first records, up to the first that neither names other files nor vouches for them. */
async function readOpening(handle: FileHandle, first: string, key: KeyObject): Promise<SealedRecord[]> {
  const records: SealedRecord[] = []
  let text = first
  for (let from = 0; ; ) {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    if (whole === '') return records
    for (const line of whole.slice(0, -1).split('\n')) {
      const record = parseSealed(line, key)
      if (record?.event !== 'open' && record?.event !== 'recovered') return records
      records.push(record)
    }
    if (text.length < BLOCK_BYTES) return records
    from += whole.length
    text = await readText(handle, from, BLOCK_BYTES)
  }
}

interface Tail {
  readonly last: SealedRecord | undefined
  /** What comes after the last newline. */
  readonly rest: string
}

/** What begins before `text` does is no line of it: its seal would not hold. */
function toTail(text: string, key: KeyObject): Tail {
  let end = text.lastIndexOf('\n')
  const rest = text.slice(end + 1)
  while (end > 0) {
    const start = text.lastIndexOf('\n', end - 1)
    const last = parseSealed(text.slice(start + 1, end), key)
    if (last !== undefined) return { last, rest }
    end = start
  }
  return { last: undefined, rest }
}

/** Reads further back only where no good line is near the end, as after a crash of the whole machine. */
async function readTail(handle: FileHandle, size: number, key: KeyObject): Promise<Tail> {
  for (let length = BLOCK_BYTES; ; length *= 16) {
    const from = Math.max(0, size - length)
    const tail = toTail(await readText(handle, from, size - from), key)
    if (tail.last !== undefined || from === 0) return tail
  }
}

const toTorn = (rest: string): Torn | null =>
  rest === '' ? null : { bytes: rest.length, sha256: hash('sha256', Buffer.from(rest, 'latin1')) }

const openDetail = z.object({ file: z.string() })

const toOwnName = (first: SealedRecord | undefined): string | undefined =>
  openDetail.safeParse(first?.detail).data?.file

/** Rejects with what the file system says, also of a link, a pipe or a directory. */
export async function readOldFile(directory: string, name: string, key: KeyObject): Promise<OldFile> {
  // A pipe of that name would never end, and a link could lead anywhere.
  const handle = await open(
    join(directory, name),
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
  )
  try {
    const { size, mtimeMs } = await handle.stat()
    const first = await readText(handle, 0, Math.min(size, BLOCK_BYTES))
    const opening = await readOpening(handle, first, key)
    const { last, rest } = size <= BLOCK_BYTES ? toTail(first, key) : await readTail(handle, size, key)
    return {
      name,
      head: last === undefined ? null : { seq: last.seq, mac: last.mac },
      endedAt: last === undefined || toOwnName(opening[0]) !== name ? null : Date.parse(last.time),
      closed: last?.event === 'close',
      torn: toTorn(rest),
      modifiedAt: mtimeMs,
      opening,
    }
  } finally {
    await handle.close()
  }
}
