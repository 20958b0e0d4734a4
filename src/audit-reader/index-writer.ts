/** Writes records into the index, as many rows at a time as makes the calls into SQLite cheap. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { isObject } from '../json.ts'
import { HOUR_MS, kindColumns, MINUTE_MS } from './index-schema.ts'
import type { Line } from './lines.ts'
import { type ReadRecord, readCounts, type TimedRecord } from './read-record.ts'

const ROWS_AT_ONCE = 32
const COLUMNS = 9

/** Bounds the memory for callers and addresses. */
const MAX_KNOWN_TEXTS = 200_000

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const toNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** In the order of `kindColumns`. */
const toKind = ({ event, outcome, code, reason, status, preset, origin, model, upstream }: ReadRecord) => [
  toText(event),
  // Counted refusals have no outcome of their own.
  event === 'refusals' ? 'refused' : toText(outcome),
  toText(code),
  toText(reason),
  toNumber(status),
  toText(preset),
  toText(origin),
  toText(model),
  isObject(upstream) ? toNumber(upstream['status']) : null,
]

/** The ids of callers and addresses, for as long as no one else writes the index. */
export type TextIds = Map<string, number>

const prepareRecords = (database: DatabaseSync, rows: number): StatementSync =>
  database.prepare(`INSERT INTO records VALUES ${Array(rows).fill('(?,?,?,?,?,?,?,?,?)').join(',')}`)

export class IndexWriter {
  readonly #file: number
  readonly #kinds = new Map<string, number>()
  readonly #texts: TextIds
  /** Records of each kind, by the start of their minute. */
  readonly #minutes = new Map<number, Map<number, number>>()
  readonly #insertRows: StatementSync
  readonly #insertRow: StatementSync
  readonly #insertKind: StatementSync
  readonly #findText: StatementSync
  readonly #insertText: StatementSync
  readonly #insertCounted: StatementSync
  readonly #addCount: StatementSync
  #rows: SQLInputValue[] = []

  /** For one transaction, and the file with this id. */
  constructor(database: DatabaseSync, file: number, texts: TextIds) {
    this.#file = file
    this.#texts = texts
    this.#insertRows = prepareRecords(database, ROWS_AT_ONCE)
    this.#insertRow = prepareRecords(database, 1)
    this.#insertKind = database.prepare(
      `INSERT INTO kinds (${kindColumns.join(',')}) VALUES (?,?,?,?,?,?,?,?,?) RETURNING id`,
    )
    this.#findText = database.prepare('SELECT id FROM texts WHERE value = ?')
    this.#insertText = database.prepare('INSERT INTO texts (value) VALUES (?) RETURNING id')
    this.#insertCounted = database.prepare('INSERT INTO counted VALUES (?,?,?,?,?,?,?,?)')
    this.#addCount = database.prepare(
      `INSERT INTO counts VALUES (?,?,?,?,?)
      ON CONFLICT (span, time, kind, file) DO UPDATE SET count = count + excluded.count`,
    )
    for (const { id, ...kind } of database.prepare(`SELECT id, ${kindColumns.join(',')} FROM kinds`).all()) {
      this.#kinds.set(JSON.stringify(Object.values(kind)), Number(id))
    }
  }

  add({ offset, bytes }: Line, timed: TimedRecord): void {
    const { record, time } = timed
    const { caller, address, request_id: requestId, secret } = record
    const kind = this.#toKindId(record)
    this.#rows.push(time, this.#file, offset, bytes.length, kind, this.#toTextId(caller))
    this.#rows.push(this.#toTextId(address), toText(requestId), toText(secret))
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
    const code = toText(timed.record['code'])
    const { minute, reasons, addresses } = counts
    const [first = null] = reasons.keys()
    const onlyReason = reasons.size === 1 ? first : null
    let rest = 0
    for (const [reason, count] of reasons) {
      this.#insertCounted.run(this.#file, offset, minute, code, reason, null, count, 0)
      rest += count
    }
    for (const [address, count] of addresses) {
      this.#insertCounted.run(this.#file, offset, minute, code, onlyReason, address, count, 1)
      rest -= count
    }
    if (rest > 0) this.#insertCounted.run(this.#file, offset, minute, code, onlyReason, null, rest, 1)
  }

  #toKindId(record: ReadRecord): number {
    const kind = toKind(record)
    const key = JSON.stringify(kind)
    const known = this.#kinds.get(key)
    if (known !== undefined) return known
    const id = Number(this.#insertKind.get(...kind)?.['id'])
    this.#kinds.set(key, id)
    return id
  }

  #toTextId(value: unknown): number | null {
    if (typeof value !== 'string') return null
    const known = this.#texts.get(value)
    if (known !== undefined) return known
    const id = Number((this.#findText.get(value) ?? this.#insertText.get(value))?.['id'])
    if (this.#texts.size >= MAX_KNOWN_TEXTS) this.#texts.clear()
    this.#texts.set(value, id)
    return id
  }
}
