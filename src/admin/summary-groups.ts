/** Counts by code and by preset. */
import { toMeaning } from '../reason-meanings.ts'
import type { Summary } from './api-schemas.ts'
import type { Timeline } from './timeline.ts'

/** Attempts of one minute or hour that have all of this in common. */
export interface Tally {
  /** Unix milliseconds: the start of the minute or hour. */
  readonly time: number
  readonly outcome: 'issued' | 'refused' | 'failed'
  readonly code: string | null
  readonly reason: string | null
  readonly preset: string | null
  readonly count: number
}

type Counted = Pick<Tally, 'outcome' | 'count'>

const sumOf = (counted: readonly Counted[]): number => counted.reduce((sum, { count }) => sum + count, 0)

export function sumByOutcome(counted: readonly Counted[]): Record<Tally['outcome'], number> {
  const of = (wanted: Tally['outcome']): number => sumOf(counted.filter(({ outcome }) => outcome === wanted))
  return { issued: of('issued'), refused: of('refused'), failed: of('failed') }
}

const earliest = (tallies: readonly Tally[]): number =>
  tallies.reduce((found, { time }) => Math.min(found, time), Infinity)

const latest = (tallies: readonly Tally[]): number =>
  tallies.reduce((found, { time }) => Math.max(found, time), -Infinity)

const toReasons = (tallies: readonly Tally[]): Summary['codes'][number]['reasons'] =>
  [...Map.groupBy(tallies, ({ reason }) => reason)]
    .map(([reason, own]) => ({
      reason,
      count: sumOf(own),
      meaning: toMeaning(reason),
    }))
    .toSorted((one, other) => other.count - one.count)

/** Most frequent first. */
export function groupCodes(tallies: readonly Tally[], timeline: Timeline): Summary['codes'] {
  const unsuccessful = tallies.filter(({ outcome }) => outcome !== 'issued')
  const byCode = Map.groupBy(unsuccessful, ({ outcome, code }) => `${outcome} ${code}`)
  return [...byCode.values()]
    .flatMap((own) => {
      const [first] = own
      if (first === undefined || first.outcome === 'issued') return []
      return [
        {
          code: first.code ?? 'unknown',
          outcome: first.outcome,
          count: sumOf(own),
          first: earliest(own),
          last: latest(own),
          series: timeline.spread(own),
          reasons: toReasons(own),
        },
      ]
    })
    .toSorted((one, other) => other.count - one.count)
}

/** When failures began that no issued secret ended; null if there are none. */
function toFailingSince(tallies: readonly Tally[]): number | null {
  const lastIssued = latest(tallies.filter(({ outcome }) => outcome === 'issued'))
  const failures = tallies.filter(({ outcome, time }) => outcome === 'failed' && time > lastIssued)
  return failures.length === 0 ? null : earliest(failures)
}

interface PresetOptions {
  /** Whether the tallies have every outcome, so that failures can be told from a filter. */
  readonly hasAllOutcomes: boolean
}

const toPreset = (
  preset: string | null,
  own: readonly Tally[],
  { hasAllOutcomes }: PresetOptions,
): Summary['presets'][number] => ({
  preset,
  ...sumByOutcome(own),
  failing_since: preset === null || !hasAllOutcomes ? null : toFailingSince(own),
})

/** Most frequent first. */
export const groupPresets = (tallies: readonly Tally[], options: PresetOptions): Summary['presets'] =>
  [...Map.groupBy(tallies, ({ preset }) => preset)]
    .toSorted(([, one], [, other]) => sumOf(other) - sumOf(one))
    .map(([preset, own]) => toPreset(preset, own, options))
