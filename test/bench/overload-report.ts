import type { Answer, Load } from './open-loop.ts'
import { align } from './report.ts'
import { percentile } from './statistics.ts'
import type { TotalFailure } from './total-failure.ts'

/** A load and its results. */
export interface Phase {
  readonly name: string
  readonly load: Load
  readonly answers: readonly Answer[]
  /** The share of one core that the service used. */
  readonly cpuShare: number
}

const WINDOW_MS = 10_000
const WINDOW_STEP_MS = 100

const msOf = ({ answers }: Pick<Phase, 'answers'>, kind?: Answer['kind']): number[] =>
  answers.filter((answer) => kind === undefined || answer.kind === kind).map(({ ms }) => ms)

const toMs = (values: readonly number[], share: number): string =>
  values.length === 0 ? '–' : percentile(values, share).toFixed(1)

/** Secrets in each second of the load. Those that arrive after its end do not count. */
function perSecond({ answers, load }: Phase): number[] {
  const counts = Array<number>(Math.floor(load.seconds)).fill(0)
  for (const { kind, dueMs, ms } of answers) {
    const second = Math.floor((dueMs + ms) / 1000)
    const count = counts[second]
    if (kind === 'issued' && count !== undefined) counts[second] = count + 1
  }
  return counts
}

/** Secrets per second. */
const goodputOf = (phase: Phase): number =>
  perSecond(phase).reduce((sum, count) => sum + count, 0) / Math.floor(phase.load.seconds)

const PHASE_HEADINGS = [
  'load',
  'requests/s',
  'secrets/s',
  'worst second',
  'secrets p50, p99 ms',
  'shed/s',
  'shed p50, p99, max ms',
  'other',
  'CPU',
  'sent late p99 ms',
] as const

export const toPhaseTable = (phases: readonly Phase[]): string =>
  align([PHASE_HEADINGS, ...phases.map(toPhaseRow)])

function toPhaseRow(phase: Phase): string[] {
  const { name, load, answers, cpuShare } = phase
  const issued = msOf(phase, 'issued')
  const shed = msOf(phase, 'shed')
  const late = answers.map(({ lateMs }) => lateMs)
  return [
    name,
    load.perSecond.toFixed(0),
    goodputOf(phase).toFixed(0),
    String(Math.min(...perSecond(phase))),
    `${toMs(issued, 0.5)}, ${toMs(issued, 0.99)}`,
    (shed.length / load.seconds).toFixed(0),
    `${toMs(shed, 0.5)}, ${toMs(shed, 0.99)}, ${toMs(shed, 1)}`,
    String(msOf(phase, 'other').length),
    `${(cpuShare * 100).toFixed(0)} %`,
    toMs(late, 0.99),
  ]
}

const FAILURE_HEADINGS = [
  'upstream',
  'requests',
  'calls',
  'calls per request, worst 10 s',
  'answers p50, p99 ms',
] as const

export const toFailureTable = (failures: readonly TotalFailure[]): string =>
  align([FAILURE_HEADINGS, ...failures.map(toFailureRow)])

function toFailureRow(failure: TotalFailure): string[] {
  const ms = msOf(failure)
  return [
    failure.name,
    String(failure.answers.length),
    String(failure.calls.length),
    worstRatio(failure).toFixed(2),
    `${toMs(ms, 0.5)}, ${toMs(ms, 0.99)}`,
  ]
}

/** The highest ratio of upstream calls to requests in any ten seconds. */
function worstRatio({ answers, calls }: TotalFailure): number {
  const requests = answers.map(({ dueMs }) => dueMs)
  const last = Math.max(...requests) - WINDOW_MS
  const starts = Array.from(
    { length: Math.floor(last / WINDOW_STEP_MS) + 1 },
    (_, index) => index * WINDOW_STEP_MS,
  )
  const countIn = (times: readonly number[], start: number): number =>
    times.filter((at) => at >= start && at < start + WINDOW_MS).length
  return Math.max(...starts.map((start) => countIn(calls, start) / countIn(requests, start)))
}

/** One line per target: its name, the measured value, and whether it is met. */
export function toVerdicts(phases: readonly Phase[], failures: readonly TotalFailure[]): string[] {
  const unloaded = phases[0]
  const overload = phases.at(-1)
  if (unloaded === undefined || overload === undefined) throw new Error('nothing was measured')
  const goodput = goodputOf(overload) / Math.max(...phases.map(goodputOf))
  const p99 = percentile(msOf(overload, 'issued'), 0.99) / percentile(msOf(unloaded, 'issued'), 0.99)
  const shed = percentile(msOf(overload, 'shed'), 0.99)
  const calls = Math.max(...failures.map(worstRatio))
  return [
    toVerdict('goodput under overload ≥ 0.8 × its peak', `${goodput.toFixed(2)} ×`, goodput >= 0.8),
    toVerdict('p99 of secrets under overload ≤ 2 × unloaded', `${p99.toFixed(2)} ×`, p99 <= 2),
    toVerdict('p99 of shed answers < 50 ms', `${shed.toFixed(1)} ms`, shed < 50),
    toVerdict('upstream calls per request in a total failure < 1.1', calls.toFixed(2), calls < 1.1),
  ]
}

const toVerdict = (promise: string, seen: string, isMet: boolean): string =>
  `${promise}: ${seen}, ${isMet ? 'met' : 'missed'}`
