// How files name each other across starts, replicas and crashes.
import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOldFile } from '../../src/audit/old-file.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { keys, numbered, OLD_NAME } from './fields.ts'
import { eventsOf, headOf, openWriter, type ReadFile, readChains, recovery } from './writers.ts'

/** A directory without files, and what processes do to it. */
async function startDirectory() {
  const directory = await createTemporaryDirectory()
  const files = (ignored?: string): Promise<readonly ReadFile[]> => readChains(directory, ignored)

  /** One start and stop. */
  async function runOnce(records = 1): Promise<void> {
    const { writer } = await openWriter(directory)
    for (let number = 0; number < records; number += 1) await writer.append(numbered(number))
    await writer.close()
  }

  /** Leaves a file like that of a killed process: without a close, and with `torn` after its last line. */
  async function crash(torn: string): Promise<ReadFile> {
    await runOnce()
    const { name } = (await files()).at(-1) ?? { name: '' }
    const path = join(directory, name)
    const lines = (await readFile(path, 'utf8')).split('\n')
    await truncate(path, lines.slice(0, -2).join('\n').length + 1)
    await appendFile(path, torn)
    return (await files()).at(-1) ?? { name, lines: [], torn }
  }

  return { directory, files, runOnce, crash, toPath: (name = '') => join(directory, name) }
}

const detailsOf = (files: readonly ReadFile[], event: string): unknown[] =>
  files.flatMap(({ lines }) => lines.filter((line) => line.event === event).map(({ detail }) => detail))

const headsIn = (...files: readonly (ReadFile | undefined)[]): unknown[] =>
  files.flatMap((file) =>
    detailsOf(file === undefined ? [] : [file], 'open').flatMap((detail) =>
      typeof detail === 'object' && detail !== null && 'heads' in detail ? detail.heads : [],
    ),
  )

const withoutLine = (file: string) => ({ file, seq: null, mac: null })

describe('the first record of a file', () => {
  it('has the file’s own name and the id of its key', async () => {
    const { files, runOnce } = await startDirectory()
    await runOnce()
    const [file] = await files()
    const detail = { file: file?.name, key: keys.id, heads: [] }
    expect(file?.lines[0]).toMatchObject({ event: 'open', seq: 0, prev: null, detail })
    expect(keys.id).toMatch(/^[0-9a-f]{16}$/)
  })

  it('names the head of the file before, and no file is named twice', async () => {
    const { files, runOnce } = await startDirectory()
    await inTurn(Array.from({ length: 50 }).keys(), (number) => runOnce(number % 4))
    const all = await files()
    expect(all.map((file) => headsIn(file))).toStrictEqual([
      [],
      ...all.slice(0, -1).map((file) => [headOf(file)]),
    ])
  })

  it('names the current head of a replica’s open file, and its last head later', async () => {
    const { directory, files, runOnce } = await startDirectory()
    const replica = await openWriter(directory)
    await replica.writer.append(numbered(1))
    const early = (await files()).map(headOf)
    await runOnce()
    await replica.writer.append(numbered(2))
    await replica.writer.close()
    await runOnce()
    const [first, second, third] = await files()
    const later = [first, second].map((file) => file && headOf(file))
    expect(early).not.toStrictEqual(later.slice(0, 1))
    expect(headsIn(second)).toStrictEqual(early)
    expect(headsIn(third)).toStrictEqual(later)
  })

  it('names files that were opened at once, at least in one later file', async () => {
    const { files, runOnce } = await startDirectory()
    await runOnce()
    await Promise.all(Array.from({ length: 5 }, () => runOnce()))
    await runOnce()
    const all = await files()
    expect(headsIn(...all)).toStrictEqual(expect.arrayContaining(all.slice(0, -1).map(headOf)))
  })

  it('names a file without a good line with nulls, unless the file is new', async () => {
    const { files, runOnce, toPath } = await startDirectory()
    await writeFile(toPath(OLD_NAME), '{"event":"open"}\n')
    await runOnce()
    await utimes(toPath(OLD_NAME), 0, 0)
    await runOnce()
    await runOnce()
    const [first, second, third] = await files(OLD_NAME)
    expect(headsIn(first)).toStrictEqual([])
    expect(headsIn(second)).toContainEqual(withoutLine(OLD_NAME))
    expect(headsIn(third)).not.toContainEqual(withoutLine(OLD_NAME))
  })

  it('ignores unsealed records: a forged file hides no other', async () => {
    const { files, runOnce, toPath } = await startDirectory()
    await runOnce()
    const heads = (await files()).map(headOf)
    const open = { time: '2020-01-01T00:00:00.000Z', seq: 0, event: 'open', detail: { heads } }
    await writeFile(toPath(OLD_NAME), `${JSON.stringify({ ...open, mac: 'a'.repeat(64) })}\n`)
    await runOnce()
    expect(headsIn(...(await files(OLD_NAME)))).toStrictEqual(heads)
  })

  it('is followed by others if there are many files, and each line stays below 2 KiB', async () => {
    const { directory, files, runOnce } = await startDirectory()
    const replicas = await Promise.all(Array.from({ length: 20 }, () => openWriter(directory)))
    await Promise.all(replicas.map(({ writer }) => writer.close()))
    await runOnce()
    await runOnce()
    const all = await files()
    const [last, later] = all.slice(-2)
    expect(last?.lines.filter(({ event }) => event === 'open')).toHaveLength(3)
    expect(headsIn(last)).toStrictEqual(all.slice(0, 20).map(headOf))
    for (const line of last?.lines ?? []) expect(JSON.stringify(line).length).toBeLessThan(2_048)
    expect(headsIn(later)).toStrictEqual([last && headOf(last)])
  })

  it('names pipes, links and directories with nulls', async () => {
    const { files, runOnce, toPath } = await startDirectory()
    const other = await startDirectory()
    await other.runOnce()
    const [good] = await other.files()
    const names = [1, 2, 3].map((day) => `audit-2020010${day}T000000000Z-0123456789abcdef.jsonl`)
    const [pipe = '', link = '', folder = ''] = names.map(toPath)
    execFileSync('mkfifo', [pipe])
    await symlink(other.toPath(good?.name), link)
    await mkdir(folder)
    await utimes(pipe, 0, 0)
    await runOnce()
    expect(headsIn(...(await files('audit-2020')))).toStrictEqual(names.map(withoutLine))
  })

  it('repeats nothing that the same process recorded before', async () => {
    const { directory, crash, toPath } = await startDirectory()
    const crashed = await crash('torn')
    const { writer } = await openWriter(directory)
    await inTurn([1, 2], async (number) => {
      await appendFile(toPath((await readdir(directory)).toSorted().at(-1)), '\n')
      await expect(writer.append(numbered(number))).rejects.toThrow('file_resized')
      await recovery(writer)
    })
    const names = (await readdir(directory)).toSorted()
    const texts = await Promise.all(names.map((name) => readFile(toPath(name), 'utf8')))
    const count = (pattern: RegExp): number => texts.join('').match(pattern)?.length ?? 0
    expect(count(/"event":"gap"/g)).toBe(2)
    expect(count(/"event":"recovered"/g)).toBe(1)
    expect(count(new RegExp(`"heads":\\[[^\\]]*"file":"${crashed.name}"`, 'g'))).toBe(1)
    expect(count(new RegExp(`"heads":\\[[^\\]]*"file":"${names[1]}"`, 'g'))).toBe(1)
  })
})

