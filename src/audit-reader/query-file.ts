/** Searches one file, from either end, a piece at a time. */
import { join } from 'node:path'
import { readKeyId } from '../audit/format.ts'
import { readBackwards, readWhole } from './backwards.ts'
import type { Filter, ReadRecord } from './filters.ts'
import { type Line, splitLines } from './lines.ts'
import { ignoreRemoved, listAudit, openAudit, readChunks } from './listing.ts'

export type UpstreamRequest = 'newest' | 'oldest'

export interface Search {
  /** ISO 8601, UTC; the first moment that counts. */
  readonly since: string | undefined
  /** The first moment that does not. */
  readonly until: string | undefined
  /** All of which have to hold. */
  readonly filters: readonly Filter[]
  readonly order: UpstreamRequest
}

export interface Match {
  readonly time: string
  /** As it stands in the file. */
  readonly line: string
  readonly record: ReadRecord
}

/** What was found in a piece of a file, and the time that the next piece has at best. */
export interface Batch {
  readonly matches: readonly Match[]
  readonly bound: string
}

/** A file, with the times of its opening and of its last line. */
export interface Span {
  readonly name: string
  readonly size: number
  readonly from: string
  readonly to: string
}

const BACKWARDS_BYTES = 256 * 1024
const PEEK_BYTES = 4 * 1024

const BEFORE_TIME = '{"v":1,"time":"'
const HEAD_LENGTH = BEFORE_TIME.length + '2026-11-22T10:11:12.345Z'.length

/** Undefined where the line is torn, or no record of a version that is known here. */
function readTime({ bytes, end }: Line): string | undefined {
  const head = bytes.toString('latin1', 0, HEAD_LENGTH)
  const isRecord = end === 'newline' && head.length === HEAD_LENGTH && head.startsWith(BEFORE_TIME)
  return isRecord ? head.slice(BEFORE_TIME.length) : undefined
}

function parseRecord(line: string): ReadRecord | undefined {
  // Anything but printable ASCII could do things to the terminal that shows it.
  if (!/^[\x20-\x7e]*$/.test(line)) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** When a file was opened, by its name. */
export const toOpeningTime = (name: string): string =>
  name.replace(/^audit-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z')

/** Undefined where the file was removed meanwhile, or holds no record. Throws what else the file system throws. */
export async function readSpan(directory: string, name: string): Promise<Span | undefined> {
  const file = await openAudit(join(directory, name)).catch(ignoreRemoved)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    for await (const lines of readBackwards(file, { size, chunkBytes: PEEK_BYTES })) {
      const to = lines.map(readTime).find((time) => time !== undefined)
      if (to !== undefined) return { name, size, from: toOpeningTime(name), to }
    }
    return undefined
  } finally {
    await file.close()
  }
}

/** Of the keys that the files of `directory` name in their first lines. Throws what the file system throws. */
export async function readKeyIds(directory: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (const { name, size } of (await listAudit(directory)).files) {
    const file = await openAudit(join(directory, name)).catch(ignoreRemoved)
    if (file === undefined) continue
    try {
      const id = readKeyId(await readWhole(file, 0, Math.min(size, PEEK_BYTES)))
      if (id !== undefined) ids.add(id)
    } finally {
      await file.close()
    }
  }
  return ids
}

export class FileSearch {
  /** Lines that were read and are no records. */
  skipped = 0
  /** Lines that were read. */
  read = 0
  readonly #search: Search

  constructor(search: Search) {
    this.#search = search
  }

  /** Searches a file up to where nothing more can be found. Throws what the file system throws. */
  async *batches(
    directory: string,
    { name, size }: Span,
    onRead: (bytes: number) => void,
  ): AsyncGenerator<Batch> {
    const file = await openAudit(join(directory, name)).catch(ignoreRemoved)
    if (file === undefined) return
    try {
      const pieces =
        this.#search.order === 'newest'
          ? readBackwards(file, { size, chunkBytes: BACKWARDS_BYTES, onRead })
          : splitLines(readChunks(file, size, onRead))
      for await (const lines of pieces) {
        const times = lines.map(readTime)
        const bound = times.findLast((time) => time !== undefined)
        if (bound === undefined) {
          this.skipped += lines.length
          continue
        }
        yield { matches: this.#find(lines, times), bound }
        // All of a piece, for a clock may have been set back a little.
        if (times.every((time) => time === undefined || this.#isBeyond(time))) return
      }
    } finally {
      await file.close()
    }
  }

  #find(lines: readonly Line[], times: readonly (string | undefined)[]): Match[] {
    this.read += lines.length
    const { since = '', until } = this.#search
    return lines.flatMap((line, index) => {
      const time = times[index]
      if (time === undefined) this.skipped += 1
      if (time === undefined || time < since || (until !== undefined && time >= until)) return []
      return this.#judge(line, time) ?? []
    })
  }

  #judge({ bytes }: Line, time: string): Match | undefined {
    const { filters } = this.#search
    const line = bytes.toString('latin1')
    if (!filters.every(({ hints }) => hints.length === 0 || hints.some((hint) => line.includes(hint)))) {
      return undefined
    }
    const record = parseRecord(line)
    if (record === undefined) {
      this.skipped += 1
      return undefined
    }
    return filters.every(({ holds }) => holds(record)) ? { time, line, record } : undefined
  }

  #isBeyond(time: string): boolean {
    const { order, since = '', until } = this.#search
    return order === 'newest' ? time < since : until !== undefined && time >= until
  }
}
