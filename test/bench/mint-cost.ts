// Measures the CPU cost of one mint over loopback, beside a bare pass-through and other servers.
import { type LoopResult, runClosedLoop } from './closed-loop.ts'
import { type Contender, names, startContenders } from './contenders.ts'
import { inRounds, inTurn } from './in-turn.ts'
import { parseOptions, runOnLinux, toMessage } from './options.ts'
import { publish } from './page.ts'
import { measureCpu } from './proc.ts'
import { align, toVerdict } from './report.ts'
import { median, medianRatio } from './statistics.ts'
import { createWorkshop, readLogEnd } from './workshop.ts'

// The warm-up lets the compiler finish: after 3,000 mints, one still costs 1.7 times its final value.
const WARM_UP_REQUESTS = 25_000

interface Load {
  readonly requests: number
  readonly connections: number
}

interface Sample extends LoopResult {
  readonly cpuMicros: number
}

/** All servers at one number of connections: their samples by name, one per round. */
interface Setting {
  readonly connections: number
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

async function measure({ server, mintUrl }: Contender, { requests, connections }: Load): Promise<Sample> {
  try {
    const mint = () => runClosedLoop(mintUrl, requests, connections)
    const { result, cpuMicros } = await measureCpu(server.pid, requests, mint)
    return { ...result, cpuMicros }
  } catch (cause) {
    throw new Error(`${server.name} failed: ${toMessage(cause)}\nIts last output: ${readLogEnd(server)}`, {
      cause,
    })
  }
}

async function measureSetting(
  contenders: readonly Contender[],
  rounds: number,
  load: Load,
): Promise<Setting> {
  const samples = await inRounds(rounds, contenders, (contender) => measure(contender, load))
  const byName = contenders.map(({ server: { name } }, index) => [name, samples[index] ?? []] as const)
  return { connections: load.connections, samples: new Map(byName) }
}

const cpuOf = ({ samples }: Setting, name: string): number[] =>
  (samples.get(name) ?? []).map(({ cpuMicros }) => cpuMicros)

function toFigures(setting: Setting, name: string): string[] {
  const cpu = cpuOf(setting, name)
  const medianOf = (key: keyof LoopResult) =>
    median((setting.samples.get(name) ?? []).map((sample) => sample[key]))
  return [
    `${median(cpu).toFixed(0)} (${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)})`,
    medianOf('requestsPerSecond').toFixed(0),
    medianOf('p50Ms').toFixed(2),
    medianOf('p99Ms').toFixed(2),
  ]
}

/** Ratios to the bare server first. The other figures are those of the first setting. */
function toTable(settings: readonly Setting[]): string {
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
  const rows = [...first.samples.keys()].map((name) => {
    const ratios = settings.map((setting) => medianRatio(cpuOf(setting, name), cpuOf(setting, names.bare)))
    return [name].concat(
      ratios.map((ratio) => ratio.toFixed(2)),
      toFigures(first, name),
    )
  })
  return align([headings, ...rows])
}

async function main(): Promise<void> {
  const { rounds, requests, connections, write } = parseOptions({ rounds: 7, requests: 3_000 })
  const settings = connections === undefined ? [16, 64] : [connections]
  const contenders = await startContenders(createWorkshop('mint-cost'))
  await inTurn(contenders, (contender) => measure(contender, { requests: WARM_UP_REQUESTS, connections: 16 }))
  const measured = await inTurn(settings, (each) =>
    measureSetting(contenders, rounds, { requests, connections: each }),
  )
  const verdicts = measured.flatMap((setting) => {
    const of = `${setting.connections} connections, realtime-mint`
    const mint = cpuOf(setting, names.mint)
    return [
      toVerdict(`${of} ÷ ${names.bare}`, medianRatio(mint, cpuOf(setting, names.bare)), 1.8),
      toVerdict(`${of} ÷ ${names.express}`, medianRatio(mint, cpuOf(setting, names.express)), 0.6),
    ]
  })
  await publish({ section: 'mint', table: toTable(measured), verdicts, write })
}

await runOnLinux(main)