describe('a file that ends torn', () => {
  const torn = '{"v":1,"time":"2026-11-22T10:11'

  it('is vouched for once, and left as it is', async () => {
    const { files, runOnce, crash } = await startDirectory()
    const crashed = await crash(torn)
    await runOnce()
    await runOnce()
    const all = await files()
    expect(all[0]).toStrictEqual(crashed)
    expect(eventsOf(all)[1]).toStrictEqual(['open', 'recovered', 'attempt', 'close'])
    expect(detailsOf(all, 'recovered')).toStrictEqual([{ ...headOf(crashed), torn_bytes: torn.length }])
    expect(headsIn(all[1])).toStrictEqual([headOf(crashed)])
  })

  it('after it was named is vouched for too', async () => {
    const { files, runOnce, crash, toPath } = await startDirectory()
    const { name } = await crash('')
    await runOnce()
    await appendFile(toPath(name), torn)
    await runOnce()
    expect(detailsOf(await files(), 'recovered')).toMatchObject([{ file: name }])
  })

  it('after its close is not vouched for: a crash does not cause that', async () => {
    const { files, runOnce, toPath } = await startDirectory()
    await runOnce()
    await appendFile(toPath((await files())[0]?.name), torn)
    await runOnce()
    expect(eventsOf(await files())[1]).toStrictEqual(['open', 'attempt', 'close'])
  })

  it.each([1, 70_000, 1_100_000])('by %i bytes that are no text is vouched for', async (bytes) => {
    const { files, runOnce, crash } = await startDirectory()
    const crashed = await crash('\0'.repeat(bytes))
    await runOnce()
    expect(detailsOf(await files(), 'recovered')).toStrictEqual([{ ...headOf(crashed), torn_bytes: bytes }])
  })
})

describe('the last good line of an earlier file', () => {
  it.each<[what: string, added: string, torn?: number]>([
    ['before a line that is too long', `${'x'.repeat(2_000_000)}\n`, 0],
    ['before many lines that are not sealed', '{"seq":9}\n'.repeat(20_000), 0],
    ['before a torn end that is longer than a block', 'y'.repeat(200_000)],
    ['across the border of two blocks', 'z'.repeat(65_536 - 300)],
    ['right before the border of a block', 'z'.repeat(65_536)],
    ['right after the border of a block', 'z'.repeat(65_535)],
  ])('is found %s', async (_what, added, tornBytes = added.length) => {
    const { directory, crash, toPath } = await startDirectory()
    const crashed = await crash('')
    const { seq, mac } = headOf(crashed)
    await appendFile(toPath(crashed.name), added)
    expect(await readOldFile(directory, crashed.name, keys.chain)).toMatchObject({
      head: { seq, mac },
      tornBytes,
    })
  })

  it('is none in a file without one', async () => {
    const { directory, toPath } = await startDirectory()
    await writeFile(toPath(OLD_NAME), `${'\0'.repeat(3_000_000)}\n\n\0`)
    expect(await readOldFile(directory, OLD_NAME, keys.chain)).toMatchObject({ head: null, tornBytes: 1 })
  })
})
