import { align } from '../bench/report.ts'
import type { Findings } from './scene.ts'

export interface Row {
  readonly fault: string
  readonly runs: number
  readonly findings?: Findings
  readonly recoveryMs?: number
  readonly problems: readonly string[]
  /** Why it was not run on this machine. */
  readonly skipped?: string
}

export const toSkipped = (fault: string, skipped: string): Row => ({ fault, runs: 0, problems: [], skipped })

export function toResult({ problems, skipped }: Row): string {
  if (skipped !== undefined) return `skipped: ${skipped}`
  return problems.length === 0 ? 'ok' : 'FAILED'
}

/** Of the command line, for an unknown command. */
const EXIT_USAGE = 64

export function toProblems(
  { delivered, missing, unexpected, verdict }: Findings,
  verdicts: readonly number[],
): string[] {
  const problems: string[] = []
  if (delivered === 0) problems.push('nothing was minted')
  if (missing > 0) problems.push(`${missing} secrets were delivered without a record`)
  if (unexpected.length > 0) problems.push(`unexpected replies: ${unexpected.join(', ')}`)
  if (verdict.code !== EXIT_USAGE && !verdicts.includes(verdict.code)) {
    problems.push(`verify exits with ${verdict.code}: ${verdict.output}`)
  }
  return problems
}

const HEADINGS = [
  'fault',
  'times',
  'delivered',
  'not on record',
  'withheld (503)',
  'recovered after',
  'verify',
  'result',
] as const

export const toTable = (rows: readonly Row[]): string => align([HEADINGS, ...rows.map(toCells)])

function toCells(row: Row): string[] {
  const { fault, runs, findings, recoveryMs } = row
  const { delivered, missing, withheld, verdict } = findings ?? {}
  return [
    fault,
    String(runs),
    String(delivered ?? '–'),
    String(missing ?? '–'),
    String(withheld ?? '–'),
    recoveryMs === undefined ? '–' : `${(recoveryMs / 1000).toFixed(1)} s`,
    verdict === undefined || verdict.code === EXIT_USAGE ? '–' : String(verdict.code),
    toResult(row),
  ]
}
