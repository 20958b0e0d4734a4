/** The anchors in a log: heads that were printed where an editor of the files cannot change them. */
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import type { Claim } from './findings.ts'
import { type Line, parseJson, splitLines } from './lines.ts'

const MESSAGE = 'audit anchor'

const anchor = z.object({
  msg: z.literal(MESSAGE),
  file: z.string(),
  seq: z.int().nonnegative(),
  mac: z.string().regex(/^[0-9a-f]{64}$/),
})

/** Docker's log files wrap each line. */
const wrapped = z.object({ log: z.string() })

/** Log collectors put a time or a name before the line. */
const parseObject = (text: string): unknown => parseJson(text.slice(text.indexOf('{')))

/** Undefined if the line is not an anchor. */
export function readAnchor({ bytes }: Line, number: number): Claim | undefined {
  // Most lines of a log are not anchors, and need not be parsed.
  if (!bytes.includes(MESSAGE)) return undefined
  const found = parseObject(bytes.toString('utf8'))
  const inner = wrapped.safeParse(found).data?.log
  const { data } = anchor.safeParse(inner === undefined ? found : parseObject(inner))
  if (data === undefined) return undefined
  const { file, seq, mac } = data
  return {
    event: 'anchor',
    witness: { file: null, line: number },
    isFromStart: false,
    file,
    seq,
    mac,
    tornBytes: null,
  }
}

/** The bytes of the log in a file. */
export const readLog = (path: string): AsyncIterable<Buffer> => createReadStream(path)

/** All anchors of a log; other lines are skipped. Throws what the source of the log throws. */
export async function readAnchors(log: AsyncIterable<Buffer>): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  let number = 0
  for await (const lines of splitLines(log)) {
    for (const line of lines) {
      number += 1
      const claim = readAnchor(line, number)
      if (claim !== undefined) claims.push(claim)
    }
  }
  return claims
}
