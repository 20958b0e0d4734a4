/** The tables of the index, and how its database is opened. */
import { closeSync, constants, lstatSync, openSync, rmSync, truncateSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { codeOf } from '../errors.ts'

/** Increase it with every change to the tables or to what is written into them. */
const VERSION = 4

/** What most attempts have in common. Each different combination is stored once. */
export const kindColumns = [
  'event',
  'outcome',
  'code',
  'reason',
  'status',
  'preset',
  'origin',
  'model',
  'upstream_status',
] as const

/** Who made most attempts. Each different pair is stored once. */
export const peopleColumns = ['caller', 'address'] as const

// `records` is sorted by time, so that pages and spans of time need no other index.
// `counts` has how many records of a kind each hour and each minute has, so that a summary need not read them.
// `counted` has the attempts of `refusals` records: by reason, and once more by address.
const TABLES = `
CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, opened INTEGER, identity TEXT NOT NULL,
  size INTEGER NOT NULL, mtime REAL NOT NULL, indexed INTEGER NOT NULL, tail BLOB NOT NULL, skipped INTEGER NOT NULL, last_time INTEGER);
CREATE TABLE kinds (id INTEGER PRIMARY KEY, event TEXT, outcome TEXT, code TEXT, reason TEXT, status INTEGER,
  preset TEXT, origin TEXT, model TEXT, upstream_status INTEGER);
CREATE TABLE people (id INTEGER PRIMARY KEY, caller TEXT, address TEXT);
CREATE INDEX people_by_name ON people (caller, address);
CREATE TABLE records (time INTEGER NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
  kind INTEGER NOT NULL, person INTEGER NOT NULL, request_id TEXT, secret TEXT,
  PRIMARY KEY (time, file, offset)) WITHOUT ROWID;
CREATE TABLE counts (span INTEGER NOT NULL, time INTEGER NOT NULL, kind INTEGER NOT NULL, file INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (span, kind, time, file)) WITHOUT ROWID;
CREATE TABLE counted (file INTEGER NOT NULL, offset INTEGER NOT NULL, time INTEGER NOT NULL, code TEXT, outcome TEXT,
  reason TEXT, address TEXT, count INTEGER NOT NULL, by_address INTEGER NOT NULL);
CREATE INDEX counted_in_file ON counted (file);
PRAGMA user_version = ${VERSION};`

/** While many records are written, this index costs more than it does afterwards. */
export const dropPeopleIndex = (database: DatabaseSync): void =>
  database.exec('DROP INDEX IF EXISTS records_by_person')

/** It has all that counts by caller and address need, in the order in which it is counted. */
export const createPeopleIndex = (database: DatabaseSync): void =>
  database.exec('CREATE INDEX IF NOT EXISTS records_by_person ON records (person, kind, time)')

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

export type Sqlite = typeof import('node:sqlite')

/** Node 22 warns that SQLite is experimental. That warning tells an operator nothing, so it is dropped. */
export async function loadSqlite(): Promise<Sqlite> {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith('SQLite is an experimental')) emitWarning(warning, ...rest)
  }
  try {
    return await import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** SQLite's primary result code; undefined for any other error. */
export const sqliteCodeOf = (error: unknown): number | undefined =>
  codeOf(error) === 'ERR_SQLITE_ERROR' && error instanceof Error && 'errcode' in error
    ? Number(error.errcode) & 0xff
    : undefined

const MISSING_TABLE = 1
const CORRUPT = 11
const NOT_A_DATABASE = 26

/** Whether an empty file can help. */
export const isDamage = (error: unknown): boolean =>
  [MISSING_TABLE, CORRUPT, NOT_A_DATABASE].includes(sqliteCodeOf(error) ?? 0)

const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants

/** Creates it with the mode of the audit's own files. False where something else has its name. */
export function prepareFile(path: string): boolean {
  try {
    closeSync(openSync(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0), 0o640))
    return lstatSync(path).isFile()
  } catch {
    return false
  }
}

/** Keeps the file itself, because other processes may have locked it. */
export function emptyFile(path: string): void {
  rmSync(`${path}-journal`, { force: true })
  truncateSync(path)
}

function createTables(database: DatabaseSync): void {
  const isCurrent = (): boolean => database.prepare('PRAGMA user_version').get()?.['user_version'] === VERSION
  if (isCurrent()) return
  database.exec('BEGIN IMMEDIATE')
  // Another process may have been faster.
  if (!isCurrent()) {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables) database.exec(`DROP TABLE "${String(name)}"`)
    database.exec(TABLES)
  }
  database.exec('COMMIT')
}

/** Waits up to `lockTimeoutMs` for another process that writes. Throws what SQLite throws. */
export function openDatabase(sqlite: Sqlite, path: string, lockTimeoutMs: number): DatabaseSync {
  const database = new sqlite.DatabaseSync(path, { timeout: lockTimeoutMs })
  try {
    database.exec('PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY')
    createTables(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
