/** Questions to the index, as SQL. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { kindColumns } from './index-schema.ts'

/** Values as they are in the record, and how others may begin. */
export interface TextMatch {
  readonly values: readonly string[]
  readonly beginnings: readonly string[]
}

type KindColumn = (typeof kindColumns)[number]

/** What a record must have to be found. Each list is of alternatives. */
export interface RecordFilter {
  /** Unix milliseconds, included. */
  readonly since?: number | undefined
  /** Unix milliseconds, not included. */
  readonly until?: number | undefined
  readonly kind: Readonly<Partial<Record<KindColumn, readonly (string | number)[]>>>
  /** These events are left out. */
  readonly exceptEvents?: readonly string[] | undefined
  readonly caller?: TextMatch | undefined
  readonly address?: TextMatch | undefined
  readonly requestId?: TextMatch | undefined
  readonly secret?: TextMatch | undefined
}

/** The place of a record in the order of all records. */
export interface Cursor {
  /** Unix milliseconds. */
  readonly time: number
  readonly file: string
  readonly offset: number
}

export interface Location extends Cursor {
  readonly length: number
}

export type Order = 'newest' | 'oldest'

export interface Page {
  readonly filter: RecordFilter
  readonly order: Order
  readonly limit: number
  /** The last record of the page before. */
  readonly after?: Cursor | undefined
}

/** A condition, with the values of its placeholders. */
export interface Term {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

export const joinTerms = (terms: readonly Term[], operator: 'AND' | 'OR'): Term => ({
  sql: terms.map(({ sql }) => `(${sql})`).join(` ${operator} `) || '1',
  values: terms.flatMap(({ values }) => values),
})

export const oneOf = (column: string, values: readonly SQLInputValue[]): Term => ({
  sql: `${column} IN (${values.map(() => '?').join(',')})`,
  values,
})

const LAST_CHARACTER = '\u{10ffff}'

export const matches = (column: string, { values, beginnings }: TextMatch): Term =>
  joinTerms(
    [
      oneOf(column, values),
      ...beginnings.map((text) => ({
        sql: `${column} >= ? AND ${column} < ?`,
        values: [text, `${text}${LAST_CHARACTER}`],
      })),
    ],
    'OR',
  )

export const within = (column: string, table: string, { sql, values }: Term, selected = 'id'): Term => ({
  sql: `${column} IN (SELECT ${selected} FROM ${table} WHERE ${sql})`,
  values,
})

export const inSpan = ({ since, until }: RecordFilter): Term[] => [
  ...(since === undefined ? [] : [{ sql: 'time >= ?', values: [since] }]),
  ...(until === undefined ? [] : [{ sql: 'time < ?', values: [until] }]),
]

/** Records of counted refusals are found by what they count too. */
const orCounted = (term: Term, counted: Term): Term =>
  joinTerms([term, within('(file, offset)', 'counted', counted, 'file, offset')], 'OR')

export function toTerm(filter: RecordFilter): Term {
  const { kind, exceptEvents, caller, address, requestId, secret } = filter
  const { reason, ...others } = kind
  const kinds = Object.entries(others).map(([column, values]) => oneOf(column, values))
  const reasons = reason && oneOf('reason', reason)
  const addresses = address && matches('value', address)
  return joinTerms(
    [
      ...inSpan(filter),
      ...(kinds.length === 0 ? [] : [within('kind', 'kinds', joinTerms(kinds, 'AND'))]),
      ...(exceptEvents === undefined ? [] : [within('kind NOT', 'kinds', oneOf('event', exceptEvents))]),
      ...(reasons === undefined ? [] : [orCounted(within('kind', 'kinds', reasons), reasons)]),
      ...(caller === undefined ? [] : [within('caller', 'texts', matches('value', caller))]),
      ...(address === undefined || addresses === undefined
        ? []
        : [orCounted(within('address', 'texts', addresses), matches('address', address))]),
      ...(requestId === undefined ? [] : [matches('request_id', requestId)]),
      ...(secret === undefined ? [] : [matches('secret', secret)]),
    ],
    'AND',
  )
}

/** Where the records are. */
export function selectPage(database: DatabaseSync, { filter, order, limit, after }: Page): Location[] {
  const files = new Map(
    database
      .prepare('SELECT id, name FROM files')
      .all()
      .map(({ id, name }) => [Number(id), String(name)]),
  )
  const [direction, isBeyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>']
  const fileAfter = [...files].find(([, name]) => name === after?.file)?.[0] ?? 0
  const beyond: Term[] =
    after === undefined
      ? []
      : [{ sql: `(time, file, offset) ${isBeyond} (?, ?, ?)`, values: [after.time, fileAfter, after.offset] }]
  const { sql, values } = joinTerms([toTerm(filter), ...beyond], 'AND')
  const rows = database
    .prepare(
      `SELECT time, file, offset, length FROM records WHERE ${sql}
      ORDER BY time ${direction}, file ${direction}, offset ${direction} LIMIT ?`,
    )
    .all(...values, limit)
  return rows.map(({ time, file, offset, length }) => ({
    time: Number(time),
    file: files.get(Number(file)) ?? '',
    offset: Number(offset),
    length: Number(length),
  }))
}

/** Lines of the files that overlap the span and that are not records. */
export function countSkipped(database: DatabaseSync, { since, until }: RecordFilter): number {
  const { skipped } =
    database
      .prepare(
        `SELECT coalesce(sum(skipped + (indexed < size)), 0) AS skipped FROM files
        WHERE (last_time IS NULL OR last_time >= ?) AND (opened IS NULL OR opened < ?)`,
      )
      .get(since ?? -Infinity, until ?? Infinity) ?? {}
  return Number(skipped)
}
