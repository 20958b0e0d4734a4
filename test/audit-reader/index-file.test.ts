// Whatever happened to index.sqlite or to the files, the answer is right.
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AuditIndex } from '../../src/audit-reader/audit-index.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { B, Chain, toFiles, writeFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'

const first = new Chain().open().attempts(50)
const second = new Chain({ minute: 1, writer: B }).open().attempts(50)
const toAll = (...lines: readonly string[]): string[] => [...lines, ...second.lines].toReversed()
const all = toAll(...first.lines)

/** The right answer of an index of both files. */
const right = { lines: all, groups: [{ values: [], count: 100 }], isInMemory: false }

async function ask(index: AuditIndex) {
  const lines = await listLines(index)
  return { lines, groups: await index.count({ kind: {} }, []), isInMemory: index.isInMemory }
}

/** A directory with both files and an index of them. */
async function writeIndexed() {
  const directory = await writeFiles(toFiles(first, second))
  const index = await openIndex(directory)
  expect(index.isInMemory).toBe(false)
  index.close()
  const toPath = (name: string): string => join(directory, name)
  return {
    directory,
    path: toPath('index.sqlite'),
    firstPath: toPath(first.name),
    secondPath: toPath(second.name),
  }
}

/** How many bytes of the files an update reads. */
async function bytesRead(directory: string): Promise<number> {
  let read = 0
  await openIndex(directory, { onProgress: (bytes) => void (read = bytes) })
  return read
}

