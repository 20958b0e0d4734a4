/** Bytes as lines: split at line feeds alone, in bounded memory, whatever the bytes are. */
import { z } from 'zod'
import { MAX_LINE_BYTES } from '../audit/format.ts'

export interface Line {
  /** Without its line feed; only the first `MAX_LINE_BYTES` of a longer line. */
  readonly bytes: Buffer
  /** The offset of its first byte, from the start of the input. */
  readonly offset: number
  /** The length of the whole line. */
  readonly length: number
  /** `none`: the input ends without a line feed. */
  readonly end: 'newline' | 'none' | 'too_long'
}

const LINE_FEED = 0x0a

const empty = Buffer.alloc(0)

/** All lines of `chunks`, those of a chunk at once. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = empty
  /** The offset of `rest`. */
  let offset = 0
  /** A line that is too long, as far as it was read. */
  let long: Line | undefined
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const lines: Line[] = []
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      if (long === undefined) lines.push(toLine(bytes.subarray(start, end), offset + start, 'newline'))
      else lines.push({ ...long, length: offset + end - long.offset, end: 'too_long' })
      long = undefined
      start = end + 1
    }
    rest = bytes.subarray(start)
    offset += start
    if (long !== undefined || rest.length > MAX_LINE_BYTES) {
      long ??= toLine(rest, offset, 'none')
      offset += rest.length
      rest = empty
    }
    yield lines
  }
  if (long !== undefined) yield [{ ...long, length: offset - long.offset }]
  if (rest.length > 0) yield [toLine(rest, offset, 'none')]
}

const toLine = (bytes: Buffer, offset: number, end: Line['end']): Line => ({
  bytes: bytes.subarray(0, MAX_LINE_BYTES),
  offset,
  length: bytes.length,
  end: end === 'newline' && bytes.length > MAX_LINE_BYTES ? 'too_long' : end,
})

/** Undefined if the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const withDetail = z.object({ detail: z.unknown() })

/** The detail of a record; undefined if there is none. */
export const readDetail = (line: Buffer): unknown =>
  withDetail.safeParse(parseJson(line.toString('latin1'))).data?.detail
