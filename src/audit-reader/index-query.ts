/** Questions to the index, as SQL. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { z } from 'zod'
import { type kindColumns, MINUTE_MS } from './index-schema.ts'

/** Values as they are in the record, and how others may begin. */
export interface TextMatch {
  readonly values: readonly string[]
  readonly beginnings: readonly string[]
}

/** What a record must have to be found. Each list is of alternatives. */
export interface RecordFilter {
  /** Unix milliseconds, included. */
  readonly since?: number | undefined
  /** Unix milliseconds, not included. */
  readonly until?: number | undefined
  readonly kind: Readonly<Partial<Record<(typeof kindColumns)[number], readonly (string | number)[]>>>
  /** These events are left out. */
  readonly exceptEvents?: readonly string[] | undefined
  readonly caller?: TextMatch | undefined
  readonly address?: TextMatch | undefined
  readonly requestId?: TextMatch | undefined
  readonly secret?: TextMatch | undefined
}

const location = z.object({
  /** Unix milliseconds. */
  time: z.number(),
  file: z.string(),
  offset: z.number(),
  length: z.number(),
})

export type Location = Readonly<z.infer<typeof location>>

/** The place of a record in the order of all records. */
export type Cursor = Omit<Location, 'length'>

export interface Page {
  readonly filter: RecordFilter
  readonly order: 'newest' | 'oldest'
  readonly limit: number
  /** The last record of the page before. */
  readonly after?: Cursor | undefined
}

