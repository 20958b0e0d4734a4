/** Brings the index up to date with the files: only what was appended since the last update is read. */
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { toOpenedAt } from '../audit/format.ts'
import { createPeopleIndex, dropPeopleIndex } from './index-schema.ts'
import { IndexWriter } from './index-writer.ts'
import { splitLines } from './lines.ts'
import { ignoreRemoved, type ListedFile, listAudit, openAuditFile, readChunks } from './listing.ts'
import { readRecord } from './read-record.ts'

/** How far a file is indexed, and what it was then. */
const checkpoint = z.object({
  id: z.number(),
  name: z.string(),
  identity: z.string(),
  size: z.number(),
  mtime: z.number(),
  /** Bytes, up to the end of a complete line. */
  indexed: z.number(),
  /** The last bytes before `indexed`. If they differ, the file was written again. */
  tail: z.instanceof(Uint8Array),
  /** Complete lines that are not records. */
  skipped: z.number(),
  /** Unix milliseconds of the newest record. */
  last_time: z.number().nullable(),
})

type Checkpoint = Readonly<z.infer<typeof checkpoint>>

/** More than the seal at the end of a line, which no two lines share. */
const TAIL_BYTES = 128

const readCheckpoint = (database: DatabaseSync, name: string): Checkpoint | undefined =>
  checkpoint.optional().parse(database.prepare('SELECT * FROM files WHERE name = ?').get(name))

const blank = { indexed: 0, skipped: 0, last_time: null } as const

const toNextId = (database: DatabaseSync): number =>
  Number(database.prepare('SELECT coalesce(max(id), 0) + 1 AS id FROM files').get()?.['id'])

const isCurrent = (listed: ListedFile, known: Checkpoint | undefined): boolean =>
  known !== undefined &&
  known.identity === listed.identity &&
  known.size === listed.size &&
  known.mtime === listed.mtimeMs

async function readTail(file: FileHandle, end: number): Promise<Buffer> {
  const length = Math.min(TAIL_BYTES, end)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length)
  return buffer.subarray(0, bytesRead)
}

/** Whether the file has only grown. */
async function canContinue(file: FileHandle, listed: ListedFile, known: Checkpoint): Promise<boolean> {
  if (known.identity !== listed.identity || listed.size <= known.size) return false
  return (await readTail(file, known.indexed)).equals(known.tail)
}

/** Removes what the index knows of a file. */
export function forgetFile(database: DatabaseSync, name: string): void {
  const id = Number(database.prepare('SELECT id FROM files WHERE name = ?').get(name)?.['id'] ?? 0)
  for (const table of ['records', 'counts', 'counted'])
    database.prepare(`DELETE FROM ${table} WHERE file = ?`).run(id)
  database.prepare('DELETE FROM files WHERE id = ?').run(id)
}

/** Runs `work` in a transaction. Its rows are written completely or not at all. */
async function inTransaction(database: DatabaseSync, work: () => Promise<void> | void): Promise<void> {
  database.exec('BEGIN IMMEDIATE')
  try {
    await work()
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

export type OnProgress = (bytes: number, total: number) => void

interface FileUpdate {
  readonly database: DatabaseSync
  readonly directory: string
  readonly listed: ListedFile
  readonly onRead: (bytes: number) => void
}

async function indexFile(file: FileHandle, { database, listed, onRead }: FileUpdate): Promise<void> {
  const { name, identity, size, mtimeMs } = listed
  const known = readCheckpoint(database, name)
  // Another process may have been faster.
  if (isCurrent(listed, known)) return
  const isContinued = known !== undefined && (await canContinue(file, listed, known))
  if (known !== undefined && !isContinued) forgetFile(database, name)
  // A file that is read again keeps its id, and so its place among records of the same time.
  const start = isContinued ? known : { ...blank, id: known?.id ?? toNextId(database) }
  let { indexed, skipped, last_time: lastTime } = start
  const writer = new IndexWriter(database, start.id)
  for await (const lines of splitLines(readChunks(file, size, onRead, start.indexed))) {
    for (const line of lines) {
      const offset = start.indexed + line.offset
      const timed = readRecord(line)
      if (line.end !== 'none') indexed = offset + line.length + 1
      if (timed === undefined) {
        if (line.end !== 'none') skipped += 1
        continue
      }
      writer.add({ ...line, offset }, timed)
      lastTime = Math.max(lastTime ?? timed.time, timed.time)
    }
  }
  writer.flush()
  const tail = await readTail(file, indexed)
  // SQLite stores NaN as NULL.
  const values = [start.id, name, toOpenedAt(name), identity, size, mtimeMs, indexed, tail, skipped, lastTime]
  database.prepare('REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?,?)').run(...values)
}

async function updateFile(update: FileUpdate): Promise<void> {
  const { database, directory, listed } = update
  const file = await openAuditFile(join(directory, listed.name)).catch(ignoreRemoved)
  if (file === undefined) return
  try {
    await inTransaction(database, () => indexFile(file, update))
  } finally {
    await file.close()
  }
}

/** Also removes the people who are in no record now. */
function forgetFiles(database: DatabaseSync, names: readonly string[]): void {
  for (const name of names) forgetFile(database, name)
  database.exec('DELETE FROM people WHERE id NOT IN (SELECT person FROM records)')
}

/** Above this size, it is faster to drop the index by caller and address and to build it again. */
const MANY_BYTES = 16 * 1024 * 1024

/** Throws what SQLite or the file system throws. The transaction of each file is its own. */
export async function updateIndex(
  database: DatabaseSync,
  directory: string,
  onProgress?: OnProgress,
): Promise<void> {
  const { files } = await listAudit(directory)
  const names = new Set(files.map(({ name }) => name))
  const checkpoints = z.array(checkpoint).parse(database.prepare('SELECT * FROM files').all())
  const known = new Map(checkpoints.map((one) => [one.name, one]))
  const gone = [...known.keys()].filter((name) => !names.has(name))
  if (gone.length > 0) await inTransaction(database, () => forgetFiles(database, gone))
  const stale = files.filter((listed) => !isCurrent(listed, known.get(listed.name)))
  const total = stale.reduce((sum, { name, size }) => sum + size - (known.get(name)?.indexed ?? 0), 0)
  let bytes = 0
  const onRead = (count: number): void => {
    bytes += count
    onProgress?.(bytes, total)
  }
  if (total >= MANY_BYTES) dropPeopleIndex(database)
  for (const listed of stale) await updateFile({ database, directory, listed, onRead })
  if (stale.length > 0) createPeopleIndex(database)
}
