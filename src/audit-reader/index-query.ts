/** Questions to the index, as SQL. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { z } from 'zod'
import type { kindColumns } from './index-schema.ts'

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
interface Term {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

const joinTerms = (operator: 'AND' | 'OR', terms: readonly Term[]): Term => ({
  sql: terms.map(({ sql }) => `(${sql})`).join(` ${operator} `) || '1',
  values: terms.flatMap(({ values }) => values),
})

/** No condition where nothing is asked. */
const when = <Asked>(asked: Asked | undefined, ask: (asked: Asked) => Term): Term[] =>
  asked === undefined ? [] : [ask(asked)]

const oneOf = (column: string, values: readonly SQLInputValue[]): Term => ({
  sql: `${column} IN (${values.map(() => '?').join(',')})`,
  values,
})

const LAST_CHARACTER = '\u{10ffff}'

const matches = (column: string, { values, beginnings }: TextMatch): Term =>
  joinTerms('OR', [
    oneOf(column, values),
    ...beginnings.map((text) => ({
      sql: `${column} >= ? AND ${column} < ?`,
      values: [text, `${text}${LAST_CHARACTER}`],
    })),
  ])

const within = (column: string, table: string, { sql, values }: Term, selected = 'id'): Term => ({
  sql: `${column} IN (SELECT ${selected} FROM ${table} WHERE ${sql})`,
  values,
})

const inSpan = ({ since, until }: RecordFilter): Term[] => [
  ...when(since, (time) => ({ sql: 'time >= ?', values: [time] })),
  ...when(until, (time) => ({ sql: 'time < ?', values: [time] })),
]

/** Records of counted refusals are found by what they count too. */
const orCounted = (term: Term, counted: Term): Term =>
  joinTerms('OR', [term, within('(file, offset)', 'counted', counted, 'file, offset')])

function toTerm(filter: RecordFilter): Term {
  const { kind, exceptEvents, caller, address, requestId, secret } = filter
  const { reason, ...others } = kind
  const kinds = Object.entries(others).map(([column, values]) => oneOf(column, values))
  return joinTerms('AND', [
    ...inSpan(filter),
    ...when(kinds[0], () => within('kind', 'kinds', joinTerms('AND', kinds))),
    ...when(exceptEvents, (events) => within('kind NOT', 'kinds', oneOf('event', events))),
    ...when(reason, (values) =>
      orCounted(within('kind', 'kinds', oneOf('reason', values)), oneOf('reason', values)),
    ),
    ...when(caller, (match) => within('caller', 'texts', matches('value', match))),
    ...when(address, (match) =>
      orCounted(within('address', 'texts', matches('value', match)), matches('address', match)),
    ),
    ...when(requestId, (match) => matches('request_id', match)),
    ...when(secret, (match) => matches('secret', match)),
  ])
}

