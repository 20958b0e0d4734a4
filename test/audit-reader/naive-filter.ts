/** What the index must answer, written as plainly as possible: every line is parsed, every filter is a function. */
import type { GroupName } from '../../src/audit-reader/index-groups.ts'
import type { RecordFilter, TextMatch } from '../../src/audit-reader/index-query.ts'

type Fields = Readonly<Record<string, unknown>>

interface NaiveRecord {
  readonly time: number
  readonly line: string
  readonly fields: Fields
  readonly file: number
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const toTime = (value: unknown): number =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)
    ? Date.parse(value)
    : Number.NaN

function toRecord(line: string, file: number): NaiveRecord[] {
  if (!/^[\x20-\x7e]*$/.test(line) || !line.startsWith('{"v":1,"time":"')) return []
  try {
    const fields: unknown = JSON.parse(line)
    if (!isFields(fields) || fields['v'] !== 1 || Number.isNaN(toTime(fields['time']))) return []
    return [{ time: toTime(fields['time']), line: `${line}\n`, fields, file }]
  } catch {
    return []
  }
}

const toRecords = (texts: readonly string[]): NaiveRecord[] =>
  texts.flatMap((text, file) =>
    text
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => toRecord(line, file)),
  )

const numbers: ReadonlySet<string> = new Set(['status', 'upstream_status'])

/** What a record is filtered and grouped by. A value of another type counts as none. */
function toColumn({ fields }: NaiveRecord, name: string): string | number | null {
  if (name === 'outcome' && fields['event'] === 'refusals') {
    return fields['code'] === 'internal' ? 'failed' : 'refused'
  }
  const { upstream } = fields
  const own = name === 'upstream_status' ? isFields(upstream) && upstream['status'] : fields[name]
  if (typeof own === 'number') return numbers.has(name) ? own : null
  return typeof own === 'string' && !numbers.has(name) ? own : null
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0

interface Counts {
  readonly minute: number
  readonly reasons: ReadonlyMap<string, number>
  readonly addresses: ReadonlyMap<string, number>
}

function toCounts({ time, fields: { event, detail } }: NaiveRecord): Counts {
  const none = { minute: time, reasons: new Map<string, number>(), addresses: new Map<string, number>() }
  if (event !== 'refusals' || !isFields(detail)) return none
  const { minute, reasons, addresses } = detail
  for (const [name, count] of Object.entries(isFields(reasons) ? reasons : {})) {
    if (isCount(count)) none.reasons.set(name, count)
  }
  for (const item of Array.isArray(addresses) ? addresses : []) {
    if (isFields(item) && typeof item['address'] === 'string' && isCount(item['count'])) {
      none.addresses.set(item['address'], item['count'])
    }
  }
  return { ...none, minute: Number.isNaN(toTime(minute)) ? time : toTime(minute) }
}

const fits = (value: unknown, match: TextMatch | undefined): boolean =>
  match === undefined ||
  (typeof value === 'string' &&
    (match.values.includes(value) || match.beginnings.some((text) => value.startsWith(text))))

const isAmong = (value: unknown, values: readonly unknown[] | undefined): boolean =>
  values === undefined || values.includes(value)

const isInSpan = (time: number, { since = -Infinity, until = Infinity }: RecordFilter): boolean =>
  time >= since && time < until

function isMatch(one: NaiveRecord, filter: RecordFilter): boolean {
  const { reasons, addresses } = toCounts(one)
  const { kind, exceptEvents = [], caller, address, requestId, secret } = filter
  const { reason, ...others } = kind
  return (
    isInSpan(one.time, filter) &&
    Object.entries(others).every(([column, values]) => isAmong(toColumn(one, column), values)) &&
    !exceptEvents.some((event) => event === toColumn(one, 'event')) &&
    (isAmong(toColumn(one, 'reason'), reason) ||
      [...reasons.keys()].some((name) => reason?.includes(name))) &&
    fits(one.fields['caller'], caller) &&
    (fits(one.fields['address'], address) || [...addresses.keys()].some((text) => fits(text, address))) &&
    fits(one.fields['request_id'], requestId) &&
    fits(one.fields['secret'], secret)
  )
}

export function filterNaively(
  texts: readonly string[],
  filter: RecordFilter,
  order: 'newest' | 'oldest',
): string[] {
  const found = toRecords(texts).filter((one) => isMatch(one, filter))
  // Stable: records of the same time stay in the order of their files and lines.
  const sorted = found.toSorted((one, other) => one.time - other.time || one.file - other.file)
  return (order === 'newest' ? sorted.toReversed() : sorted).map(({ line }) => line)
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, count) => all + count, 0)

