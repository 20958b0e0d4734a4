// Hours in minutes: load at half of capacity while operators and attackers do what they do. Memory, handles and latency
// must stay flat, and each failed mint must have an explanation.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Answer, percentileOf, runOpenLoop } from '../bench/open-loop.ts'
import { parseCount, runOnLinux } from '../bench/options.ts'
import { type Line, toSvg } from '../bench/plot.ts'
import { readMib } from '../bench/proc.ts'
import {
  type RedisServer,
  startLoadedService,
  startRedis,
  startUpstream,
  toUpstreamEnv,
} from '../bench/servers.ts'
import { median } from '../bench/statistics.ts'
import { createWorkshop, type Workshop } from '../bench/workshop.ts'
import { findPort } from '../support/ports.ts'
import type { FloodKind } from './flooder.ts'
import { runFlooder } from './floods.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const SAMPLE_MS = 5_000
const STEP_MS = 12_000
const REDIS_GONE_MS = 4_000
const FLOOD_SECONDS = 6
const MAX_GROWTH_MIB = 20

interface Sample {
  readonly minute: number
  readonly mebibytes: number
  readonly handles: number
}

interface Scene {
  readonly workshop: Workshop
  readonly pid: number
  readonly port: number
  readonly keyFile: string
  readonly presetsFile: string
  redis: RedisServer
}

const flood = ({ port }: Scene, kind: FloodKind): void =>
  void runFlooder(kind, { port, connections: 100, seconds: FLOOD_SECONDS })

/** What happens in turn, one each twelve seconds. */
const events: readonly ((scene: Scene, round: number) => void | Promise<void>)[] = [
  ({ pid }) => void process.kill(pid, 'SIGHUP'),
  ({ keyFile }, round) => {
    // As an editor does: the file is another one.
    rmSync(keyFile)
    writeFileSync(keyFile, `sk-soak-${String(round).padStart(6, '0')}-0123456789abcdef\n`)
  },
  (scene) => flood(scene, 'bytes that are not HTTP'),
  ({ presetsFile }, round) =>
    writeFileSync(presetsFile, `${readFileSync('presets.yaml', 'utf8')}\n# round ${round}\n`),
  async (scene) => {
    process.kill(scene.redis.pid, 'SIGKILL')
    await sleep(REDIS_GONE_MS)
    scene.redis = await startRedis(scene.workshop, Number(new URL(scene.redis.url).port))
  },
  (scene) => flood(scene, 'new connections'),
  ({ presetsFile }) => writeFileSync(presetsFile, 'presets: [this is not a preset\n'),
  (scene) => flood(scene, 'eight requests at a time, never read'),
]

async function disturb(scene: Scene, isOver: () => boolean): Promise<void> {
  for (let step = 0; !isOver(); step += 1) {
    await events[step % events.length]?.(scene, step)
    await sleep(STEP_MS)
  }
}

async function watch(pid: number, isOver: () => boolean): Promise<Sample[]> {
  const samples: Sample[] = []
  const startedAt = performance.now()
  while (!isOver()) {
    samples.push({
      minute: (performance.now() - startedAt) / 60_000,
      mebibytes: readMib({ pid }),
      handles: readdirSync(`/proc/${pid}/fd`).length,
    })
    await sleep(SAMPLE_MS)
  }
  return samples
}

/** p50 and p99 of each ten seconds. */
function toLatencies(answers: readonly Answer[]): Line[] {
  const bySlot = Map.groupBy(answers, ({ dueMs }) => Math.floor(dueMs / 10_000))
  const toLine = (name: string, share: number): Line => ({
    name,
    points: [...bySlot].map(([slot, all]) => [slot / 6, percentileOf(all, share)]),
  })
  return [toLine('p50', 0.5), toLine('p99', 0.99)]
}

/** The median of the last quarter, and of the second, when all is warm. */
function compareQuarters(values: readonly number[]): { readonly early: number; readonly late: number } {
  const quarter = Math.floor(values.length / 4)
  return { early: median(values.slice(quarter, 2 * quarter)), late: median(values.slice(3 * quarter)) }
}

