// Whatever happened to index.sqlite or to the files, the answer is right.
import {
  appendFile,
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AuditIndex } from '../../src/audit-reader/audit-index.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { attemptFields, keys } from '../audit/fields.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { B, Chain, toFiles, writeFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'

const INDEX = 'index.sqlite'

const first = new Chain().open().attempts(50)
const second = new Chain({ minute: 1, writer: B }).open().attempts(50)
const all = [...first.lines, ...second.lines].toReversed()

/** A directory with both files and an index of them. */
async function writeIndexed(): Promise<string> {
  const directory = await writeFiles(toFiles(first, second))
  const index = await openIndex(directory)
  expect(index.isInMemory).toBe(false)
  index.close()
  return directory
}

/** How many bytes of the files an update reads. */
async function bytesRead(directory: string): Promise<number> {
  let read = 0
  const onProgress = (bytes: number): void => void (read = bytes)
  await openIndex(directory, { onProgress })
  return read
}

describe('an update reads', () => {
  it('nothing if the files are as they were', async () => {
    expect(await bytesRead(await writeIndexed())).toBe(0)
  })

  it('only what a file has gained', async () => {
    const directory = await writeIndexed()
    const more = new Chain({ minute: 2 }).attempts(3)
    await appendFile(join(directory, second.name), more.text)
    expect(await bytesRead(directory)).toBe(more.text.length)
    expect(await listLines(await openIndex(directory))).toStrictEqual([...more.lines.toReversed(), ...all])
  })

  it('a line that was torn again once it is complete', async () => {
    const directory = await writeIndexed()
    const [line = ''] = new Chain({ minute: 2 }).attempts(1).lines
    await appendFile(join(directory, second.name), line.slice(0, 100))
    const index = await openIndex(directory)
    expect([await listLines(index), await index.countSkipped({ kind: {} })]).toStrictEqual([all, 1])
    await appendFile(join(directory, second.name), line.slice(100))
    await index.update()
    expect([await listLines(index), await index.countSkipped({ kind: {} })]).toStrictEqual([
      [line, ...all],
      0,
    ])
  })

  it('a file again that was replaced, shortened or edited', async () => {
    const directory = await writeIndexed()
    const path = join(directory, first.name)
    const other = new Chain().open().attempts(70)
    await writeFile(`${path}.new`, other.text)
    await rename(`${path}.new`, path)
    const rest = second.lines.toReversed()
    expect(await listLines(await openIndex(directory))).toStrictEqual([...rest, ...other.lines.toReversed()])
    await truncate(path, other.lines.slice(0, 9).join('').length)
    expect(await listLines(await openIndex(directory))).toStrictEqual([
      ...rest,
      ...other.lines.slice(0, 9).toReversed(),
    ])
    const edited = other.lines.slice(0, 9).map((line) => line.replace('rate_limited', 'rate_LIMITED'))
    await writeFile(path, edited.join(''))
    await utimes(path, 1, 1)
    const index = await openIndex(directory)
    expect(await listLines(index)).toStrictEqual([...rest, ...edited.toReversed()])
    expect(await listLines(index, { kind: { code: ['rate_LIMITED'] } })).toHaveLength(8)
  })

  it('a file again that was rewritten and has grown', async () => {
    const directory = await writeIndexed()
    const other = new Chain()
    for (let number = 0; number < 60; number += 1)
      other.add('attempt', { ...attemptFields, code: 'overloaded__' })
    await writeFile(join(directory, first.name), other.text)
    const index = await openIndex(directory)
    expect(await index.count({ kind: { code: ['overloaded__'] } }, [])).toStrictEqual([
      { values: [], count: 60 },
    ])
    expect(await listLines(index)).toStrictEqual([...second.lines.toReversed(), ...other.lines.toReversed()])
  })

  it('a file again whose lines moved, though its size and time are as they were', async () => {
    const directory = await writeIndexed()
    const path = join(directory, first.name)
    const { atime, mtime } = await stat(path)
    await utimes(path, atime, mtime)
    const index = await openIndex(directory)
    const [one = '', two = '', ...others] = first.lines
    await writeFile(path, [two, one, ...others].join(''))
    await utimes(path, atime, mtime)
    expect(await listLines(index)).toStrictEqual(all)
  })
})

it('a file that retention removes disappears from the index', async () => {
  const directory = await writeIndexed()
  const index = await openIndex(directory)
  await rm(join(directory, first.name))
  expect(await listLines(index)).toStrictEqual(second.lines.toReversed())
  await index.update()
  expect(await index.count({ kind: {} }, [])).toStrictEqual([{ values: [], count: 50 }])
  expect(await listLines(index)).toStrictEqual(second.lines.toReversed())
})

describe('the answer is right, and the index is in its file again, if the index', () => {
  it.each<[what: string, damage: (path: string) => Promise<void>]>([
    ['is missing', (path) => rm(path)],
    ['is empty', (path) => truncate(path)],
    ['is not a database', (path) => writeFile(path, 'x'.repeat(10_000))],
    ['is cut off', async (path) => truncate(path, 8_192)],
    [
      'has pages of other data',
      async (path) => {
        const bytes = await readFile(path)
        await writeFile(path, bytes.fill(0xa5, 4_096))
      },
    ],
    [
      'is of another version',
      async (path) => inDatabase(path, 'PRAGMA user_version = 999; DROP TABLE kinds'),
    ],
    ['has other tables', async (path) => inDatabase(path, 'DROP TABLE records; CREATE TABLE records (a)')],
    ['is older than the files', async (path) => inDatabase(path, 'DELETE FROM records; DELETE FROM files')],
  ])('%s', async (_what, damage) => {
    const directory = await writeIndexed()
    await damage(join(directory, INDEX))
    const index = await openIndex(directory)
    expect(await listLines(index)).toStrictEqual(all)
    expect(await index.count({ kind: {} }, [])).toStrictEqual([{ values: [], count: 100 }])
    index.close()
    expect(await bytesRead(directory)).toBe(0)
  })

  it('was copied from another directory', async () => {
    const other = await writeFiles(toFiles(new Chain().open().attempts(9)))
    ;(await openIndex(other)).close()
    const directory = await writeFiles(toFiles(first, second))
    await copyFile(join(other, INDEX), join(directory, INDEX))
    expect(await listLines(await openIndex(directory))).toStrictEqual(all)
  })

  it('was left by a process that was killed while it wrote', async () => {
    const directory = await writeIndexed()
    const path = join(directory, INDEX)
    const database = new DatabaseSync(path)
    // A small cache, so that pages are written before the end of the transaction.
    database.exec('PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM records')
    const [bytes, journal] = [await readFile(path), await readFile(`${path}-journal`)]
    database.close()
    await writeFile(path, bytes)
    await writeFile(`${path}-journal`, journal)
    expect(await listLines(await openIndex(directory))).toStrictEqual(all)
  })
})

async function ask(directory: string) {
  const index = await openIndex(directory)
  const lines = await listLines(index)
  return { lines, groups: await index.count({ kind: {} }, []), isInMemory: index.isInMemory }
}

describe('the answer is right, from memory, if the index', () => {
  const right = { lines: all, groups: [{ values: [], count: 100 }], isInMemory: true }

  it('is locked by another process', async () => {
    const directory = await writeIndexed()
    const database = new DatabaseSync(join(directory, INDEX))
    onTestFinished(() => database.close())
    database.exec('BEGIN EXCLUSIVE')
    expect(await ask(directory)).toStrictEqual(right)
  })

  it('is being written by another process while files have grown', async () => {
    const directory = await writeFiles(toFiles(first))
    const index = await openIndex(directory)
    await writeFiles(toFiles(second), directory)
    const database = new DatabaseSync(join(directory, INDEX))
    onTestFinished(() => database.close())
    database.exec('BEGIN IMMEDIATE')
    await index.update()
    expect([await listLines(index), index.isInMemory]).toStrictEqual([all, true])
  })

  it('cannot be a file', async () => {
    const directory = await writeFiles(toFiles(first, second))
    await mkdir(join(directory, INDEX))
    expect(await ask(directory)).toStrictEqual(right)
  })

  it('is a link', async () => {
    const directory = await writeFiles(toFiles(first, second))
    const target = join(await createTemporaryDirectory(), 'elsewhere')
    await symlink(target, join(directory, INDEX))
    expect(await ask(directory)).toStrictEqual(right)
    await expect(stat(target)).rejects.toThrow('ENOENT')
  })
})

function inDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

it('the index can be read by the group, and not by others', async () => {
  const directory = await writeIndexed()
  expect((await stat(join(directory, INDEX))).mode & 0o777).toBe(0o640)
})

it('a directory that cannot be read is an error', async () => {
  const index = await AuditIndex.open({ directory: '/nowhere' })
  await expect(index.update()).rejects.toMatchObject({ code: 'ENOENT' })
})

it('verify does not count the index among foreign files', async () => {
  const directory = await writeIndexed()
  expect(await verifyAudit({ directory, keys: [keys], anchors: [] })).toMatchObject({ others: 0 })
})
