/** What happened in a span of time: from the counts of the index, in one pass over each. */
import type { AuditIndex, FoundRecord } from '../audit-reader/audit-index.ts'
import { closedSets } from '../audit-reader/filters.ts'
import type { Group } from '../audit-reader/index-groups.ts'
import type { RecordFilter } from '../audit-reader/index-query.ts'
import { isObject } from '../json.ts'
import type { ParsedSpan } from './api-query.ts'
import type { Summary } from './api-schemas.ts'
import { groupCodes, groupPresets, sumByOutcome, type Tally } from './summary-groups.ts'
import { toTimeline } from './timeline.ts'

const MAX_FREQUENT = 8
const MAX_CHANGES = 100

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
  const codes = own.filter(({ values: [, , code] }) => code !== null)
  const [top] = codes.toSorted((one, other) => other.count - one.count)
  const counts = own.map(({ values: [, outcome], count }) => ({ outcome: toOutcome(outcome), count }))
  return { pseudonym, ...sumByOutcome(counts), code: toText(top?.values[2]) }
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

type Change = Summary['changes'][number]

interface Changed {
  readonly record: FoundRecord['record']
  readonly detail: Readonly<Record<string, unknown>>
}

/** What the pause stops; its kind if the record does not name it. */
const toPauseName = ({ record: { preset, origin, caller }, detail: { scope } }: Changed): string | null =>
  [preset, origin, caller, scope].find((name) => typeof name === 'string') ?? null

const toCause = ({ detail: { cause } }: Changed): string | null => (typeof cause === 'string' ? cause : null)

/** By event. Undefined for what happens in normal operation: a full file is closed and another one opened. */
const toChanges: Readonly<Record<string, (changed: Changed) => Omit<Change, 'time'> | undefined>> = {
  open: ({ record }) => (record['seq'] === 0 ? { change: 'started', detail: null } : undefined),
  close: (changed) => (toCause(changed) === 'stopped' ? { change: 'stopped', detail: null } : undefined),
  config: ({ record: { revision } }) => ({
    change: 'presets',
    detail: typeof revision === 'string' ? revision : null,
  }),
  key: () => ({ change: 'key', detail: null }),
  store: (changed) => ({
    change: changed.detail['state'] === 'degraded' ? 'store_degraded' : 'store_restored',
    detail: toCause(changed),
  }),
  pause: (changed) => ({
    change: changed.detail['state'] === 'paused' ? 'paused' : 'resumed',
    detail: toPauseName(changed),
  }),
  gap: (changed) => ({ change: 'audit_gap', detail: toCause(changed) }),
  recovered: () => ({ change: 'audit_recovered', detail: null }),
  removed: () => ({ change: 'audit_removed', detail: null }),
}

/** The newest ones, also from before the span: the first error in it may be due to one of them. */
async function readChanges(index: AuditIndex, until: number): Promise<Change[]> {
  const filter = { until, kind: { event: Object.keys(toChanges) } }
  const { records } = await index.select({ filter, order: 'newest', limit: MAX_CHANGES })
  const changes = records.flatMap(({ time, record }) => {
    const detail = isObject(record['detail']) ? record['detail'] : {}
    const change = toChanges[String(record['event'])]?.({ record, detail })
    return change === undefined ? [] : [{ time, ...change }]
  })
  return changes.toReversed()
}

/** Whether issued secrets would be visible next to failures. */
const hasAllOutcomes = ({ kind, requestId, secret }: RecordFilter): boolean =>
  [kind.outcome, kind.code, kind.reason, kind.status, requestId, secret].every((asked) => asked === undefined)

/** The filter's own span and events are replaced: what is counted is attempts. */
export async function summarize(index: AuditIndex, { filter, since, until }: ParsedSpan): Promise<Summary> {
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
    ...sumByOutcome(tallies),
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
