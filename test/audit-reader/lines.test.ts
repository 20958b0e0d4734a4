import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LINE_BYTES } from '../../src/audit/format.ts'
import { type Line, splitLines } from '../../src/audit-reader/lines.ts'
import { inPieces } from './verifying.ts'

async function collect(bytes: Buffer, size: number): Promise<Line[]> {
  const all: Line[] = []
  for await (const lines of splitLines(inPieces(bytes, size))) all.push(...lines)
  return all
}

/** Lines as text, in Latin-1. */
const toTexts = (lines: readonly Line[]) => lines.map(({ bytes }) => bytes.toString('latin1'))

describe('lines', () => {
  it('are split at line feeds only, whatever the bytes and the chunks', async () => {
    const bytes = array(constantFrom(0x0a, 0x0d, 0x00, 0x61, 0x85, 0xe2, 0xa8), { maxLength: 200 })
    await assert(
      asyncProperty(bytes, integer({ min: 1, max: 70 }), async (values, size) => {
        const all = Buffer.from(values)
        const expected = all.toString('latin1').split('\n')
        const rest = expected.pop()
        const lines = await collect(all, size)
        expect(toTexts(lines)).toStrictEqual(rest === '' ? expected : [...expected, rest])
        expect(lines.at(-1)?.end === 'none').toBe(rest !== '')
        for (const { bytes: own, offset } of lines)
          expect(all.subarray(offset, offset + own.length).equals(own)).toBe(true)
      }),
    )
  })

  it.each([1_000_000, 100_000, 3_000_000])(
    'that are too long are cut, in chunks of %i bytes',
    async (size) => {
      const long = 'x'.repeat(MAX_LINE_BYTES + 1)
      const lines = await collect(Buffer.from(`a\n${long}${long}\nb\n${long}\nc`), size)
      expect(lines.map(({ end, offset, bytes }) => [end, offset, Math.min(bytes.length, 2)])).toStrictEqual([
        ['newline', 0, 1],
        ['too_long', 2, 2],
        ['newline', 2 * long.length + 3, 1],
        ['too_long', 2 * long.length + 5, 2],
        ['none', 3 * long.length + 6, 1],
      ])
      for (const { bytes } of lines) expect(bytes.length).toBeLessThanOrEqual(MAX_LINE_BYTES)
    },
  )

  it('that never end come once, with their length', async () => {
    const lines = await collect(Buffer.from(`a\n${'x'.repeat(3 * MAX_LINE_BYTES)}`), 300_000)
    expect(lines.map(({ end, length }) => [end, length])).toStrictEqual([
      ['newline', 1],
      ['none', 3 * MAX_LINE_BYTES],
    ])
    expect(lines.at(-1)?.bytes).toHaveLength(MAX_LINE_BYTES)
  })
})
