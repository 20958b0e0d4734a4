import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, integer, nat, option, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byValue } from '../../src/audit-reader/filters.ts'
import { AuditQuery, type QueryOptions } from '../../src/audit-reader/query.ts'
import { A, B, Chain, type Files, toFiles, writeFiles } from './chains.ts'

const all = { since: undefined, until: undefined, filters: [], order: 'newest' } as const

async function ask(files: Files | string, asked: Partial<QueryOptions> = {}) {
  const directory = typeof files === 'string' ? files : await writeFiles(files)
  const query = new AuditQuery({ ...all, directory, ...asked })
  const lines: string[] = []
  for await (const { line } of query.matches()) lines.push(`${line}\n`)
  return { lines, skipped: query.skipped }
}

const linesOf = async (files: Files | string, asked?: Partial<QueryOptions>) =>
  (await ask(files, asked)).lines

const timeOf = (line: string): string => JSON.parse(line).time

/** Times of the day of all tests. */
const at = (text: string): string => `2026-11-22T${text}Z`

describe('a query', () => {
  const chain = new Chain().open().attempts(500)

  it('tells the newest first, or the oldest first, each line as it stands in its file', async () => {
    const files = toFiles(chain)
    expect(await linesOf(files)).toStrictEqual(chain.lines.toReversed())
    expect(await linesOf(files, { order: 'oldest' })).toStrictEqual(chain.lines)
  })

  it('takes the files of all starts as one', async () => {
    const chains = [1, 2, 3].map((minute) =>
      new Chain({ minute, writer: String(minute).repeat(16) }).attempts(3),
    )
    const lines = chains.flatMap((one) => one.lines)
    expect(await linesOf(toFiles(...chains))).toStrictEqual(lines.toReversed())
    expect(await linesOf(toFiles(...chains), { order: 'oldest' })).toStrictEqual(lines)
  })

  it('merges files that were written at the same time', async () => {
    const [one, other] = [new Chain({ writer: A }), new Chain({ writer: B, seq: 3 })]
    const files = toFiles(one.attempts(400), other.attempts(300))
    const lines = [...one.lines, ...other.lines].map(timeOf).toSorted()
    expect((await linesOf(files)).map(timeOf)).toStrictEqual(lines.toReversed())
    expect((await linesOf(files, { order: 'oldest' })).map(timeOf)).toStrictEqual(lines)
  })

  it('tells what is since a time and until another one, the first included and the second not', async () => {
    const span = { since: at('00:00:01.000'), until: at('00:00:02.000') }
    const expected = chain.lines.filter((line) => timeOf(line) >= span.since && timeOf(line) < span.until)
    expect(expected).toHaveLength(100)
    expect(await linesOf(toFiles(chain), span)).toStrictEqual(expected.toReversed())
    expect(await linesOf(toFiles(chain), { ...span, order: 'oldest' })).toStrictEqual(expected)
  })

  it('finds the same whatever the spans, the files and the order are', async () => {
    const file = record({ minute: integer({ min: 0, max: 3 }), seq: nat(100), records: nat(40) })
    const time = option(
      integer({ min: 0, max: 240_000 }).map((ms) => new Date(Date.UTC(2026, 10, 22) + ms).toISOString()),
      {
        nil: undefined,
      },
    )
    await assert(
      asyncProperty(
        array(file, { maxLength: 5 }),
        time,
        time,
        constantFrom('newest' as const, 'oldest' as const),
        async (specs, since, until, order) => {
          const chains = specs.map(({ records, ...rest }, index) =>
            new Chain({ ...rest, writer: String(index).repeat(16) }).attempts(records),
          )
          const times = chains
            .flatMap(({ lines }) => lines.map(timeOf))
            .filter((one) => (since === undefined || one >= since) && (until === undefined || one < until))
            .toSorted()
          const found = await linesOf(toFiles(...chains), { since, until, order })
          expect(found.map(timeOf)).toStrictEqual(order === 'newest' ? times.toReversed() : times)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds lines of all lengths in files of many pieces', async () => {
    const long = new Chain().open()
    for (let index = 0; index < 300; index += 1)
      long.add('config', { detail: { text: 'x'.repeat(index * 37) } })
    expect(await linesOf(toFiles(long))).toStrictEqual(long.lines.toReversed())
    expect(await linesOf(toFiles(long), { order: 'oldest' })).toStrictEqual(long.lines)
  })

  it('needs every filter to hold', async () => {
    const mixed = new Chain()
      .add('attempt', { code: 'rate_limited', preset: 'one' })
      .add('attempt', { code: 'rate_limited', preset: 'two' })
      .add('attempt', { code: 'overloaded', preset: 'one' })
    const filters = [byValue('code', ['rate_limited']), byValue('preset', ['one', 'three'])]
    expect(await linesOf(toFiles(mixed), { filters })).toStrictEqual([mixed.lines[0]])
  })
})

/** How many bytes a query reads to find all, or the first `limit` matches. */
async function readBy(files: Files, asked: Partial<QueryOptions>, limit = Infinity): Promise<number> {
  let read = 0
  const directory = await writeFiles(files)
  const onProgress = (bytes: number): void => void (read = bytes)
  const matches = new AuditQuery({ ...all, directory, ...asked, onProgress }).matches()
  for (let count = 0; count < limit; count += 1) {
    if ((await matches.next()).done === true) break
  }
  await matches.return(undefined)
  return read
}

describe('a query reads no more than it must', () => {
  // 6,000 lines of about 650 bytes, a minute of 10 ms steps.
  const large = new Chain().attempts(6_000)

  it('of a large file, for its last lines or its last seconds', async () => {
    expect(large.text.length).toBeGreaterThan(3_500_000)
    expect(await readBy(toFiles(large), {}, 50)).toBeLessThan(300_000)
    expect(await readBy(toFiles(large), { since: at('00:00:58.000') })).toBeLessThan(800_000)
  })

  it('of many files, for those that have nothing of the time', async () => {
    const old = [1, 2, 3].map((minute) =>
      new Chain({ minute, writer: String(minute).repeat(16) }).attempts(10),
    )
    const recent = new Chain({ minute: 60 }).attempts(10)
    const files = toFiles(...old, recent)
    expect(await readBy(files, { since: at('00:30:00.000') })).toBe(recent.text.length)
    expect(await readBy(files, { until: at('00:01:30.000'), order: 'oldest' })).toBe(old[0]?.text.length)
    expect(await readBy(files, {}, 5)).toBe(recent.text.length)
  })
})

describe('a query passes over and counts', () => {
  it.each([
    ['a torn end', (text: string) => `${text}{"v":1,"time":"2026-11-22T00:0`, 1],
    [
      'a whole record that has no line feed',
      (text: string) => text + new Chain().attempts(1).text.trimEnd(),
      1,
    ],
    ['what is no JSON', (text: string) => `${text}{"v":1,"time":"2026-11-22T00:00:00.000Z",}\n`, 1],
    [
      'what could move a terminal',
      (text: string) => `${text}{"v":1,"time":"2026-11-22T00:00:00.000Z","a":"\u001b"}\n`,
      1,
    ],
    ['records of another version', (text: string) => `${text}{"v":2,"time":"2026-11-22T00:00:00.000Z"}\n`, 1],
    ['empty lines', (text: string) => `${text}\n\n`, 2],
    ['lines that are too long', (text: string) => `${text}${'x'.repeat(2_000_000)}\n`, 1],
    ['a file of zeros', () => '\0'.repeat(100_000), 0],
  ])('%s', async (_what, change, skipped) => {
    const first = new Chain().attempts(3)
    const second = new Chain({ minute: 1, writer: B }).attempts(3)
    const files = { [first.name]: change(first.text), ...toFiles(second) }
    const lines = skipped === 0 ? second.lines : [...first.lines, ...second.lines]
    for (const order of ['newest', 'oldest'] as const) {
      const found = await ask(files, { order })
      expect(found.lines.toSorted()).toStrictEqual(lines.toSorted())
      expect(found.skipped).toBe(skipped)
    }
  })

  it('nothing else in the directory', async () => {
    const first = new Chain().attempts(3)
    const directory = await writeFiles({ ...toFiles(first), 'audit-copy.jsonl': first.text, 'x.jsonl': 'y' })
    await mkdir(join(directory, new Chain({ minute: 5 }).name))
    expect(await ask(directory)).toStrictEqual({ lines: first.lines.toReversed(), skipped: 0 })
  })
})

it('a file that retention removes meanwhile is no error', async () => {
  const [first, second] = [new Chain().attempts(3), new Chain({ minute: 1, writer: B }).attempts(3)]
  const directory = await writeFiles(toFiles(first, second))
  const query = new AuditQuery({ ...all, directory })
  const found: string[] = []
  for await (const { line } of query.matches()) {
    found.push(line)
    await rm(join(directory, first.name), { force: true })
  }
  expect(found).toHaveLength(3)
})
