/**
 * The index of the audit's records: where each one is, and what they are filtered and grouped by. It is derived from the
 * files, may be removed at any time, and is not evidence.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { INDEX_FILE_NAME } from '../audit/format.ts'
import { countGroups, type Frequent, type Group, type GroupName, selectFrequent } from './index-groups.ts'
import {
  type Cursor,
  countSkipped,
  type Location,
  type Page,
  type RecordFilter,
  readIndexVersion,
  selectPage,
} from './index-query.ts'
import {
  emptyFile,
  isDamage,
  loadSqlite,
  openDatabase,
  prepareFile,
  type Sqlite,
  sqliteCodeOf,
} from './index-schema.ts'
import { forgetFile, type OnProgress, updateIndex } from './index-update.ts'
import { ignoreRemoved, READ_FLAGS } from './listing.ts'
import { type ReadRecord, readRecord } from './read-record.ts'

export interface FoundRecord extends Cursor {
  /** As it is in the file, without its line feed. */
  readonly line: string
  readonly record: ReadRecord
}

export interface AuditIndexOptions {
  readonly directory: string
  /** Told of the bytes read so far, and of how many there are to read. */
  readonly onProgress?: OnProgress | undefined
  /** How long to wait for another process that writes the index; after that, this one has its own in memory. */
  readonly lockTimeoutMs?: number | undefined
}

const LOCK_TIMEOUT_MS = 2_000

/** SQLite's name for a database that is in no file. */
const MEMORY = ':memory:'

/** A line that is not where the index says. */
class MovedRecord extends Error {
  readonly file: string

  constructor(file: string) {
    super('a record is not where the index says')
    this.name = 'MovedRecord'
    this.file = file
  }
}

/** Throws a MovedRecord. */
function readAt(descriptor: number, { time, file, offset, length }: Location): FoundRecord {
  const bytes = Buffer.alloc(length + 1)
  const bytesRead = readSync(descriptor, bytes, 0, length + 1, offset)
  const isWhole = bytesRead === length + 1 && bytes.indexOf('\n') === length
  const line = bytes.subarray(0, length)
  const found = isWhole ? readRecord({ bytes: line, offset, length, end: 'newline' }) : undefined
  if (found?.time !== time) throw new MovedRecord(file)
  return { time, file, offset, line: line.toString('latin1'), record: found.record }
}

/** Undefined if the file was removed. */
function openFile(path: string): number | undefined {
  try {
    return openSync(path, READ_FLAGS)
  } catch (error) {
    return ignoreRemoved(error)
  }
}

function readLines(directory: string, locations: readonly Location[]): FoundRecord[] {
  const descriptors = new Map<string, number | undefined>()
  try {
    return locations.flatMap((location) => {
      const { file } = location
      if (!descriptors.has(file)) descriptors.set(file, openFile(join(directory, file)))
      const descriptor = descriptors.get(file)
      return descriptor === undefined ? [] : [readAt(descriptor, location)]
    })
  } finally {
    for (const descriptor of descriptors.values()) if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Calls must not overlap. Each throws what the file system throws about the audit's own files. */
export class AuditIndex {
  readonly #options: AuditIndexOptions
  readonly #sqlite: Sqlite
  #path: string
  #database: DatabaseSync | undefined

  private constructor(options: AuditIndexOptions, sqlite: Sqlite) {
    this.#options = options
    this.#sqlite = sqlite
    this.#path = join(options.directory, INDEX_FILE_NAME)
  }

  static async open(options: AuditIndexOptions): Promise<AuditIndex> {
    return new AuditIndex(options, await loadSqlite())
  }

  /** Whether the file in the directory cannot be used. */
  get isInMemory(): boolean {
    return this.#path === MEMORY
  }

  /** Reads what the files have gained. */
  update(): Promise<void> {
    return this.#run(() => undefined, true)
  }

  /** Some records in order, of the index as it was updated last. Fewer than `limit` may come before the end. */
  select(page: Page): Promise<SelectedPage> {
    return this.#run((database) => {
      const locations = selectPage(database, page)
      const records = readLines(this.#options.directory, locations)
      return { records, next: locations.length < page.limit ? undefined : locations.at(-1) }
    })
  }

  /** How many attempts there are, by group. */
  count(filter: RecordFilter, by: readonly GroupName[]): Promise<readonly Group[]> {
    return this.#run((database) => countGroups(database, filter, by))
  }

  /** Callers and addresses, those first that were refused or failed most. */
  frequent(filter: RecordFilter, limit: number): Promise<Frequent> {
    return this.#run((database) => selectFrequent(database, filter, limit))
  }

  /** Lines that are incomplete or not records, in files with records of this time. */
  countSkipped(filter: RecordFilter): Promise<number> {
    return this.#run((database) => countSkipped(database, filter))
  }

  /** Differs when the files have other records than before; the same in each process that reads the same files. */
  version(): Promise<string> {
    return this.#run(readIndexVersion)
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }

  async #run<Result>(work: (database: DatabaseSync) => Result, needsUpdate = false): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(work, needsUpdate || attempt > 1)
      } catch (error) {
        this.#repair(error, attempt === 1)
      }
    }
  }

  async #attempt<Result>(work: (database: DatabaseSync) => Result, needsUpdate: boolean): Promise<Result> {
    const isNew = this.#database === undefined
    const database = this.#open()
    if (isNew || needsUpdate) await updateIndex(database, this.#options.directory, this.#options.onProgress)
    return work(database)
  }

  #open(): DatabaseSync {
    // The file is not prepared while it is open: closing it a second time would end SQLite's locks on it.
    if (this.#database !== undefined) return this.#database
    if (!this.isInMemory && !prepareFile(this.#path)) this.#path = MEMORY
    const { lockTimeoutMs = LOCK_TIMEOUT_MS } = this.#options
    this.#database = openDatabase(this.#sqlite, this.#path, lockTimeoutMs)
    return this.#database
  }

  /** Makes another attempt possible, or throws the error. Only a first error is repaired in the file. */
  #repair(error: unknown, isFirst: boolean): void {
    const isMoved = isFirst && error instanceof MovedRecord
    if (!isMoved && (sqliteCodeOf(error) === undefined || this.isInMemory)) throw error
    try {
      if (isMoved && this.#database !== undefined) return forgetFile(this.#database, error.file)
      if (isFirst && isDamage(error)) {
        this.close()
        return emptyFile(this.#path)
      }
    } catch {
      // The file cannot be written.
    }
    this.close()
    this.#path = MEMORY
  }
}

export interface SelectedPage {
  readonly records: readonly FoundRecord[]
  /** Where the next page begins; undefined after the last one. */
  readonly next: Cursor | undefined
}