function draw(samples: readonly Sample[], answers: readonly Answer[]): void {
  const base = { xLabel: 'minutes', xScale: 'linear' } as const
  const toLine = (name: string, key: 'mebibytes' | 'handles'): Line => ({
    name,
    points: samples.map((sample) => [sample.minute, sample[key]]),
  })
  const plots = {
    memory: { ...base, title: 'Resident memory', yLabel: 'MiB', lines: [toLine('memory', 'mebibytes')] },
    handles: {
      ...base,
      title: 'Open files and sockets',
      yLabel: 'handles',
      lines: [toLine('handles', 'handles')],
    },
    latency: { ...base, title: 'Time of a mint', yLabel: 'ms', lines: toLatencies(answers) },
  }
  for (const [name, plot] of Object.entries(plots)) writeFileSync(join(DOCS, `soak-${name}.svg`), toSvg(plot))
}

async function prepare(
  workshop: Workshop,
): Promise<Omit<Scene, 'pid' | 'port'> & { readonly env: Record<string, string> }> {
  const upstream = await startUpstream(workshop, 50)
  const directory = join(workshop.directory, 'config')
  mkdirSync(directory)
  const [keyFile, presetsFile] = [join(directory, 'key'), join(directory, 'presets.yaml')]
  writeFileSync(keyFile, 'sk-soak-000000-0123456789abcdef\n')
  copyFileSync('presets.yaml', presetsFile)
  const redis = await startRedis(workshop, await findPort())
  const env = {
    ...toUpstreamEnv(upstream),
    OPENAI_API_KEY: '',
    OPENAI_API_KEY_FILE: keyFile,
    PRESETS_FILE: presetsFile,
    REDIS_URL: redis.url,
    AUDIT_KEY: 'a key of the audit for this run only',
    ADMIN_PORT: String(await findPort()),
    // Pages come through a proxy; attackers share its address.
    TRUST_PROXY: '127.0.0.2',
  }
  return { workshop, keyFile, presetsFile, redis, env }
}

async function soak(minutes: number, perSecond: number): Promise<boolean> {
  const workshop = createWorkshop('soak')
  const { env, ...prepared } = await prepare(workshop)
  const { server, connections } = await startLoadedService(workshop, env)
  await runOpenLoop(connections, { perSecond, seconds: 20 })
  const scene = { ...prepared, pid: server.pid, port: Number(new URL(server.origin).port) }
  let isOver = false
  const watching = watch(server.pid, () => isOver)
  const disturbing = disturb(scene, () => isOver)
  const answers = await runOpenLoop(connections, { perSecond, seconds: minutes * 60 })
  isOver = true
  const samples = await watching
  await disturbing
  connections.close()
  draw(samples, answers)
  const memory = compareQuarters(samples.map(({ mebibytes }) => mebibytes))
  const handles = compareQuarters(samples.map(({ handles: count }) => count))
  const failed = answers.filter(({ kind }) => kind !== 'issued')
  console.log(`mints: ${answers.length}, failed: ${failed.length}`)
  for (const { kind, dueMs } of failed.slice(0, 20))
    console.log(`  ${kind} at ${(dueMs / 1_000).toFixed(1)} s`)
  console.log(`memory: ${memory.early.toFixed(0)} MiB early, ${memory.late.toFixed(0)} MiB late`)
  console.log(`handles: ${handles.early} early, ${handles.late} late`)
  for (const { name, points } of toLatencies(answers)) {
    const { early, late } = compareQuarters(points.map(([, y]) => y))
    console.log(`${name}: ${early.toFixed(1)} ms early, ${late.toFixed(1)} ms late`)
  }
  return failed.length === 0 && memory.late - memory.early <= MAX_GROWTH_MIB
}

await runOnLinux(async () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, 'per-second': { type: 'string' } } })
  const minutes = parseCount('minutes', values.minutes, 20)
  process.exitCode = (await soak(minutes, parseCount('per-second', values['per-second'], 200))) ? 0 : 1
})
