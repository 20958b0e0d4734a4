// How files name each other across starts, replicas and crashes.
import { execFileSync } from 'node:child_process'
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOldFile } from '../../src/audit/old-file.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { numbered } from './fields.ts'
import { eventsOf, headOf, keys, openWriter, type ReadFile, readChains, recovery } from './writers.ts'

/** One start and stop. */
async function runOnce(directory: string, records = 1): Promise<void> {
  const { writer } = await openWriter(directory)
  for (let number = 0; number < records; number += 1) await writer.append(numbered(number))
  await writer.close()
}

/** Leaves a file like that of a killed process: without a close, and with `torn` after its last line. */
async function crash(directory: string, torn: string): Promise<ReadFile> {
  await runOnce(directory)
  const { name } = (await readChains(directory)).at(-1) ?? { name: '' }
  const path = join(directory, name)
  const lines = (await readFile(path, 'utf8')).split('\n')
  await truncate(path, lines.slice(0, -2).join('\n').length + 1)
  await appendFile(path, torn)
  return (await readChains(directory)).at(-1) ?? { name, lines: [], torn }
}

const firstRecordsOf = ({ lines }: ReadFile) => lines.filter(({ event }) => event === 'open')

const detailsOf = (files: readonly ReadFile[], event: string): unknown[] =>
  files.flatMap(({ lines }) => lines.filter((line) => line.event === event).map(({ detail }) => detail))

const headsIn = (file: ReadFile | undefined): unknown[] =>
  detailsOf(file === undefined ? [] : [file], 'open').flatMap((detail) =>
    typeof detail === 'object' && detail !== null && 'heads' in detail && Array.isArray(detail.heads)
      ? detail.heads
      : [],
  )

const toObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

