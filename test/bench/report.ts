import type { LoopResult } from './closed-loop.ts'
import { median } from './statistics.ts'

export interface Sample extends LoopResult {
  readonly cpuMicros: number
}

/** One server's samples, one per round, in round order. */
export interface Series {
  readonly name: string
  readonly samples: readonly Sample[]
}

const HEADINGS = [
  'server',
  'µs CPU per mint (median, min–max)',
  'ratio to pass-through',
  'req/s',
  'p50 ms',
  'p99 ms',
] as const

export const toTable = (allSeries: readonly Series[], baseline: Series): string =>
  align([HEADINGS, ...allSeries.map((series) => toRow(series, baseline))])

/** Formats rows of cells as text. The first row has the headings. */
export function align(rows: readonly (readonly string[])[]): string {
  const [headings = []] = rows
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | '))
  const rule = widths.map((width) => '-'.repeat(width)).join('-|-')
  return lines.toSpliced(1, 0, rule).join('\n')
}

function toRow(series: Series, baseline: Series): string[] {
  const cpu = series.samples.map((sample) => sample.cpuMicros)
  const medianOf = (key: keyof LoopResult) => median(series.samples.map((sample) => sample[key]))
  return [
    series.name,
    `${median(cpu).toFixed(0)}, ${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)}`,
    medianRatio(series, baseline).toFixed(2),
    medianOf('requestsPerSecond').toFixed(0),
    medianOf('p50Ms').toFixed(2),
    medianOf('p99Ms').toFixed(2),
  ]
}

export function toVerdict(series: Series, baseline: Series, limit: number, remark = ''): string {
  const ratio = medianRatio(series, baseline)
  const verdict = ratio <= limit ? 'met' : 'missed'
  return `${series.name} ≤ ${limit} × ${baseline.name}${remark}: ${ratio.toFixed(2)} ×, ${verdict}`
}

// Ratios are per round: other load on the machine slows both servers of a round alike.
function medianRatio(series: Series, baseline: Series): number {
  return median(
    series.samples.map(
      (sample, round) => sample.cpuMicros / (baseline.samples[round]?.cpuMicros ?? Number.NaN),
    ),
  )
}
