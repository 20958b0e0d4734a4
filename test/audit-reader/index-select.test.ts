import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecordFilter } from '../../src/audit-reader/index-query.ts'
import { B, Chain, type Files, toFiles, writeFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'

const linesOf = async (files: Files | string, filter?: RecordFilter) =>
  listLines(await openIndex(files), filter)

const timeOf = (line: string): string => JSON.parse(line).time

describe.each<[what: string, kind: RecordFilter['kind']]>([
  ['without a condition', {}],
  ['by kind', { event: ['open', 'attempt', 'config'] }],
])('a selection %s', (_what, kind) => {
  const chain = new Chain().open().attempts(500)

  it('includes the first moment of its span and excludes the last', async () => {
    const [since, until] = ['2026-11-22T00:00:01.000Z', '2026-11-22T00:00:02.000Z']
    const expected = chain.lines.filter((line) => timeOf(line) >= since && timeOf(line) < until)
    expect(expected).toHaveLength(100)
    const span = { kind, since: Date.parse(since), until: Date.parse(until) }
    expect(await linesOf(toFiles(chain), span)).toStrictEqual(expected.toReversed())
  })

  it('finds lines of all lengths in files of many chunks', async () => {
    const long = new Chain().open()
    for (let index = 0; index < 300; index += 1)
      long.add('config', { detail: { text: 'x'.repeat(index * 37) } })
    expect(await linesOf(toFiles(long), { kind })).toStrictEqual(long.lines.toReversed())
  })
})

describe('a selection passes over and counts', () => {
  const start = '{"v":1,"time":"2026-11-22T00:00:00.000Z"'

  it.each<[what: string, added: string, skipped?: number]>([
    ['a torn end', '{"v":1,"time":"2026-11-22T00:0'],
    ['a complete record without a line feed', new Chain().attempts(1).text.trimEnd()],
    ['invalid JSON', `${start},}\n`],
    ['an invalid time', `${start.replace('11-22', '13-22')}}\n`],
    ['an escape sequence', `${start},"a":"\u001b"}\n`],
    ['a carriage return', `${start}}\r\n`],
    ['bytes that are not ASCII', `${start},"a":"\u009b"}\n`],
    ['records of another version', `${start.replace('1', '2')}}\n`],
    ['a version that is given twice', `${start},"v":2}\n`],
    ['empty lines', '\n\n', 2],
    ['a line that is too long', `${'x'.repeat(3_000_000)}\n`],
    ['a long end without a line feed', '\0'.repeat(3_000_000)],
  ])('%s', async (_what, added, skipped = 1) => {
    const first = new Chain().attempts(3)
    const second = new Chain({ minute: 1, writer: B }).attempts(3)
    const index = await openIndex({ [first.name]: first.text + added, ...toFiles(second) })
    expect(await listLines(index)).toStrictEqual([...first.lines, ...second.lines].toReversed())
    expect(await index.countSkipped({ kind: {} })).toBe(skipped)
  })

  it('such lines only in files with records of the time', async () => {
    const files = { [new Chain().name]: `${new Chain().attempts(3).text}garbage\n` }
    const index = await openIndex(files)
    expect(await index.countSkipped({ kind: {}, since: Date.parse('2026-11-22T01:00:00Z') })).toBe(0)
    expect(await index.countSkipped({ kind: {}, until: Date.parse('2026-11-21T01:00:00Z') })).toBe(0)
  })

  it('everything else in the directory', async () => {
    const first = new Chain().attempts(3)
    const directory = await writeFiles({ ...toFiles(first), 'audit-copy.jsonl': first.text, 'x.jsonl': 'y' })
    await mkdir(join(directory, new Chain({ minute: 5 }).name))
    expect(await linesOf(directory)).toStrictEqual(first.lines.toReversed())
  })
})