describe('an update reads', () => {
  it('only what a file has gained', async () => {
    const { directory, secondPath } = await writeIndexed()
    expect(await bytesRead(directory)).toBe(0)
    const more = new Chain({ minute: 2 }).attempts(3)
    await fs.appendFile(secondPath, more.text)
    expect(await bytesRead(directory)).toBe(more.text.length)
    expect(await listLines(await openIndex(directory))).toStrictEqual([...more.lines.toReversed(), ...all])
  })

  it('a line that was torn again once it is complete', async () => {
    const { directory, secondPath } = await writeIndexed()
    const [line = ''] = new Chain({ minute: 2 }).attempts(1).lines
    await fs.appendFile(secondPath, line.slice(0, 100))
    const index = await openIndex(directory)
    expect([await listLines(index), await index.countSkipped({ kind: {} })]).toStrictEqual([all, 1])
    await fs.appendFile(secondPath, line.slice(100))
    await index.update()
    expect([await listLines(index), await index.countSkipped({ kind: {} })]).toStrictEqual([
      [line, ...all],
      0,
    ])
  })

  it('a file again that was replaced, shortened or edited', async () => {
    const { directory, firstPath } = await writeIndexed()
    const { text, lines } = new Chain().open().attempts(70)
    await fs.writeFile(`${firstPath}.new`, text)
    await fs.rename(`${firstPath}.new`, firstPath)
    expect(await listLines(await openIndex(directory))).toStrictEqual(toAll(...lines))
    await fs.truncate(firstPath, lines.slice(0, 9).join('').length)
    expect(await listLines(await openIndex(directory))).toStrictEqual(toAll(...lines.slice(0, 9)))
    const edited = lines.slice(0, 9).map((line) => line.replace('rate_limited', 'rate_LIMITED'))
    await fs.writeFile(firstPath, edited.join(''))
    await fs.utimes(firstPath, 1, 1)
    const index = await openIndex(directory)
    expect(await listLines(index)).toStrictEqual(toAll(...edited))
    expect(await listLines(index, { kind: { code: ['rate_LIMITED'] } })).toHaveLength(8)
  })

  it('a file again that was rewritten and has grown', async () => {
    const { directory, firstPath } = await writeIndexed()
    const { text, lines } = new Chain().attempts(60, { code: 'overloaded__' })
    await fs.writeFile(firstPath, text)
    const index = await openIndex(directory)
    const counted = await index.count({ kind: { code: ['overloaded__'] } }, [])
    expect(counted).toStrictEqual([{ values: [], count: 60 }])
    expect(await listLines(index)).toStrictEqual(toAll(...lines))
  })

  it('a file again whose lines moved, though its size and time are as they were', async () => {
    const { directory, firstPath } = await writeIndexed()
    const { atime, mtime } = await fs.stat(firstPath)
    await fs.utimes(firstPath, atime, mtime)
    const index = await openIndex(directory)
    const [one = '', two = '', ...others] = first.lines
    await fs.writeFile(firstPath, [two, one, ...others].join(''))
    await fs.utimes(firstPath, atime, mtime)
    expect(await listLines(index)).toStrictEqual(all)
  })

  it('no file that retention has removed, and forgets it', async () => {
    const { directory, firstPath } = await writeIndexed()
    const index = await openIndex(directory)
    await fs.rm(firstPath)
    expect(await listLines(index)).toStrictEqual(toAll())
    await index.update()
    expect(await ask(index)).toMatchObject({ lines: toAll(), groups: [{ values: [], count: 50 }] })
  })

  it('no directory that cannot be read: that is an error', async () => {
    const index = await AuditIndex.open({ directory: '/nowhere' })
    await expect(index.update()).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

function inDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

/** As a process leaves it that is killed while it writes. */
async function killWriter(path: string): Promise<void> {
  const database = new DatabaseSync(path)
  // A small cache, so that pages are written before the end of the transaction.
  database.exec('PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM records')
  const [bytes, journal] = [await fs.readFile(path), await fs.readFile(`${path}-journal`)]
  database.close()
  await fs.writeFile(path, bytes)
  await fs.writeFile(`${path}-journal`, journal)
}

async function copyFromElsewhere(path: string): Promise<void> {
  const other = await writeFiles(toFiles(new Chain().open().attempts(9)))
  const index = await openIndex(other)
  index.close()
  await fs.copyFile(join(other, 'index.sqlite'), path)
}

describe('the answer is right, and the index is in its file again, if the index', () => {
  it.each<[what: string, damage: (path: string) => unknown]>([
    ['is missing', (path) => fs.rm(path)],
    ['is empty', (path) => fs.truncate(path)],
    ['is not a database', (path) => fs.writeFile(path, 'x'.repeat(10_000))],
    ['is cut off', (path) => fs.truncate(path, 8_192)],
    ['has other data', async (path) => fs.writeFile(path, (await fs.readFile(path)).fill(0xa5, 4_096))],
    ['is of another version', (path) => inDatabase(path, 'PRAGMA user_version = 999; DROP TABLE kinds')],
    ['has other tables', (path) => inDatabase(path, 'DROP TABLE records; CREATE TABLE records (a)')],
    [
      'is older than the files',
      (path) => inDatabase(path, 'DELETE FROM records; DELETE FROM counts; DELETE FROM files'),
    ],
    ['was left by a process that was killed while it wrote', killWriter],
    ['was copied from another directory', copyFromElsewhere],
  ])('%s', async (_what, damage) => {
    const { directory, path } = await writeIndexed()
    await damage(path)
    const index = await openIndex(directory)
    expect(await ask(index)).toStrictEqual(right)
    index.close()
    expect(await bytesRead(directory)).toBe(0)
  })
})

/** Another process that holds a lock until the end of the test. */
function lock(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  database.exec(sql)
}

describe('the answer is right, from memory, if the index', () => {
  it.each<[what: string, prepare: (path: string) => unknown]>([
    ['is locked by another process', (path) => lock(path, 'BEGIN EXCLUSIVE')],
    ['cannot be a file', (path) => fs.rm(path).then(() => fs.mkdir(path))],
    ['is a link', (path) => fs.rm(path).then(() => fs.symlink(`${path}.elsewhere`, path))],
  ])('%s', async (_what, prepare) => {
    const { directory, path } = await writeIndexed()
    await prepare(path)
    expect(await ask(await openIndex(directory))).toStrictEqual({ ...right, isInMemory: true })
    expect(await fs.readdir(directory)).toHaveLength(3)
  })

  it('is being written by another process while files have grown', async () => {
    const directory = await writeFiles(toFiles(first))
    const index = await openIndex(directory)
    await writeFiles(toFiles(second), directory)
    lock(join(directory, 'index.sqlite'), 'BEGIN IMMEDIATE')
    await index.update()
    expect(await ask(index)).toStrictEqual({ ...right, isInMemory: true })
  })
})

describe('the file of the index', () => {
  it('can be read by the group and not by others, and verify does not count it', async () => {
    const { directory, path } = await writeIndexed()
    expect((await fs.stat(path)).mode & 0o777).toBe(0o640)
    expect(await verifyAudit({ directory, keys: [keys], anchors: [] })).toMatchObject({ others: 0 })
  })
})
