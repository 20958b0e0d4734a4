/** Bytes as lines: split at line feeds alone, in bounded memory, whatever the bytes are. */

export interface Line {
  /** Without its line feed; of a line that is too long, its beginning. */
  readonly bytes: Buffer
  /** Of its first byte, from the start of what is read. */
  readonly offset: number
  readonly end: 'newline' | 'none' | 'too_long'
}

/** Far more than any record or log line takes. */
export const MAX_LINE_BYTES = 1024 * 1024

export const LINE_FEED = 0x0a

const empty = Buffer.alloc(0)

/** All lines of `chunks`, as many at once as a chunk ends. The last one has the end `none` if no line feed follows. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = empty
  let offset = 0
  let isSkipping = false
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const lines: Line[] = []
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      if (!isSkipping) lines.push(toLine(bytes.subarray(start, end), offset + start, 'newline'))
      isSkipping = false
      start = end + 1
    }
    rest = bytes.subarray(start)
    offset += start
    if (isSkipping || rest.length > MAX_LINE_BYTES) {
      if (!isSkipping) lines.push(toLine(rest, offset, 'none'))
      isSkipping = true
      offset += rest.length
      rest = empty
    }
    yield lines
  }
  if (rest.length > 0) yield [toLine(rest, offset, 'none')]
}

export const toLine = (bytes: Buffer, offset: number, end: Line['end']): Line =>
  bytes.length > MAX_LINE_BYTES
    ? { bytes: bytes.subarray(0, MAX_LINE_BYTES), offset, end: 'too_long' }
    : { bytes, offset, end }
