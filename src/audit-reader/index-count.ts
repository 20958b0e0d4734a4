/** Counts attempts: those with a record of their own, and those that `refusals` records count. */
import type { DatabaseSync } from 'node:sqlite'
import {
  inSpan,
  joinTerms,
  matches,
  oneOf,
  type RecordFilter,
  type Term,
  toTerm,
  within,
} from './index-select.ts'

const MINUTE_MS = 60_000

/** The start of the span that a time is in, also before 1970. */
const startOf = (ms: number): string => `time - (time % ${ms} + ${ms}) % ${ms}`

const textOf = (column: string): string => `(SELECT value FROM texts WHERE texts.id = ${column})`

interface Grouping {
  /** Over `records`, where `kind` does not decide. */
  readonly own?: string
  /** Over the attempts of a kind. */
  readonly value: string
  /** Over `counted`. */
  readonly counted: string
}

const bySpan = (ms: number): Grouping => ({ own: startOf(ms), value: 'own', counted: startOf(ms) })
const byKind = (column: string, counted = 'NULL'): Grouping => ({ value: column, counted })

export const groupings = {
  minute: bySpan(MINUTE_MS),
  hour: bySpan(60 * MINUTE_MS),
  day: bySpan(24 * 60 * MINUTE_MS),
  outcome: byKind('outcome', "'refused'"),
  code: byKind('code', 'code'),
  reason: byKind('reason', 'reason'),
  preset: byKind('preset'),
  origin: byKind('origin'),
  caller: { own: 'caller', value: textOf('own'), counted: 'NULL' },
  address: { own: 'address', value: textOf('own'), counted: 'address' },
  model: byKind('model'),
  upstream_status: byKind('upstream_status'),
} as const satisfies Record<string, Grouping>

export type GroupName = keyof typeof groupings

export interface Group {
  /** For each name asked for: text, a number, the Unix milliseconds of a span's start, or null if records do not say. */
  readonly values: readonly (string | number | null)[]
  readonly count: number
}

const countedColumns: ReadonlySet<string> = new Set(['event', 'outcome', 'code', 'reason'])

/** Undefined where the filter asks for what counted attempts do not have. */
function toCountedTerm(filter: RecordFilter, isByAddress: boolean): Term | undefined {
  const { kind, caller, address, requestId, secret } = filter
  const { event = ['refusals'], outcome = ['refused'], code, reason } = kind
  const needsMore = Object.keys(kind).some((column) => !countedColumns.has(column))
  if (needsMore || caller !== undefined || requestId !== undefined || secret !== undefined) return undefined
  if (!event.includes('refusals') || !outcome.includes('refused')) return undefined
  return joinTerms(
    [
      { sql: 'by_address = ?', values: [isByAddress ? 1 : 0] },
      ...inSpan(filter),
      ...(code === undefined ? [] : [oneOf('code', code)]),
      ...(reason === undefined ? [] : [oneOf('reason', reason)]),
      ...(address === undefined ? [] : [matches('address', address)]),
    ],
    'AND',
  )
}

/** How many attempts there are in each group, in no order; by default, records of attempts and of counted refusals. */
export function countGroups(
  database: DatabaseSync,
  filter: RecordFilter,
  by: readonly GroupName[],
): readonly Group[] {
  const used = by.map((name): Grouping => groupings[name])
  const aliases = used.map((_grouping, index) => `own${index}`)
  const own = used.flatMap((grouping, index) =>
    grouping.own === undefined ? [] : [`${grouping.own} AS ${aliases[index]}`],
  )
  const values = used.map(({ value }, index) => value.replace(/\bown\b/, aliases[index] ?? ''))
  const events = (filter.kind.event ?? ['attempt']).filter((event) => event !== 'refusals')
  const term = joinTerms([toTerm(filter), within('kind', 'kinds', oneOf('event', events))], 'AND')
  const inner = `SELECT kind, ${[...own, 'count(*) AS count'].join(', ')} FROM records WHERE ${term.sql}
    GROUP BY ${['kind', ...own.map((_own, index) => `${index + 2}`)].join(', ')}`
  const isByAddress = by.includes('address') || filter.address !== undefined
  const counted = toCountedTerm(filter, isByAddress)
  const selects = [
    `SELECT ${[...values, 'count'].map((value, index) => `${value} AS c${index}`).join(', ')}
      FROM (${inner}) AS grouped JOIN kinds ON kinds.id = grouped.kind`,
    ...(counted === undefined
      ? []
      : [
          `SELECT ${[...used.map(({ counted: value }) => value), 'count'].join(', ')} FROM counted WHERE ${counted.sql}`,
        ]),
  ]
  const columns = by.map((_name, index) => `c${index}`)
  const rows = database
    .prepare(
      `SELECT ${[...columns, `sum(c${by.length}) AS count`].join(', ')} FROM (${selects.join(' UNION ALL ')})
      ${columns.length === 0 ? '' : `GROUP BY ${columns.join(', ')}`}`,
    )
    .all(...term.values, ...(counted?.values ?? []))
  return rows.flatMap((row) => {
    const count = Number(row['count'] ?? 0)
    return count === 0 ? [] : [{ values: columns.map((column) => toValue(row[column])), count }]
  })
}

const toValue = (value: unknown): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null
