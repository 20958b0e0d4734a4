/** What the index must answer, written as plainly as possible: every line is parsed, every filter is a function. */
import type { GroupName } from '../../src/audit-reader/index-count.ts'
import type { RecordFilter, TextMatch } from '../../src/audit-reader/index-select.ts'

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

function toRecords(text: string, file: number): NaiveRecord[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      if (!/^[\x20-\x7e]*$/.test(line) || !line.startsWith('{"v":1,"time":"')) return []
      let fields: unknown
      try {
        fields = JSON.parse(line)
      } catch {
        return []
      }
      if (!isFields(fields) || fields['v'] !== 1 || Number.isNaN(toTime(fields['time']))) return []
      return [{ time: toTime(fields['time']), line: `${line}\n`, fields, file }]
    })
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const toNumber = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function toColumns({ fields }: NaiveRecord): Readonly<Record<string, string | number | null>> {
  const { event, outcome, code, reason, status, preset, origin, model, upstream, caller, address } = fields
  return {
    event: toText(event),
    outcome: event === 'refusals' ? 'refused' : toText(outcome),
    code: toText(code),
    reason: toText(reason),
    status: toNumber(status),
    preset: toText(preset),
    origin: toText(origin),
    model: toText(model),
    upstream_status: isFields(upstream) ? toNumber(upstream['status']) : null,
    caller: toText(caller),
    address: toText(address),
  }
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

function holds(one: NaiveRecord, filter: RecordFilter): boolean {
  const columns = toColumns(one)
  const { reasons, addresses } = toCounts(one)
  const { kind, exceptEvents = [], caller, address, requestId, secret } = filter
  const { reason, ...others } = kind
  return (
    isInSpan(one.time, filter) &&
    Object.entries(others).every(([column, values]) => isAmong(columns[column], values)) &&
    !exceptEvents.some((event) => event === columns['event']) &&
    (isAmong(columns['reason'], reason) || [...reasons.keys()].some((name) => reason?.includes(name))) &&
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
  const found = texts.flatMap(toRecords).filter((one) => holds(one, filter))
  // Stable: records of the same time stay in the order of their files and lines.
  const sorted = found.toSorted((one, other) => one.time - other.time || one.file - other.file)
  return (order === 'newest' ? sorted.toReversed() : sorted).map(({ line }) => line)
}

/** What is counted of one record: the fields of the attempts, and how many there are. */
type Counted = readonly [
  columns: Readonly<Record<string, string | number | null>>,
  time: number,
  count: number,
]

function toCounted(one: NaiveRecord, filter: RecordFilter, byAddress: boolean): Counted[] {
  const columns = toColumns(one)
  const { kind, caller, address, requestId, secret } = filter
  if (columns['event'] !== 'refusals') {
    const isEvent = kind.event !== undefined || columns['event'] === 'attempt'
    return isEvent && holds(one, filter) ? [[columns, one.time, 1]] : []
  }
  const { minute, reasons, addresses } = toCounts(one)
  const isUnknown = [
    caller,
    requestId,
    secret,
    kind.status,
    kind.preset,
    kind.origin,
    kind.model,
    kind.upstream_status,
  ]
  if (isUnknown.some((asked) => asked !== undefined) || !isInSpan(minute, filter)) return []
  const total = [...reasons.values()].reduce((sum, count) => sum + count, 0)
  const others = total - [...addresses.values()].reduce((sum, count) => sum + count, 0)
  const [onlyReason = null] = reasons.size === 1 ? reasons.keys() : []
  const rows: [reason: string | null, address: string | null, count: number][] = byAddress
    ? [
        ...[...addresses].map(([text, count]): [string | null, string, number] => [onlyReason, text, count]),
        ...(others > 0 ? [[onlyReason, null, others] satisfies [string | null, null, number]] : []),
      ]
    : [...reasons].map(([reason, count]) => [reason, null, count])
  return rows.flatMap(([reason, text, count]): Counted[] => {
    const row = {
      event: 'refusals',
      outcome: 'refused',
      code: columns['code'] ?? null,
      reason,
      address: text,
    }
    const isFound =
      isAmong('refusals', kind.event) &&
      isAmong('refused', kind.outcome) &&
      isAmong(row.code, kind.code) &&
      isAmong(reason, kind.reason) &&
      fits(text, address)
    return isFound ? [[row, minute, count]] : []
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
  for (const one of texts.flatMap(toRecords)) {
    for (const [columns, time, count] of toCounted(one, filter, byAddress)) {
      const values = by.map((name) => {
        const ms = spans[name]
        return ms === undefined ? (columns[name] ?? null) : Math.floor(time / ms) * ms
      })
      const key = JSON.stringify(values)
      groups.set(key, (groups.get(key) ?? 0) + count)
    }
  }
  return groups
}