/** Where the records are. */
export function selectPage(database: DatabaseSync, { filter, order, limit, after }: Page): Location[] {
  const [direction, isBeyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>']
  const fileAfter = 'coalesce((SELECT id FROM files WHERE name = ?), 0)'
  const { sql, values } = joinTerms('AND', [
    toTerm(filter),
    ...when(after, ({ time, file, offset }) => ({
      sql: `(time, file, offset) ${isBeyond} (?, ${fileAfter}, ?)`,
      values: [time, file, offset],
    })),
  ])
  const found = `SELECT * FROM records WHERE ${sql}
    ORDER BY time ${direction}, file ${direction}, offset ${direction} LIMIT ?`
  const statement = database.prepare(
    `SELECT time, (SELECT name FROM files WHERE id = file) AS file, offset, length FROM (${found})`,
  )
  return z.array(location).parse(statement.all(...values, limit))
}

/** Lines of the files that overlap the span and that are not records. */
export function countSkipped(database: DatabaseSync, { since, until }: RecordFilter): number {
  const statement = database.prepare(
    `SELECT coalesce(sum(skipped + (indexed < size)), 0) AS skipped FROM files
    WHERE (last_time IS NULL OR last_time >= ?) AND (opened IS NULL OR opened < ?)`,
  )
  return Number(statement.get(since ?? -Infinity, until ?? Infinity)?.['skipped'])
}

/** Of the files as they are indexed. */
export function readVersion(database: DatabaseSync): string {
  const statement = database.prepare(
    'SELECT count(*) AS files, total(size) AS bytes, total(mtime) AS mtimes FROM files',
  )
  const { files, bytes, mtimes } = statement.get() ?? {}
  return [files, bytes, mtimes].map((number) => Number(number).toString(36)).join('-')
}

const MINUTE_MS = 60_000

const spansMs: ReadonlyMap<string, number> = new Map([
  ['minute', MINUTE_MS],
  ['hour', 60 * MINUTE_MS],
  ['day', 24 * 60 * MINUTE_MS],
])

/** The start of the span that a time is in, also before 1970. */
const startOf = (ms = MINUTE_MS): string => `time - (time % ${ms} + ${ms}) % ${ms}`

const bySpan = (name: string) => [startOf(spansMs.get(name)), startOf(spansMs.get(name))] as const

const textOf = (column: string): string => `(SELECT value FROM texts WHERE texts.id = ${column})`

/** Each name as SQL: over attempts with a record, and over those that `refusals` records count. */
const groupings = {
  minute: bySpan('minute'),
  hour: bySpan('hour'),
  day: bySpan('day'),
  outcome: ['outcome', "'refused'"],
  code: ['code', 'code'],
  reason: ['reason', 'reason'],
  preset: ['preset', 'NULL'],
  origin: ['origin', 'NULL'],
  caller: [textOf('caller'), 'NULL'],
  address: [textOf('address'), 'address'],
  model: ['model', 'NULL'],
  upstream_status: ['upstream_status', 'NULL'],
} as const satisfies Record<string, readonly [value: string, counted: string]>

export type GroupName = keyof typeof groupings

export const isGroupName = (name: string): name is GroupName => Object.hasOwn(groupings, name)

export const groupNames: readonly GroupName[] = Object.keys(groupings).filter(isGroupName)

export interface Group {
  /** For each name asked for: text, a number, the Unix milliseconds of a span's start, or null if records do not say. */
  readonly values: readonly (string | number | null)[]
  readonly count: number
}

/** Undefined where the filter asks for what counted attempts do not have. */
function toCountedTerm(filter: RecordFilter, isByAddress: boolean): Term | undefined {
  const { kind, caller, address, requestId, secret } = filter
  const { event = ['refusals'], outcome = ['refused'], code, reason, ...others } = kind
  const unknown = [caller, requestId, secret, ...Object.values(others)]
  if (unknown.some((asked) => asked !== undefined)) return undefined
  if (!event.includes('refusals') || !outcome.includes('refused')) return undefined
  return joinTerms('AND', [
    { sql: 'by_address = ?', values: [isByAddress ? 1 : 0] },
    ...inSpan(filter),
    ...when(code, (values) => oneOf('code', values)),
    ...when(reason, (values) => oneOf('reason', values)),
    ...when(address, (match) => matches('address', match)),
  ])
}

/**
 * Attempts with a record of their own. They are grouped by kind first, and by what no kind has: a kind is looked up once
 * for each of these groups, and not for each record.
 */
function toOwn(filter: RecordFilter, by: readonly GroupName[]): Term {
  const spans = by.flatMap((name) => spansMs.get(name) ?? [])
  const first = [
    'kind',
    ...(spans.length === 0 ? [] : [`${startOf(Math.min(...spans))} AS time`]),
    ...by.filter((name) => name === 'caller' || name === 'address'),
  ]
  const events = (filter.kind.event ?? ['attempt']).filter((event) => event !== 'refusals')
  const { sql, values } = joinTerms('AND', [toTerm(filter), within('kind', 'kinds', oneOf('event', events))])
  const inner = `SELECT ${first.join(', ')}, count(*) AS count FROM records WHERE ${sql}
    GROUP BY ${first.map((_column, index) => index + 1).join(', ')}`
  const columns = by.map((name, index) => `${groupings[name][0]} AS c${index}`)
  const sums = ['count', ...columns].join(', ')
  return { sql: `SELECT ${sums} FROM (${inner}) JOIN kinds ON kinds.id = kind`, values }
}

/** How many attempts there are in each group, in no order; by default, records of attempts and of counted refusals. */
export function countGroups(
  database: DatabaseSync,
  filter: RecordFilter,
  by: readonly GroupName[],
): readonly Group[] {
  const isByAddress = by.includes('address') || filter.address !== undefined
  const counts = ['count', ...by.map((name) => groupings[name][1])].join(', ')
  const parts = [
    toOwn(filter, by),
    ...when(toCountedTerm(filter, isByAddress), ({ sql, values }) => ({
      sql: `SELECT ${counts} FROM counted WHERE ${sql}`,
      values,
    })),
  ]
  const columns = by.map((_name, index) => `c${index}`)
  const rows = database
    .prepare(
      `SELECT ${['sum(count) AS count', ...columns].join(', ')}
      FROM (${parts.map(({ sql }) => sql).join(' UNION ALL ')}) GROUP BY ${[...columns, 'NULL'].join(', ')}`,
    )
    .all(...parts.flatMap(({ values }) => values))
  return rows.map((row) => ({
    values: columns.map((column) => toValue(row[column])),
    count: Number(row['count']),
  }))
}

const toValue = (value: unknown): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null
