// Measures what one process can mint, what its parts add to a mint, and what one Redis carries.
import { mkdtempSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../support/ports.ts'
import { type LoopResult, runClosedLoop } from './closed-loop.ts'
import { pageMint } from './fixed-mint.ts'
import { inTurn } from './in-turn.ts'
import { type Options, parseOptions, runOnLinux } from './options.ts'
import { readCpuMicros } from './proc.ts'
import { align } from './report.ts'
import { type RedisServer, startMint, startRedis, startUpstream, toUpstreamEnv } from './servers.ts'
import { median } from './statistics.ts'
import { createWorkshop, type RunningServer, type Workshop } from './workshop.ts'

const AUDIT_KEY = 'an audit key that is only for benchmarks'
const WARM_UP_REQUESTS = 25_000
const SETTLE_MS = 150
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
  const before = [readCpuMicros(server.pid), readCpuMicros(redis.pid)] as const
  const loop = await runClosedLoop(new URL(pageMint.path, server.origin), requests, connections)
  await sleep(SETTLE_MS)
  return {
    ...loop,
    cpuMicros: (readCpuMicros(server.pid) - before[0]) / requests,
    redisMicros: (readCpuMicros(redis.pid) - before[1]) / requests,
  }
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
  const rounds = await inTurn(Array.from({ length: options.rounds }), () =>
    inTurn(replicas, (replica) => measure(replica, redis, options)),
  )
  const samplesOf = (index: number): Sample[] => rounds.flatMap((round) => round[index] ?? [])
  console.log(align([HEADINGS, ...replicas.map(({ name }, index) => toRow(name, samplesOf(index)))]))
  for (const [index, { name }] of replicas.entries()) {
    const ratios = rounds.map((round) => (round[index]?.cpuMicros ?? 0) / (round[0]?.cpuMicros ?? 1))
    console.log(`${name}: ${median(ratios).toFixed(2)} times the CPU of the first`)
  }
}

await runOnLinux(main)