describe('the first record of a file', () => {
  it('has the file’s own name and the id of its key', async () => {
    const directory = await createTemporaryDirectory()
    await runOnce(directory)
    const [file] = await readChains(directory)
    expect(file?.lines[0]).toMatchObject({
      event: 'open',
      seq: 0,
      prev: null,
      detail: { file: file?.name, key: keys.id, heads: [] },
    })
    expect(keys.id).toMatch(/^[0-9a-f]{16}$/)
  })

  it('names the head of the file before, and no file is named twice', async () => {
    const directory = await createTemporaryDirectory()
    await inTurn([0, 1, 2, 3], (records) => runOnce(directory, records))
    const files = await readChains(directory)
    expect(files.map(headsIn)).toStrictEqual([[], ...files.slice(0, -1).map((file) => [headOf(file)])])
  })

  it('names one file each in fifty starts', async () => {
    const directory = await createTemporaryDirectory()
    await inTurn(Array.from({ length: 50 }), () => runOnce(directory))
    const files = await readChains(directory)
    expect(files.flatMap(headsIn)).toStrictEqual(files.slice(0, -1).map(headOf))
  })

  it('names the current head of a replica’s open file, and its last head later', async () => {
    const directory = await createTemporaryDirectory()
    const replica = await openWriter(directory)
    await replica.writer.append(numbered(1))
    const [early] = await readChains(directory)
    await runOnce(directory)
    await replica.writer.append(numbered(2))
    await replica.writer.close()
    await runOnce(directory)
    const [first, second, third] = await readChains(directory)
    expect(early && headOf(early)).not.toStrictEqual(first && headOf(first))
    expect(headsIn(second)).toStrictEqual([early && headOf(early)])
    expect(headsIn(third)).toStrictEqual([first && headOf(first), second && headOf(second)])
  })

  it('names files that were opened at once, at least in one later file', async () => {
    const directory = await createTemporaryDirectory()
    await runOnce(directory)
    const [first] = await readChains(directory)
    await Promise.all(Array.from({ length: 5 }, () => runOnce(directory)))
    await runOnce(directory)
    const files = await readChains(directory)
    const named = files.flatMap(headsIn)
    expect(named).toContainEqual(first && headOf(first))
    for (const file of files.slice(0, -1)) expect(named).toContainEqual(headOf(file))
  })

  it('names a file without a good line with nulls, unless the file is new', async () => {
    const directory = await createTemporaryDirectory()
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await writeFile(join(directory, name), '{"event":"open"}\n')
    await runOnce(directory)
    await utimes(join(directory, name), 0, 0)
    await runOnce(directory)
    await runOnce(directory)
    const [first, second, third] = (await readChains(directory, name)).map(headsIn)
    expect(first).toStrictEqual([])
    expect(second).toContainEqual({ file: name, seq: null, mac: null })
    expect(third).not.toContainEqual({ file: name, seq: null, mac: null })
  })

  it('ignores unsealed records: a forged file hides no other', async () => {
    const directory = await createTemporaryDirectory()
    await runOnce(directory)
    const [first] = await readChains(directory)
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    const mac = 'a'.repeat(64)
    const forged = {
      time: '2020-01-01T00:00:00.000Z',
      seq: 0,
      event: 'open',
      detail: { heads: [first && headOf(first)] },
      mac,
    }
    await writeFile(join(directory, name), `${JSON.stringify(forged)}\n`)
    await runOnce(directory)
    expect((await readChains(directory, name)).flatMap(headsIn)).toStrictEqual([first && headOf(first)])
  })

  it('is followed by others if there are many files, and each line stays below 2 KiB', async () => {
    const directory = await createTemporaryDirectory()
    const replicas = await Promise.all(Array.from({ length: 20 }, () => openWriter(directory)))
    await Promise.all(replicas.map(({ writer }) => writer.close()))
    await runOnce(directory)
    await runOnce(directory)
    const files = await readChains(directory)
    const [last, later] = [files.at(-2), files.at(-1)]
    expect(last && firstRecordsOf(last)).toHaveLength(3)
    expect(headsIn(last)).toStrictEqual(files.slice(0, 20).map(headOf))
    for (const line of last?.lines ?? []) expect(JSON.stringify(line).length).toBeLessThan(2_048)
    expect(headsIn(later)).toStrictEqual([last && headOf(last)])
  })

  it('names pipes, links and directories with nulls', async () => {
    const directory = await createTemporaryDirectory()
    const other = await createTemporaryDirectory()
    await runOnce(other)
    const [good] = await readChains(other)
    const names = [1, 2, 3].map((day) => `audit-2020010${day}T000000000Z-0123456789abcdef.jsonl`)
    const [pipe = '', link = '', folder = ''] = names.map((name) => join(directory, name))
    execFileSync('mkfifo', [pipe])
    await symlink(join(other, good?.name ?? ''), link)
    await mkdir(folder)
    await utimes(pipe, 0, 0)
    await runOnce(directory)
    expect(headsIn((await readChains(directory, 'audit-2020')).at(-1))).toStrictEqual(
      names.map((file) => ({ file, seq: null, mac: null })),
    )
  })

  it('repeats nothing that the same process recorded before', async () => {
    const directory = await createTemporaryDirectory()
    const crashed = await crash(directory, 'torn')
    const { writer } = await openWriter(directory)
    await inTurn([1, 2], async (number) => {
      await appendFile(join(directory, (await readdir(directory)).toSorted().at(-1) ?? ''), '\n')
      await expect(writer.append(numbered(number))).rejects.toThrow('file_resized')
      await recovery(writer)
    })
    const names = (await readdir(directory)).toSorted()
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
    const count = (pattern: RegExp): number => texts.join('').match(pattern)?.length ?? 0
    expect(count(/"event":"gap"/g)).toBe(2)
    expect(count(/"event":"recovered"/g)).toBe(1)
    expect(count(new RegExp(`"heads":\\[[^\\]]*"file":"${crashed.name}"`, 'g'))).toBe(1)
    expect(count(new RegExp(`"heads":\\[[^\\]]*"file":"${names[1]}"`, 'g'))).toBe(1)
  })
})

