import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LINE_BYTES } from '../../src/audit/format.ts'
import { readBackwards } from '../../src/audit-reader/backwards.ts'
import { type Line, splitLines } from '../../src/audit-reader/lines.ts'
import { writeFiles } from './chains.ts'
import { inPieces } from './verifying.ts'

async function forwards(bytes: Buffer): Promise<Line[]> {
  const all: Line[] = []
  for await (const lines of splitLines(inPieces(bytes, 1_000_000))) all.push(...lines)
  return all
}

async function backwards(bytes: Buffer, chunkBytes: number): Promise<Line[]> {
  const file = await open(join(await writeFiles({ file: bytes }), 'file'))
  try {
    const all: Line[] = []
    for await (const lines of readBackwards(file, { size: bytes.length, chunkBytes })) all.push(...lines)
    return all
  } finally {
    await file.close()
  }
}

const toText = ({ bytes, offset, end }: Line): string => `${offset} ${end} ${bytes.toString('latin1')}`

describe('a file that is read backwards', () => {
  it('has the same lines as forwards, whatever is in it and however much is read at once', async () => {
    const content = array(constantFrom(0x0a, 0x61, 0x0d, 0x00, 0xff), { maxLength: 120 })
    await assert(
      asyncProperty(content, integer({ min: 1, max: 60 }), async (values, chunkBytes) => {
        const bytes = Buffer.from(values)
        const found = await backwards(bytes, chunkBytes)
        expect(found.toReversed().map(toText)).toStrictEqual((await forwards(bytes)).map(toText))
      }),
    )
  })

  it.each([100_000, 262_144, 5_000_000])(
    'has lines that are too long in the same way, by %i bytes',
    async (chunkBytes) => {
      const long = 'x'.repeat(MAX_LINE_BYTES)
      const bytes = Buffer.from(`a\n${long}\nb${long}${long}\nc\n${long}1`)
      const found = await backwards(bytes, chunkBytes)
      expect(found.map(({ end }) => end)).toStrictEqual(['none', 'newline', 'too_long', 'newline', 'newline'])
      expect(found.toReversed().map(toText)).toStrictEqual((await forwards(bytes)).map(toText))
    },
  )

  it('ends where it was cut meanwhile', async () => {
    const bytes = Buffer.from('a\nb\n')
    const file = await open(join(await writeFiles({ file: bytes }), 'file'))
    const all: string[] = []
    for await (const lines of readBackwards(file, { size: 6, chunkBytes: 3 })) all.push(...lines.map(toText))
    await file.close()
    expect(all).toStrictEqual(['4 none \u0000\u0000', '2 newline b', '0 newline a'])
  })
})
