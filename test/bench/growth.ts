// Measures how the cost of a mint grows with what there is more of, and draws a plot of each.
import { mkdtemp, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Anchors } from '../../src/audit/anchors.ts'
import { deriveAuditKeys, loadAuditKey } from '../../src/audit/keys.ts'
import { FileSeries } from '../../src/audit/series.ts'
import { createLimits } from '../../src/limits/levels.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import { inTurn } from './in-turn.ts'
import { runOpenLoop } from './open-loop.ts'
import { runOnLinux } from './options.ts'
import { type Plot, toSvg } from './plot.ts'
import { measureCpu } from './proc.ts'
import { type LoadedService, startLoadedService, startUpstream, toUpstreamEnv } from './servers.ts'
import { createWorkshop, type RunningServer, type Workshop } from './workshop.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const WARM_UP_REQUESTS = 12_000
const REQUESTS = 8_000
const KEYS_TIMED = 1_000

type Point = readonly [number, number]

interface Scene {
  readonly workshop: Workshop
  readonly upstream: RunningServer
}

/** µs of CPU per mint. */
const measure = async ({ server, connections }: LoadedService, callers: number): Promise<number> =>
  (await measureCpu(server.pid, REQUESTS, () => connections.sendAll(REQUESTS, callers))).cpuMicros

async function start({ workshop, upstream }: Scene, env: Readonly<Record<string, string>> = {}) {
  const service = await startLoadedService(workshop, { ...toUpstreamEnv(upstream), ...env })
  await service.connections.sendAll(WARM_UP_REQUESTS, 16)
  return service
}

const stop = ({ server, connections }: LoadedService): void => {
  connections.close()
  process.kill(server.pid, 'SIGKILL')
}

async function measureConnections(scene: Scene): Promise<Plot> {
  // A trusted proxy may open more connections than one address.
  const service = await start(scene, { TRUST_PROXY: '127.0.0.1' })
  const points = await inTurn([1, 4, 16, 64, 256, 1_000], async (callers): Promise<Point> => {
    await service.connections.sendAll(2 * callers, callers)
    return [callers, await measure(service, callers)]
  })
  stop(service)
  return toPlot('A mint by the number of connections', 'connections that mint at once', points)
}