describe('a file that ends torn', () => {
  const torn = '{"v":1,"time":"2026-11-22T10:11'

  it('is vouched for with its torn bytes, and left as it is', async () => {
    const directory = await createTemporaryDirectory()
    const crashed = await crash(directory, torn)
    await runOnce(directory)
    await runOnce(directory)
    const files = await readChains(directory)
    expect(files[0]).toStrictEqual(crashed)
    expect(eventsOf(files)[1]).toStrictEqual(['open', 'recovered', 'attempt', 'close'])
    expect(detailsOf(files, 'recovered')).toStrictEqual([
      { ...headsIn(files[1]).map(toObject)[0], torn_bytes: torn.length },
    ])
    expect(headsIn(files[1])).toStrictEqual([headOf(crashed)])
  })

  it('after it was named is vouched for too', async () => {
    const directory = await createTemporaryDirectory()
    const crashed = await crash(directory, '')
    await runOnce(directory)
    await appendFile(join(directory, crashed.name), torn)
    await runOnce(directory)
    expect(detailsOf(await readChains(directory), 'recovered')).toMatchObject([{ file: crashed.name }])
  })

  it('after its close is not vouched for: a crash does not cause that', async () => {
    const directory = await createTemporaryDirectory()
    await runOnce(directory)
    const [closed] = await readChains(directory)
    await appendFile(join(directory, closed?.name ?? ''), torn)
    await runOnce(directory)
    expect(eventsOf(await readChains(directory))[1]).toStrictEqual(['open', 'attempt', 'close'])
  })

  it.each([1, 70_000, 1_100_000])('by %i bytes that are no text is vouched for', async (bytes) => {
    const directory = await createTemporaryDirectory()
    const crashed = await crash(directory, '\0'.repeat(bytes))
    await runOnce(directory)
    expect(detailsOf(await readChains(directory), 'recovered')).toStrictEqual([
      { ...toObject(headOf(crashed)), torn_bytes: bytes },
    ])
  })
})

describe('the file after a write error', () => {
  it('has a gap with the last line, the cause and the number of lost records', async () => {
    const directory = await createTemporaryDirectory()
    const { writer, anchors } = await openWriter(directory)
    await writer.append(numbered(1))
    const [before] = await readChains(directory)
    const path = join(directory, before?.name ?? '')
    const head = before && toObject(headOf(before))
    await appendFile(path, 'x')
    await Promise.allSettled([2, 3, 4].map((number) => writer.append(numbered(number))))
    await expect(writer.append(numbered(5))).rejects.toThrow('unavailable')
    expect(anchors).toMatchObject([head ?? {}])
    await recovery(writer)
    await writer.append(numbered(6))
    const [, after] = await readChains(directory)
    expect(after && eventsOf([after])).toStrictEqual([['open', 'gap', 'attempt']])
    expect(after?.lines.map(({ seq }) => seq)).toStrictEqual([2, 3, 4])
    expect(headsIn(after)).toStrictEqual([head])
    expect(after?.lines[1]?.detail).toStrictEqual({ ...head, cause: 'file_resized', lost: 4 })
  })

  it('names the file before although it is gone', async () => {
    const directory = await createTemporaryDirectory()
    const { writer } = await openWriter(directory)
    const [before] = await readChains(directory)
    await rm(join(directory, before?.name ?? ''))
    await expect(writer.append(numbered(1))).rejects.toThrow('file_removed')
    await recovery(writer)
    const [after] = await readChains(directory)
    expect(headsIn(after)).toStrictEqual([before && headOf(before)])
    expect(detailsOf(after === undefined ? [] : [after], 'gap')).toMatchObject([
      { file: before?.name, seq: 0 },
    ])
  })
})

describe('the last good line of an earlier file', () => {
  it.each<[what: string, content: (good: string) => string, torn: number]>([
    ['is found before a line that is too long', (good) => `${good}${'x'.repeat(2_000_000)}\n`, 0],
    ['is found before many lines that are not sealed', (good) => `${good}${'{"seq":9}\n'.repeat(20_000)}`, 0],
    [
      'is found before a torn end that is longer than a block',
      (good) => `${good}${'y'.repeat(200_000)}`,
      200_000,
    ],
    ['is found across the border of two blocks', (good) => `${good}${'z'.repeat(65_536 - 300)}`, 65_236],
    ['is found right before the border of a block', (good) => `${good}${'z'.repeat(65_536)}`, 65_536],
    ['is found right after the border of a block', (good) => `${good}${'z'.repeat(65_535)}`, 65_535],
  ])('%s', async (_what, toContent, tornBytes) => {
    const directory = await createTemporaryDirectory()
    const crashed = await crash(directory, '')
    const path = join(directory, crashed.name)
    await writeFile(path, toContent(await readFile(path, 'utf8')))
    expect(await readOldFile(directory, crashed.name, keys.chain)).toMatchObject({
      head: { seq: crashed.lines.at(-1)?.seq, mac: crashed.lines.at(-1)?.mac },
      tornBytes,
    })
  })

  it('is none in a file without one', async () => {
    const directory = await createTemporaryDirectory()
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await writeFile(join(directory, name), `${'\0'.repeat(3_000_000)}\n\n\0`)
    expect(await readOldFile(directory, name, keys.chain)).toMatchObject({ head: null, tornBytes: 1 })
  })
})
