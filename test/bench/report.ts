import type { LoopResult } from './closed-loop.ts'
import { median } from './statistics.ts'

export interface Sample extends LoopResult {
  readonly cpuMicros: number
}

/** One server's samples at one number of connections, one per round, in round order. */
export interface Series {
  readonly name: string
  readonly samples: readonly Sample[]
}

/** A Markdown table. The first row has the headings. */
export function align(rows: readonly (readonly string[])[]): string {
  const [headings = []] = rows
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return lines.toSpliced(1, 0, rule).join('\n')
}

/** All servers at one number of connections. */
export interface Setting {
  readonly connections: number
  readonly series: readonly Series[]
}

function toFigures(samples: readonly Sample[]): string[] {
  const cpu = samples.map(({ cpuMicros }) => cpuMicros)
  const medianOf = (key: keyof LoopResult) => median(samples.map((sample) => sample[key]))
  return [
    `${median(cpu).toFixed(0)} (${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)})`,
    medianOf('requestsPerSecond').toFixed(0),
    medianOf('p50Ms').toFixed(2),
    medianOf('p99Ms').toFixed(2),
  ]
}

/** Ratios to the server `baseline` first. The other figures are those of the first setting. */
export function toTable(settings: readonly Setting[], baseline: string): string {
  const [first] = settings
  if (first === undefined) throw new Error('nothing was measured')
  const headings = [
    'server',
    ...settings.map(({ connections }) => `CPU ÷ bare, ${connections} connections`),
    'µs of CPU (min–max)',
    'mints/s',
    'p50 ms',
    'p99 ms',
  ]
  const rows = first.series.map(({ name, samples }) => {
    const ratios = settings.map((setting) => medianRatio(setting, name, baseline).toFixed(2))
    return [name].concat(ratios, toFigures(samples))
  })
  return align([headings, ...rows])
}

/** Ratios are per round: other load on the machine slows both servers of a round alike. */
export function medianRatio({ series }: Setting, name: string, baseline: string): number {
  const samplesOf = (wanted: string) => series.find((one) => one.name === wanted)?.samples ?? []
  const bases = samplesOf(baseline)
  return median(
    samplesOf(name).map(({ cpuMicros }, round) => cpuMicros / (bases[round]?.cpuMicros ?? Number.NaN)),
  )
}

export const toVerdict = (subject: string, value: number, limit: number, unit = '×'): string =>
  `${subject} ≤ ${limit} ${unit}: ${value.toFixed(2)} ${unit}, ${value <= limit ? 'met' : 'missed'}`