async function measurePresets(scene: Scene): Promise<Plot> {
  const points = await inTurn([1, 10, 100, 1_000], async (count): Promise<Point> => {
    const session = { type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Answer briefly.' }
    const names = ['voice-assistant', ...Array.from({ length: count - 1 }, (_, index) => `preset-${index}`)]
    const file = join(scene.workshop.directory, `presets-${count}.json`)
    await writeFile(
      file,
      JSON.stringify({ presets: Object.fromEntries(names.map((name) => [name, { session }])) }),
    )
    const service = await start(scene, { PRESETS_FILE: file })
    const cost = await measure(service, 16)
    stop(service)
    return [count, cost]
  })
  return toPlot('A mint by the number of presets', 'presets in the file', points)
}

const now = (): number => performance.now()

/** µs per decision of all levels, in this process. */
async function measureKeys(): Promise<Plot> {
  const rule = { limit: 1_000, windowMs: 60_000 }
  const limits = createLimits({
    store: new LocalStore({ monotonicNow: now, maxLogs: 2_000_000 }),
    perAddress: [rule],
    perCaller: [rule],
    total: [{ limit: 100_000_000, windowMs: 1_000 }],
    toPseudonym: (_kind, value) => value,
  })
  const preset = { name: 'voice-assistant', limits: { perCaller: [], total: [] } }
  let known = 0
  const add = async (): Promise<void> => {
    known += 1
    const [a, b, c] = [known >> 16, (known >> 8) & 255, known & 255]
    await limits.countRequest(`10.${a & 255}.${b}.${c}`)
    await limits.countMint({ preset, subject: `subject-${known}`, address: '10.0.0.1' })
  }
  const points = await inTurn([1_000, 10_000, 100_000, 1_000_000], async (keys): Promise<Point> => {
    await inTurn(Array.from({ length: keys - KEYS_TIMED - known }), add)
    const startedAt = now()
    await inTurn(Array.from({ length: KEYS_TIMED }), add)
    return [keys, ((now() - startedAt) * 1_000) / KEYS_TIMED]
  })
  return {
    ...toPlot('A decision of the limits by the number of keys', 'addresses and callers known', points),
    yLabel: 'µs per decision',
  }
}

async function measureOverrides(scene: Scene): Promise<Plot> {
  const body = '{"preset":"transcriber","session":{"audio":{"input":{"transcription":{"language":"de"}}}}}'
  const service = await startLoadedService(scene.workshop, toUpstreamEnv(scene.upstream), body)
  await service.connections.sendAll(WARM_UP_REQUESTS, 16)
  const points = await inTurn([10, 30, 100, 300, 1_000], async (perSecond): Promise<Point> => {
    const load = { perSecond, seconds: 8 }
    const work = () => runOpenLoop(service.connections, load)
    const { cpuMicros } = await measureCpu(service.server.pid, load.perSecond * load.seconds, work)
    return [perSecond, cpuMicros]
  })
  stop(service)
  return toPlot('A mint with an override by the rate', 'mints with an override per second', points)
}

/**
 * Fills a directory with closed files, as many starts leave behind. Each is written in a directory of its own, because
 * opening a file looks at all earlier ones.
 */
async function fill(directory: string, files: number): Promise<void> {
  const { key } = await loadAuditKey(directory)
  const drafts = await mkdtemp(`${directory}-drafts-`)
  let time = Date.now() - files * 10
  const unixNow = (): number => (time += 1)
  const anchors = new Anchors({ print: () => undefined, unixNow })
  const series = new FileSeries({
    directory: drafts,
    durability: 'write',
    keys: deriveAuditKeys(key),
    anchors,
    unixNow,
  })
  for (let count = 0; count < files; count += 1) {
    await series.open()
    await series.finish()
    for (const name of await readdir(drafts)) await rename(join(drafts, name), join(directory, name))
  }
}

async function measureFiles(scene: Scene): Promise<{ costs: Plot; starts: Plot }> {
  const results = await inTurn([1, 10, 100, 1_000, 10_000], async (files) => {
    const directory = await mkdtemp(join(scene.workshop.directory, 'files-'))
    await fill(directory, files)
    const startedAt = performance.now()
    const service = await startLoadedService(scene.workshop, {
      ...toUpstreamEnv(scene.upstream),
      AUDIT_DIR: directory,
    })
    const startMs = performance.now() - startedAt
    await service.connections.sendAll(WARM_UP_REQUESTS, 16)
    const cost = await measure(service, 16)
    stop(service)
    return { files, cost, startMs }
  })
  const costs = results.map(({ files, cost }): Point => [files, cost])
  const starts = results.map(({ files, startMs }): Point => [files, startMs])
  return {
    costs: toPlot('A mint by the number of audit files', 'files in AUDIT_DIR', costs),
    starts: {
      ...toPlot('The start by the number of audit files', 'files in AUDIT_DIR', starts),
      yLabel: 'ms until ready',
    },
  }
}

const toPlot = (title: string, xLabel: string, points: readonly Point[]): Plot => ({
  title,
  xLabel,
  yLabel: 'µs of CPU per mint',
  xScale: 'logarithmic',
  lines: [{ name: title, points }],
})

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const isWanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name)
  const workshop = createWorkshop('growth')
  const upstream = await startUpstream(workshop)
  const scene = { workshop, upstream }
  async function publish(name: string, plot: Plot): Promise<void> {
    const figures = plot.lines[0]?.points.map(([x, y]) => `${x}: ${y.toFixed(1)}`).join(', ')
    console.log(`${plot.title} (${plot.yLabel}): ${figures}`)
    if (values.write) await writeFile(join(DOCS, `growth-${name}.svg`), toSvg(plot))
  }

  if (isWanted('connections')) await publish('connections', await measureConnections(scene))
  if (isWanted('presets')) await publish('presets', await measurePresets(scene))
  if (isWanted('keys')) await publish('keys', await measureKeys())
  if (isWanted('overrides')) await publish('overrides', await measureOverrides(scene))
  if (!isWanted('files')) return
  const { costs, starts } = await measureFiles(scene)
  await publish('files', costs)
  await publish('files-start', starts)
}

await runOnLinux(main)