/** A condition, with the values of its placeholders. */
export interface Term {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

export const joinTerms = (operator: 'AND' | 'OR', terms: readonly Term[]): Term => ({
  sql: terms.map(({ sql }) => `(${sql})`).join(` ${operator} `) || '1',
  values: terms.flatMap(({ values }) => values),
})

/** No condition where nothing is asked. */
export const when = <Asked>(asked: Asked | undefined, ask: (asked: Asked) => Term): Term[] =>
  asked === undefined ? [] : [ask(asked)]

export const oneOf = (column: string, values: readonly SQLInputValue[]): Term => ({
  sql: `${column} IN (${values.map(() => '?').join(',')})`,
  values,
})

const LAST_CHARACTER = '\u{10ffff}'

export const matches = (column: string, { values, beginnings }: TextMatch): Term =>
  joinTerms('OR', [
    oneOf(column, values),
    ...beginnings.map((text) => ({
      sql: `${column} >= ? AND ${column} < ?`,
      values: [text, `${text}${LAST_CHARACTER}`],
    })),
  ])

export const within = (column: string, table: string, { sql, values }: Term, selected = 'id'): Term => ({
  sql: `${column} IN (SELECT ${selected} FROM ${table} WHERE ${sql})`,
  values,
})

export type Span = Pick<RecordFilter, 'since' | 'until'>

export const inSpan = ({ since, until }: Span, column = 'time'): Term[] => [
  ...when(since, (time) => ({ sql: `${column} >= ?`, values: [time] })),
  ...when(until, (time) => ({ sql: `${column} < ?`, values: [time] })),
]

/** Records of counted refusals are found by what they count too. */
const orCounted = (term: Term, counted: Term): Term =>
  joinTerms('OR', [term, within('(file, offset)', 'counted', counted, 'file, offset')])

/** What only the kind of a record decides. Counted refusals aside, that includes the reason. */
export function toKindTerms({ kind, exceptEvents }: RecordFilter): Term[] {
  const kinds = Object.entries(kind).map(([column, values]) => oneOf(column, values))
  return [
    ...when(kinds[0], () => within('kind', 'kinds', joinTerms('AND', kinds))),
    ...when(exceptEvents, (events) => within('kind NOT', 'kinds', oneOf('event', events))),
  ]
}

/** By the people in the record itself. */
export const toAddressTerm = (match: TextMatch): Term => within('person', 'people', matches('address', match))

/** What a summary by kind cannot answer. */
export const toOwnTerms = ({ caller, requestId, secret }: RecordFilter): Term[] => [
  ...when(caller, (match) => within('person', 'people', matches('caller', match))),
  ...when(requestId, (match) => matches('request_id', match)),
  ...when(secret, (match) => matches('secret', match)),
]

/** Everything but the span. */
function toTerm(filter: RecordFilter): Term {
  const { reason, ...kind } = filter.kind
  return joinTerms('AND', [
    ...toKindTerms({ ...filter, kind }),
    ...when(reason, (values) =>
      orCounted(within('kind', 'kinds', oneOf('reason', values)), oneOf('reason', values)),
    ),
    ...when(filter.address, (match) => orCounted(toAddressTerm(match), matches('address', match))),
    ...toOwnTerms(filter),
  ])
}

const all: Term = { sql: 'records', values: [] }

/** The records of the minutes that have any of the kinds: of as many minutes as a page can need. */
function inMinutes({ since, until, ...filter }: RecordFilter, direction: string, limit: number): Term {
  const minutes = joinTerms('AND', [
    { sql: 'span = ?', values: [MINUTE_MS] },
    ...inSpan({ since: since === undefined ? since : since - MINUTE_MS, until }),
    ...toKindTerms(filter),
  ])
  // In the first and in the last minute, they may be outside the span.
  return {
    sql: `(SELECT DISTINCT time AS minute FROM counts WHERE ${minutes.sql} ORDER BY 1 ${direction} LIMIT ?)
      CROSS JOIN records ON time >= minute AND time < minute + ${MINUTE_MS}`,
    values: [...minutes.values, limit + 2],
  }
}

/** Whether the kind of a record decides, so that a kind with few records can be found by its counts. */
const isByKind = ({ kind, caller, address, requestId, secret }: RecordFilter): boolean =>
  Object.keys(kind).length > 0 &&
  [kind.reason, caller, address, requestId, secret].every((asked) => asked === undefined)

/** The span that is left after the pages before. */
function toRest({ filter, order, after }: Page): RecordFilter {
  const { since = -Infinity, until = Infinity } = filter
  if (after === undefined) return filter
  return order === 'newest'
    ? { ...filter, until: Math.min(until, after.time + 1) }
    : { ...filter, since: Math.max(since, after.time) }
}

/** Where the records are. */
export function selectPage(database: DatabaseSync, page: Page): Location[] {
  const { filter, order, limit, after } = page
  const [direction, isBeyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>']
  const fileAfter = 'coalesce((SELECT id FROM files WHERE name = ?), 0)'
  const isByMinutes = isByKind(filter)
  const { sql, values } = joinTerms('AND', [
    // As an expression, because SQLite would otherwise read the whole span for each minute.
    ...inSpan(filter, isByMinutes ? '+time' : 'time'),
    toTerm(filter),
    ...when(after, ({ time, file, offset }) => ({
      sql: `(time, file, offset) ${isBeyond} (?, ${fileAfter}, ?)`,
      values: [time, file, offset],
    })),
  ])
  const records = isByMinutes ? inMinutes(toRest(page), direction, limit) : all
  const statement = database.prepare(
    `SELECT time, (SELECT name FROM files WHERE id = file) AS file, offset, length
    FROM (SELECT time, file, offset, length FROM ${records.sql} WHERE ${sql}
      ORDER BY time ${direction}, file ${direction}, offset ${direction} LIMIT ?)`,
  )
  return z.array(location).parse(statement.all(...records.values, ...values, limit))
}

/** Lines of the files that overlap the span and that are not records. */
export function countSkipped(database: DatabaseSync, { since, until }: Span): number {
  const statement = database.prepare(
    `SELECT coalesce(sum(skipped + (indexed < size)), 0) AS skipped FROM files
    WHERE (last_time IS NULL OR last_time >= ?) AND (opened IS NULL OR opened < ?)`,
  )
  return Number(statement.get(since ?? -Infinity, until ?? Infinity)?.['skipped'])
}

/** Describes the files as they are indexed. */
export function readIndexVersion(database: DatabaseSync): string {
  const statement = database.prepare(
    'SELECT count(*) AS files, total(size) AS bytes, total(mtime) AS mtimes FROM files',
  )
  const { files, bytes, mtimes } = statement.get() ?? {}
  return [files, bytes, mtimes].map((number) => Number(number).toString(36)).join('-')
}
