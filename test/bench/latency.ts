// Measures what the service adds to the time of a call: the same load through the service and directly to upstream.
import { fixedBody } from './fixed-mint.ts'
import { inRounds, inTurn } from './in-turn.ts'
import { KeptConnections } from './kept-connections.ts'
import { percentileOf, runOpenLoop } from './open-loop.ts'
import { parseOptions, run } from './options.ts'
import { publish } from './page.ts'
import { align, toVerdict } from './report.ts'
import { startLoadedService, startUpstream, toUpstreamEnv } from './servers.ts'
import { median } from './statistics.ts'
import { createWorkshop } from './workshop.ts'

const PER_SECOND = 200
const UPSTREAM_MS = 50
const WARM_UP_SECONDS = 20

interface Percentiles {
  readonly p50: number
  readonly p99: number
}

async function measure(connections: KeptConnections, seconds: number): Promise<Percentiles> {
  const answers = await runOpenLoop(connections, { perSecond: PER_SECOND, seconds })
  if (answers.some(({ kind }) => kind !== 'issued')) throw new Error('a mint failed')
  return { p50: percentileOf(answers, 0.5), p99: percentileOf(answers, 0.99) }
}

const toRow = (name: string, p50: number, p99: number): string[] => [name, p50.toFixed(2), p99.toFixed(2)]

const of = (all: readonly Percentiles[], key: keyof Percentiles): number => median(all.map((one) => one[key]))

async function main(): Promise<void> {
  const { rounds, requests, write } = parseOptions({ rounds: 7, requests: 1_200 })
  const workshop = createWorkshop('latency')
  const upstream = await startUpstream(workshop, UPSTREAM_MS)
  const direct = new KeptConnections(upstream.origin, { body: fixedBody })
  const { connections: through } = await startLoadedService(workshop, toUpstreamEnv(upstream))
  await inTurn([direct, through], (connections) => measure(connections, WARM_UP_SECONDS))
  const [bases = [], mints = []] = await inRounds(rounds, [direct, through], (connections) =>
    measure(connections, requests / PER_SECOND),
  )
  direct.close()
  through.close()
  const added = (key: keyof Percentiles): number =>
    median(mints.map((mint, round) => mint[key] - (bases[round]?.[key] ?? Number.NaN)))
  const table = align([
    [`${PER_SECOND} calls a second, upstream takes ${UPSTREAM_MS} ms`, 'p50 ms', 'p99 ms'],
    toRow('directly', of(bases, 'p50'), of(bases, 'p99')),
    toRow('through realtime-mint', of(mints, 'p50'), of(mints, 'p99')),
    toRow('added', added('p50'), added('p99')),
  ])
  const verdicts = [
    toVerdict('added p50', added('p50'), 2, 'ms'),
    toVerdict('added p99', added('p99'), 10, 'ms'),
  ]
  await publish({ section: 'latency', table, verdicts, write })
}

await run(main)