/** What is counted of one record: a field of the attempts, their time, and how many there are. */
type Counted = readonly [toValue: (name: string) => string | number | null, time: number, count: number]

function toCounted(one: NaiveRecord, filter: RecordFilter, byAddress: boolean): Counted[] {
  const { kind, caller, address, requestId, secret } = filter
  if (toColumn(one, 'event') !== 'refusals') {
    const isEvent = kind.event !== undefined || toColumn(one, 'event') === 'attempt'
    return isEvent && isMatch(one, filter) ? [[(name) => toColumn(one, name), one.time, 1]] : []
  }
  const { minute, reasons, addresses } = toCounts(one)
  const { event, outcome, code, reason, ...unknown } = kind
  const isUnknown = [caller, requestId, secret, ...Object.values(unknown)].some(
    (asked) => asked !== undefined,
  )
  if (isUnknown || !isInSpan(minute, filter)) return []
  const others = sum(reasons) - sum(addresses)
  const [onlyReason = null] = reasons.size === 1 ? reasons.keys() : []
  const rows: [reason: string | null, address: string | null, count: number][] = byAddress
    ? [...addresses].map(([text, count]) => [onlyReason, text, count])
    : [...reasons].map(([name, count]) => [name, null, count])
  if (byAddress && others > 0) rows.push([onlyReason, null, others])
  return rows.flatMap(([name, text, count]): Counted[] => {
    const row = new Map([
      ['event', 'refusals'],
      ['outcome', toColumn(one, 'outcome')],
      ['code', toColumn(one, 'code')],
      ['reason', name],
      ['address', text],
    ])
    const isFound =
      Object.entries({ event, outcome, code, reason }).every(([column, values]) =>
        isAmong(row.get(column), values),
      ) && fits(text, address)
    return isFound ? [[(column) => row.get(column) ?? null, minute, count]] : []
  })
}

const spans: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Counts by the JSON of a group's values. */
export function countNaively(
  texts: readonly string[],
  filter: RecordFilter,
  by: readonly GroupName[],
): ReadonlyMap<string, number> {
  const groups = new Map<string, number>()
  const byAddress = by.includes('address') || filter.address !== undefined
  for (const one of toRecords(texts)) {
    for (const [toValue, time, count] of toCounted(one, filter, byAddress)) {
      const values = by.map((name) => {
        const ms = spans[name]
        return ms === undefined ? toValue(name) : Math.floor(time / ms) * ms
      })
      const key = JSON.stringify(values)
      groups.set(key, (groups.get(key) ?? 0) + count)
    }
  }
  return groups
}

/** Callers or addresses by how often they were refused or failed, then by how often they were issued a secret. */
export function rankNaively(
  texts: readonly string[],
  filter: RecordFilter,
  by: 'caller' | 'address',
): string[] {
  const ranks = new Map<string, { bad: number; good: number }>()
  for (const [key, count] of countNaively(texts, filter, [by, 'outcome'])) {
    const [name, outcome] = JSON.parse(key)
    if (name === null) continue
    const rank = ranks.get(name) ?? { bad: 0, good: 0 }
    ranks.set(name, rank)
    rank[outcome === 'issued' ? 'good' : 'bad'] += count
  }
  return [...ranks]
    .toSorted(([a, one], [b, other]) => other.bad - one.bad || other.good - one.good || (a < b ? -1 : 1))
    .map(([name]) => name)
}
