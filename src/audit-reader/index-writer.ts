/** Writes records into the index, as many rows at a time as makes the calls into SQLite cheap. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { isObject } from '../json.ts'
import { HOUR_MS, kindColumns, MINUTE_MS, peopleColumns } from './index-schema.ts'
import type { Line } from './lines.ts'
import { outcomeOf, type ReadRecord, readCounts, type TimedRecord } from './read-record.ts'

const ROWS_AT_ONCE = 32
const COLUMNS = 8

/** Bounds the memory for callers and addresses. */
const MAX_KNOWN = 200_000

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const toNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** In the order of `kindColumns`. */
function toKind(record: ReadRecord) {
  const { event, code, reason, status, preset, origin, model, upstream } = record
  return [
    toText(event),
    toText(outcomeOf(record)),
    toText(code),
    toText(reason),
    toNumber(status),
    toText(preset),
    toText(origin),
    toText(model),
    isObject(upstream) ? toNumber(upstream['status']) : null,
  ]
}

/** A table of combinations of values, each stored once. Remembers their ids. */
class Combinations {
  readonly #ids = new Map<string, number>()
  readonly #find: StatementSync
  readonly #insert: StatementSync

  constructor(database: DatabaseSync, table: string, columns: readonly string[]) {
    const isSame = columns.map((column) => `${column} IS ?`).join(' AND ')
    this.#find = database.prepare(`SELECT id FROM ${table} WHERE ${isSame}`)
    this.#insert = database.prepare(
      `INSERT INTO ${table} (${columns.join(',')}) VALUES (${columns.map(() => '?').join(',')}) RETURNING id`,
    )
  }

  toId(values: readonly SQLInputValue[]): number {
    const key = JSON.stringify(values)
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = Number((this.#find.get(...values) ?? this.#insert.get(...values))?.['id'])
    if (this.#ids.size >= MAX_KNOWN) this.#ids.clear()
    this.#ids.set(key, id)
    return id
  }
}

const prepareRecords = (database: DatabaseSync, rows: number): StatementSync =>
  database.prepare(`INSERT INTO records VALUES ${Array(rows).fill('(?,?,?,?,?,?,?,?)').join(',')}`)

export class IndexWriter {
  readonly #kinds: Combinations
  readonly #people: Combinations
  /** Records of each kind, by the start of their minute. */
  readonly #minutes = new Map<number, Map<number, number>>()
  readonly #insertRows: StatementSync
  readonly #insertRow: StatementSync
  readonly #insertCounted: StatementSync
  readonly #addCount: StatementSync
  readonly #file: number
  #rows: SQLInputValue[] = []

  /** For the file with this id, in one transaction: another process may later remove kinds and people that it knows. */
  constructor(database: DatabaseSync, file: number) {
    this.#file = file
    this.#kinds = new Combinations(database, 'kinds', kindColumns)
    this.#people = new Combinations(database, 'people', peopleColumns)
    this.#insertRows = prepareRecords(database, ROWS_AT_ONCE)
    this.#insertRow = prepareRecords(database, 1)
    this.#insertCounted = database.prepare('INSERT INTO counted VALUES (?,?,?,?,?,?,?,?,?)')
    this.#addCount = database.prepare(
      `INSERT INTO counts VALUES (?,?,?,?,?)
      ON CONFLICT (span, time, kind, file) DO UPDATE SET count = count + excluded.count`,
    )
  }

  add({ offset, bytes }: Line, timed: TimedRecord): void {
    const { record, time } = timed
    const { caller, address, request_id: requestId, secret } = record
    const kind = this.#kinds.toId(toKind(record))
    const person = this.#people.toId([toText(caller), toText(address)])
    this.#rows.push(time, this.#file, offset, bytes.length, kind, person, toText(requestId), toText(secret))
    if (this.#rows.length === ROWS_AT_ONCE * COLUMNS) {
      this.#insertRows.run(...this.#rows)
      this.#rows = []
    }
    this.#countIn(kind, Math.floor(time / MINUTE_MS) * MINUTE_MS)
    if (record['event'] === 'refusals') this.#addCounts(offset, timed)
  }

  /** Writes what is not written yet. */
  flush(): void {
    for (let start = 0; start < this.#rows.length; start += COLUMNS) {
      this.#insertRow.run(...this.#rows.slice(start, start + COLUMNS))
    }
    this.#rows = []
    for (const [kind, minutes] of this.#minutes) this.#addCountsOf(kind, minutes)
    this.#minutes.clear()
  }

  #countIn(kind: number, minute: number): void {
    const minutes = this.#minutes.get(kind) ?? new Map<number, number>()
    this.#minutes.set(kind, minutes)
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
  }

  #addCountsOf(kind: number, minutes: ReadonlyMap<number, number>): void {
    const hours = new Map<number, number>()
    for (const [minute, count] of minutes) {
      this.#addCount.run(MINUTE_MS, minute, kind, this.#file, count)
      const hour = Math.floor(minute / HOUR_MS) * HOUR_MS
      hours.set(hour, (hours.get(hour) ?? 0) + count)
    }
    for (const [hour, count] of hours) this.#addCount.run(HOUR_MS, hour, kind, this.#file, count)
  }

  /** The attempts by reason, and once more by address; those of all other addresses are in a row without one. */
  #addCounts(offset: number, timed: TimedRecord): void {
    const counts = readCounts(timed)
    if (counts === undefined) return
    const kind = [toText(timed.record['code']), toText(outcomeOf(timed.record))]
    const { minute, reasons, addresses } = counts
    const [first = null] = reasons.keys()
    const onlyReason = reasons.size === 1 ? first : null
    let rest = 0
    for (const [reason, count] of reasons) {
      this.#insertCounted.run(this.#file, offset, minute, ...kind, reason, null, count, 0)
      rest += count
    }
    for (const [address, count] of addresses) {
      this.#insertCounted.run(this.#file, offset, minute, ...kind, onlyReason, address, count, 1)
      rest -= count
    }
    if (rest > 0) this.#insertCounted.run(this.#file, offset, minute, ...kind, onlyReason, null, rest, 1)
  }
}
