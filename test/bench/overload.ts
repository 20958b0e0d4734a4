// Measures goodput and latency at five times the capacity.
import { parseArgs } from 'node:util'
import { inTurn } from './in-turn.ts'
import { type Answer, type Load, runOpenLoop } from './open-loop.ts'
import { parseCount, runOnLinux } from './options.ts'
import { readCpuMicros } from './proc.ts'
import { align } from './report.ts'
import { startLoadedService, startUpstream, toUpstreamEnv } from './servers.ts'
import { percentile } from './statistics.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

const OVERLOAD = 5
const WARM_UP_SECONDS = 8
const STEP_SECONDS = 8

/** A load and its results. */
interface Phase {
  readonly name: string
  readonly load: Load
  readonly answers: readonly Answer[]
  /** The share of one core that the service used. */
  readonly cpuShare: number
}

const msOf = ({ answers }: Phase, kind: Answer['kind']): number[] =>
  answers.filter((answer) => answer.kind === kind).map(({ ms }) => ms)

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

const toPhaseTable = (phases: readonly Phase[]): string => align([PHASE_HEADINGS, ...phases.map(toPhaseRow)])

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

/** One line per target: its name, the measured value, and whether it is met. */
function toVerdicts(phases: readonly Phase[]): string[] {
  const unloaded = phases[0]
  const overload = phases.at(-1)
  if (unloaded === undefined || overload === undefined) throw new Error('nothing was measured')
  const goodput = goodputOf(overload) / Math.max(...phases.map(goodputOf))
  const p99 = percentile(msOf(overload, 'issued'), 0.99) / percentile(msOf(unloaded, 'issued'), 0.99)
  const shed = percentile(msOf(overload, 'shed'), 0.99)
  return [
    toVerdict('goodput under overload ≥ 0.8 × its peak', `${goodput.toFixed(2)} ×`, goodput >= 0.8),
    toVerdict('p99 of secrets under overload ≤ 2 × unloaded', `${p99.toFixed(2)} ×`, p99 <= 2),
    toVerdict('p99 of shed answers < 50 ms', `${shed.toFixed(1)} ms`, shed < 50),
  ]
}

const toVerdict = (promise: string, seen: string, isMet: boolean): string =>
  `${promise}: ${seen}, ${isMet ? 'met' : 'missed'}`

/** `mints` is MAX_CONCURRENT_MINTS. Upstream takes `delayMs`. */
async function measureOverload(
  workshop: Workshop,
  seconds: number,
  mints: number,
  delayMs: number,
): Promise<Phase[]> {
  const { server, connections } = await startLoadedService(workshop, {
    ...toUpstreamEnv(await startUpstream(workshop, delayMs)),
    MAX_CONCURRENT_MINTS: String(mints),
  })
  const capacity = mints / (delayMs / 1000)
  async function run(name: string, load: Load): Promise<Phase> {
    const before = readCpuMicros(server.pid)
    const startedAt = performance.now()
    const answers = await runOpenLoop(connections, load)
    const cpuShare = (readCpuMicros(server.pid) - before) / 1000 / (performance.now() - startedAt)
    return { name, load, answers, cpuShare }
  }

  await run('warm-up', { perSecond: capacity, seconds: WARM_UP_SECONDS })
  const steps = await inTurn([0.1, 0.5, 1, 1.5], (factor) =>
    run(`${factor} × capacity`, { perSecond: capacity * factor, seconds: STEP_SECONDS }),
  )
  const overload = await run(`${OVERLOAD} × capacity`, { perSecond: capacity * OVERLOAD, seconds })
  connections.close()
  return [...steps, overload]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, mints: { type: 'string' }, delay: { type: 'string' } },
  })
  const seconds = parseCount('seconds', values.seconds, 60)
  // Five times the capacity must fit on the machine beside load generator and upstream: with 16 it is 1,600 requests/s.
  const mints = parseCount('mints', values.mints, 16)
  const delayMs = parseCount('delay', values.delay, 50)
  const phases = await measureOverload(createWorkshop('overload'), seconds, mints, delayMs)
  console.log(`${toPhaseTable(phases)}\n\n${toVerdicts(phases).join('\n')}`)
}

await runOnLinux(main)
