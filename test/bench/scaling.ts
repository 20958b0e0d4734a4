// Measures what one process can mint, what its parts add to a mint, and what one Redis carries.
import { mkdtempSync, rmSync } from 'node:fs'
import { findPort } from '../support/ports.ts'
import { type LoopResult, runClosedLoop } from './closed-loop.ts'
import { pageMint } from './fixed-mint.ts'
import { inRounds, inTurn } from './in-turn.ts'
import { type Options, parseOptions, runOnLinux } from './options.ts'
import { measureCpu } from './proc.ts'
import { align } from './report.ts'
import { type RedisServer, startMint, startRedis, startUpstream, toUpstreamEnv } from './servers.ts'
import { median, medianRatio } from './statistics.ts'
import { createWorkshop, type RunningServer, type Workshop } from './workshop.ts'

const AUDIT_KEY = 'an audit key that is only for benchmarks'
const WARM_UP_REQUESTS = 25_000
const CONNECTIONS = 32

interface Sample extends LoopResult {
  /** Of the service, per mint. */
  readonly cpuMicros: number
  /** Of Redis, per mint. */
  readonly redisMicros: number
}

interface Replica {
  readonly name: string
  readonly server: RunningServer
}

async function measure({ server }: Replica, redis: RedisServer, options: Options): Promise<Sample> {
  const { requests, connections = CONNECTIONS } = options
  const mint = () => runClosedLoop(new URL(pageMint.path, server.origin), requests, connections)
  const { result: ofRedis, cpuMicros } = await measureCpu(server.pid, requests, () =>
    measureCpu(redis.pid, requests, mint),
  )
  return { ...ofRedis.result, cpuMicros, redisMicros: ofRedis.cpuMicros }
}

async function startReplicas(workshop: Workshop, redis: RedisServer): Promise<readonly Replica[]> {
  const upstreamEnv = toUpstreamEnv(await startUpstream(workshop))
  const inMemory = mkdtempSync('/dev/shm/scaling-')
  process.once('exit', () => rmSync(inMemory, { recursive: true, force: true }))
  const variants = [
    ['memory', {}],
    ['redis', { REDIS_URL: redis.url, AUDIT_KEY }],
    ['memory, audit in memory too', { AUDIT_DIR: inMemory }],
    ['memory, with metrics', { ADMIN_PORT: String(await findPort()) }],
  ] as const
  return inTurn(variants, async ([name, env]) => {
    const server = await startMint(workshop, { name, env: { ...upstreamEnv, ...env } })
    return { name, server }
  })
}

const of = (samples: readonly Sample[], key: keyof Sample): number => median(samples.map((one) => one[key]))

function toRow(name: string, samples: readonly Sample[]): readonly string[] {
  const redisMicros = of(samples, 'redisMicros')
  return [
    name,
    of(samples, 'cpuMicros').toFixed(0),
    (1_000_000 / of(samples, 'cpuMicros')).toFixed(0),
    of(samples, 'p50Ms').toFixed(2),
    name === 'redis' ? redisMicros.toFixed(0) : '',
    name === 'redis' ? (1_000_000 / redisMicros).toFixed(0) : '',
  ]
}

const HEADINGS = [
  'limits in',
  'µs CPU per mint',
  'mints/s of one core',
  'p50 ms',
  'µs CPU of Redis per mint',
  'mints/s of one Redis',
] as const

async function main(): Promise<void> {
  const options = parseOptions({ rounds: 7, requests: 5_000 })
  const workshop = createWorkshop('scaling')
  const redis = await startRedis(workshop, await findPort())
  const replicas = await startReplicas(workshop, redis)
  await inTurn(replicas, (replica) => measure(replica, redis, { ...options, requests: WARM_UP_REQUESTS }))
  const samples = await inRounds(options.rounds, replicas, (replica) => measure(replica, redis, options))
  console.log(align([HEADINGS, ...replicas.map(({ name }, index) => toRow(name, samples[index] ?? []))]))
  const costs = samples.map((own) => own.map(({ cpuMicros }) => cpuMicros))
  for (const [index, { name }] of replicas.entries()) {
    const ratio = medianRatio(costs[index] ?? [], costs[0] ?? [])
    console.log(`${name}: ${ratio.toFixed(2)} times the CPU of the first`)
  }
}

await runOnLinux(main)
