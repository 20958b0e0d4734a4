/** Counts of attempts by group, as SQL. */
import type { DatabaseSync } from 'node:sqlite'
import {
  inSpan,
  joinTerms,
  matches,
  oneOf,
  type RecordFilter,
  type Span,
  type Term,
  toAddressTerm,
  toKindTerms,
  toOwnTerms,
  when,
} from './index-query.ts'
import { HOUR_MS, MINUTE_MS } from './index-schema.ts'

const spansMs: ReadonlyMap<string, number> = new Map([
  ['minute', MINUTE_MS],
  ['hour', HOUR_MS],
  ['day', 24 * HOUR_MS],
])

/** The start of the span that a time is in, also before 1970. */
const startOf = (ms = MINUTE_MS): string => `time - (time % ${ms} + ${ms}) % ${ms}`

const bySpan = (name: string) => [startOf(spansMs.get(name)), startOf(spansMs.get(name))] as const

/** Each name as SQL: over attempts with a record, and over those that `refusals` records count. */
const groupings = {
  minute: bySpan('minute'),
  hour: bySpan('hour'),
  day: bySpan('day'),
  outcome: ['outcome', 'outcome'],
  code: ['code', 'code'],
  reason: ['reason', 'reason'],
  preset: ['preset', 'NULL'],
  origin: ['origin', 'NULL'],
  caller: ['caller', 'NULL'],
  address: ['address', 'address'],
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

/** Undefined if the filter uses a field that counted attempts do not have. */
function toCountedTerm(filter: RecordFilter, isByAddress: boolean): Term | undefined {
  const { kind, caller, address, requestId, secret } = filter
  const { event = ['refusals'], outcome, code, reason, ...others } = kind
  const unknown = [caller, requestId, secret, ...Object.values(others)]
  if (unknown.some((asked) => asked !== undefined)) return undefined
  if (!event.includes('refusals')) return undefined
  return joinTerms('AND', [
    { sql: 'by_address = ?', values: [isByAddress ? 1 : 0] },
    ...inSpan(filter),
    ...when(outcome, (values) => oneOf('outcome', values)),
    ...when(code, (values) => oneOf('code', values)),
    ...when(reason, (values) => oneOf('reason', values)),
    ...when(address, (match) => matches('address', match)),
  ])
}

/** A part of the span, and what it is counted from: units of this length, or records. */
interface Piece extends Span {
  readonly unitMs?: number
}

/** Whole units first. What is left at either end is counted from the next finer ones, and at last from records. */
function toPieces({ since, until }: Piece, [unitMs, ...finer]: readonly number[]): Piece[] {
  if (unitMs === undefined) return [{ since, until }]
  const from = since === undefined ? undefined : Math.ceil(since / unitMs) * unitMs
  const to = until === undefined ? undefined : Math.floor(until / unitMs) * unitMs
  if (from !== undefined && to !== undefined && from >= to) return toPieces({ since, until }, finer)
  return [
    { since: from, until: to, unitMs },
    ...(since === from ? [] : toPieces({ since, until: from }, finer)),
    ...(until === to ? [] : toPieces({ since: to, until }, finer)),
  ]
}

const isByPerson = (by: readonly GroupName[]): boolean => by.includes('caller') || by.includes('address')

/** Which units are enough. None are if it is about more than time and kind. */
function toUnits({ caller, address, requestId, secret }: RecordFilter, by: readonly GroupName[]): number[] {
  const isAboutKinds = [caller, address, requestId, secret].every((asked) => asked === undefined)
  if (!isAboutKinds || isByPerson(by)) return []
  return by.includes('minute') ? [MINUTE_MS] : [HOUR_MS, MINUTE_MS]
}

/** Attempts with a record of their own, by kind, and by what no kind has. */
function toOwnByKind(filter: RecordFilter, by: readonly GroupName[], isOfMany: boolean): Term {
  const spans = by.flatMap((name) => spansMs.get(name) ?? [])
  const columns = [
    ...(isByPerson(by) ? ['person'] : []),
    'kind',
    ...(spans.length === 0 ? [] : [`${startOf(Math.min(...spans))} AS time`]),
  ]
  const { event = ['attempt'], ...kind } = filter.kind
  const own = { ...filter, kind: { ...kind, event: event.filter((name) => name !== 'refusals') } }
  const pieces = toPieces(filter, toUnits(filter, by)).map(({ unitMs, ...span }): Term => {
    const { sql, values } = joinTerms('AND', [
      ...when(unitMs, (ms) => ({ sql: 'span = ?', values: [ms] })),
      // For an expression such as `+time`, SQLite uses no index. It then reads one that is in the order of the groups.
      ...inSpan(span, isOfMany && unitMs === undefined ? '+time' : 'time'),
      ...toKindTerms(own),
      ...when(filter.address, toAddressTerm),
      ...toOwnTerms(filter),
    ])
    const [table, count] = unitMs === undefined ? ['records', 'count(*)'] : ['counts', 'sum(count)']
    return {
      sql: `SELECT ${[...columns, `${count} AS count`].join(', ')} FROM ${table} WHERE ${sql}
        GROUP BY ${columns.map((_column, index) => index + 1).join(', ')}`,
      values,
    }
  })
  return {
    sql: pieces.map(({ sql }) => sql).join(' UNION ALL '),
    values: pieces.flatMap(({ values }) => values),
  }
}

/** Kinds and people are looked up once for each group, and not for each record. */
function toOwn(filter: RecordFilter, by: readonly GroupName[], isOfMany: boolean): Term {
  const { sql, values } = toOwnByKind(filter, by, isOfMany)
  const columns = by.map((name, index) => `${groupings[name][0]} AS c${index}`)
  const people = isByPerson(by) ? 'JOIN people ON people.id = person' : ''
  return {
    sql: `SELECT ${['count', ...columns].join(', ')} FROM (${sql}) JOIN kinds ON kinds.id = kind ${people}`,
    values,
  }
}

/** As a share of all records. */
const MANY = 1 / 8

/** Whether so many records are in the span that it is quicker to read an index by caller or address as a whole. */
function isOfManyRecords(database: DatabaseSync, filter: RecordFilter): boolean {
  const { since = -Infinity, until = Infinity, requestId, secret } = filter
  if (requestId !== undefined || secret !== undefined) return false
  const statement = database.prepare(
    `SELECT total(count) AS total, total(count) FILTER (WHERE time >= ? AND time < ?) AS own
    FROM counts WHERE span = ?`,
  )
  const { own, total } = statement.get(since - HOUR_MS, until, HOUR_MS) ?? {}
  return Number(own) > Number(total) * MANY
}

export interface Frequent {
  readonly caller: readonly string[]
  readonly address: readonly string[]
}

/** The first names by person or, with `more`, also of attempts that have none. */
const rank = (by: string, more = ''): string =>
  `SELECT * FROM (SELECT '${by}' AS kind, name FROM (
    SELECT ${by} AS name, bad, good FROM own JOIN people ON people.id = person${more})
  WHERE name IS NOT NULL GROUP BY name ORDER BY total(bad) DESC, total(good) DESC, name LIMIT ?)`

/** Those that were refused most, or failed most, first. */
export function selectFrequent(database: DatabaseSync, filter: RecordFilter, limit: number): Frequent {
  const own = toOwnByKind(filter, ['caller', 'address'], isOfManyRecords(database, filter))
  const counted = toCountedTerm(filter, true) ?? { sql: '0', values: [] }
  const statement = database.prepare(
    `WITH own AS MATERIALIZED (
      SELECT person, total(count) FILTER (WHERE outcome IS NOT 'issued') AS bad,
        total(count) FILTER (WHERE outcome = 'issued') AS good
      FROM (${own.sql}) JOIN kinds ON kinds.id = kind GROUP BY person)
    ${rank('caller')} UNION ALL
    ${rank('address', ` UNION ALL SELECT address, count, 0 FROM counted WHERE ${counted.sql}`)}`,
  )
  const rows = statement.all(...own.values, limit, ...counted.values, limit)
  const named = (by: string): string[] =>
    rows.filter(({ kind }) => kind === by).map(({ name }) => String(name))
  return { caller: named('caller'), address: named('address') }
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
    toOwn(filter, by, isOfManyRecords(database, filter)),
    ...when(toCountedTerm(filter, isByAddress), ({ sql, values }) => ({
      sql: `SELECT ${counts} FROM counted WHERE ${sql}`,
      values,
    })),
  ]
  const columns = by.map((_name, index) => `c${index}`)
  // GROUP BY needs a term. Without it, nothing at all would be one row of nulls.
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
