/** What happened in a span of time: from the counts of the index, in one pass over each. */
import type { AuditIndex, FoundRecord } from '../audit-reader/audit-index.ts'
import { closedSets } from '../audit-reader/filters.ts'
import type { Group } from '../audit-reader/index-groups.ts'
import type { RecordFilter } from '../audit-reader/index-query.ts'
import { isObject } from '../json.ts'
import type { Summary } from './api-schemas.ts'
import { groupCodes, groupPresets, type Tally } from './summary-groups.ts'
import { toTimeline } from './timeline.ts'

const MAX_FREQUENT = 8
const MAX_CHANGES = 100

export interface Span {
  readonly filter: RecordFilter
  readonly since: number
  readonly until: number
}

const toText = (value: string | number | null | undefined): string | null =>
  typeof value === 'string' ? value : null

const toOutcome = (value: unknown): Tally['outcome'] =>
  closedSets.outcome.find((outcome) => outcome === value) ?? 'failed'

const toTally = ({ values: [time, outcome, code, reason, preset], count }: Group): Tally => ({
  time: Number(time),
  outcome: toOutcome(outcome),
  code: toText(code),
  reason: toText(reason),
  preset: toText(preset),
  count,
})

type Caller = Summary['callers'][number]

function toCaller(pseudonym: string, own: readonly Group[]): Caller {
  const of = (wanted: string): number =>
    sumOf(own.filter(({ values: [, outcome] }) => toOutcome(outcome) === wanted))
  const codes = own.filter(({ values: [, , code] }) => code !== null)
  const [top] = codes.toSorted((one, other) => other.count - one.count)
  return {
    pseudonym,
    issued: of('issued'),
    refused: of('refused'),
    failed: of('failed'),
    code: toText(top?.values[2]),
  }
}

/** The callers or addresses with these names, each with the code that it got most often. */
async function readCallers(
  index: AuditIndex,
  filter: RecordFilter,
  by: 'caller' | 'address',
  names: readonly string[],
): Promise<Caller[]> {
  if (names.length === 0) return []
  const own = { ...filter, [by]: { values: names, beginnings: [] } }
  const groups = Map.groupBy(await index.count(own, [by, 'outcome', 'code']), ({ values: [name] }) => name)
  return names.map((name) => toCaller(name, groups.get(name) ?? []))
}

const sumOf = (groups: readonly Pick<Group, 'count'>[]): number =>
  groups.reduce((sum, { count }) => sum + count, 0)

type Change = Summary['changes'][number]

const changeEvents = [
  'open',
  'close',
  'config',
  'key',
  'store',
  'pause',
  'gap',
  'recovered',
  'removed',
] as const

/** What the pause stops; its kind if the record does not name it. */
const toPauseName = ({ preset, origin, caller }: FoundRecord['record'], scope: unknown): string | null =>
  [preset, origin, caller, scope].find((name) => typeof name === 'string') ?? null

/** Undefined for what happens in normal operation: a full file is closed and another one opened. */
function toChange({ time, record }: FoundRecord): Change | undefined {
  const detail = isObject(record['detail']) ? record['detail'] : {}
  const cause = typeof detail['cause'] === 'string' ? detail['cause'] : null
  const revision = typeof record['revision'] === 'string' ? record['revision'] : null
  switch (record['event']) {
    case 'open':
      return record['seq'] === 0 ? { time, change: 'started', detail: null } : undefined
    case 'close':
      return cause === 'stopped' ? { time, change: 'stopped', detail: null } : undefined
    case 'config':
      return { time, change: 'presets', detail: revision }
    case 'key':
      return { time, change: 'key', detail: null }
    case 'store':
      return {
        time,
        change: detail['state'] === 'degraded' ? 'store_degraded' : 'store_restored',
        detail: cause,
      }
    case 'pause': {
      const change = detail['state'] === 'paused' ? 'paused' : 'resumed'
      return { time, change, detail: toPauseName(record, detail['scope']) }
    }
    case 'gap':
      return { time, change: 'audit_gap', detail: cause }
    case 'recovered':
      return { time, change: 'audit_recovered', detail: null }
    case 'removed':
      return { time, change: 'audit_removed', detail: null }
    default:
      return undefined
  }
}

/** The newest ones, also from before the span: the first error in it may be due to one of them. */
async function readChanges(index: AuditIndex, until: number): Promise<Change[]> {
  const filter = { until, kind: { event: changeEvents } }
  const { records } = await index.select({ filter, order: 'newest', limit: MAX_CHANGES })
  return records.flatMap((found) => toChange(found) ?? []).toReversed()
}

/** Whether issued secrets would be seen beside failures. */
const hasAllOutcomes = ({ kind, requestId, secret }: RecordFilter): boolean =>
  [kind.outcome, kind.code, kind.reason, kind.status, requestId, secret].every((asked) => asked === undefined)

/** The filter's own span and events are replaced: what is counted is attempts. */
export async function summarize(index: AuditIndex, { filter, since, until }: Span): Promise<Summary> {
  const attempts = { ...filter, since, until, kind: { ...filter.kind, event: ['attempt', 'refusals'] } }
  const timeline = toTimeline(since, until)
  const groups = await index.count(attempts, [timeline.unit, 'outcome', 'code', 'reason', 'preset'])
  const tallies = groups.map(toTally)
  const of = (outcome: Tally['outcome']): readonly Tally[] =>
    tallies.filter((tally) => tally.outcome === outcome)
  const frequent = await index.frequent(attempts, MAX_FREQUENT)
  return {
    since,
    until,
    bucket_seconds: timeline.bucketMs / 1000,
    resolution_seconds: timeline.unitMs / 1000,
    issued: sumOf(of('issued')),
    refused: sumOf(of('refused')),
    failed: sumOf(of('failed')),
    times: timeline.times,
    series: {
      issued: timeline.spread(of('issued')),
      refused: timeline.spread(of('refused')),
      failed: timeline.spread(of('failed')),
    },
    codes: groupCodes(tallies, timeline),
    presets: groupPresets(tallies, { hasAllOutcomes: hasAllOutcomes(filter) }),
    callers: await readCallers(index, attempts, 'caller', frequent.caller),
    addresses: await readCallers(index, attempts, 'address', frequent.address),
    changes: await readChanges(index, until),
  }
}
