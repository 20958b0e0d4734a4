/** Counts by code and by preset. */
import { meanings } from '../reason-meanings.ts'
import { type Reason, reasons } from '../reasons.ts'
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

const sumOf = (tallies: readonly Tally[]): number => tallies.reduce((sum, { count }) => sum + count, 0)

const earliest = (tallies: readonly Tally[]): number =>
  tallies.reduce((found, { time }) => Math.min(found, time), Infinity)

const latest = (tallies: readonly Tally[]): number =>
  tallies.reduce((found, { time }) => Math.max(found, time), -Infinity)

const isReason = (value: string | null): value is Reason => value !== null && Object.hasOwn(reasons, value)

const toReasons = (tallies: readonly Tally[]): Summary['codes'][number]['reasons'] =>
  [...Map.groupBy(tallies, ({ reason }) => reason)]
    .map(([reason, own]) => ({
      reason,
      count: sumOf(own),
      meaning: isReason(reason) ? meanings[reason] : null,
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

/** Most frequent first. */
export const groupPresets = (
  tallies: readonly Tally[],
  { hasAllOutcomes }: { readonly hasAllOutcomes: boolean },
): Summary['presets'] =>
  [...Map.groupBy(tallies, ({ preset }) => preset)]
    .map(([preset, own]) => {
      const of = (wanted: Tally['outcome']): number => sumOf(own.filter(({ outcome }) => outcome === wanted))
      return {
        preset,
        issued: of('issued'),
        refused: of('refused'),
        failed: of('failed'),
        failing_since: preset === null || !hasAllOutcomes ? null : toFailingSince(own),
      }
    })
    .toSorted(
      (one, other) => other.issued + other.refused + other.failed - (one.issued + one.refused + one.failed),
    )
