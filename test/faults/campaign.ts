// Injects every known fault while pages mint. Afterwards, each delivered secret must be on record, and the service must
// have recovered by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRandom } from '../../sandbox/random.ts'
import { inTurn } from '../bench/in-turn.ts'
import { run, toMessage } from '../bench/options.ts'
import { startUpstream } from '../bench/servers.ts'
import { createWorkshop, type RunningServer, type Workshop } from '../bench/workshop.ts'
import { type DiskFault, diskFaults, newestFile } from './disk-faults.ts'
import { type FloodedListener, playFloods, toFloodProblems } from './floods.ts'
import { type ProcessFault, processFaults } from './process-faults.ts'
import { type Row, toProblems, toResult, toSkipped, toTable } from './report.ts'
import { Scene, untilReadyIs } from './scene.ts'

interface Campaign {
  readonly workshop: Workshop
  readonly upstream: RunningServer
  readonly isShort: boolean
  readonly random: () => number
}

const WORKERS = 16
const BEFORE_MS = 300
const AFTER_MS = 300

/** Undone at the end, also after an error. */
const mounts: (() => void)[] = []

function unmountAll(): void {
  for (const unmount of mounts.splice(0)) unmount()
}

/** False if this machine does not allow it; an error in CI. */
function prepare(fault: DiskFault, scene: Scene): boolean {
  try {
    if (fault.prepare !== undefined) mounts.push(fault.prepare(scene))
    return true
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error
    return false
  }
}

async function playDiskFault(scene: Scene, fault: DiskFault): Promise<Row> {
  if (!prepare(fault, scene)) return toSkipped(fault.name, 'needs the right to mount')
  const service = await scene.start(fault.env?.(scene))
  const load = scene.load(WORKERS)
  await sleep(BEFORE_MS)
  const stage = { scene, service, load, file: newestFile(scene) }
  await fault.harm(stage)
  await untilReadyIs(service, 503)
  fault.repair?.(stage)
  const recoveryMs = await untilReadyIs(service, 200)
  const before = load.delivered.length
  await sleep(AFTER_MS)
  const findings = await scene.judge([scene.attic])
  const problems = toProblems(findings, fault.verdicts)
  if (recoveryMs > 5_000) problems.push('recovered too late')
  if (findings.delivered === before) problems.push('nothing was minted after the recovery')
  return { fault: fault.name, runs: 1, findings, recoveryMs, problems }
}

async function playProcessFault(
  scene: Scene,
  { isShort, random }: Campaign,
  fault: ProcessFault,
): Promise<Row> {
  const runs = isShort ? fault.shortRuns : fault.runs
  await fault.play(scene, runs, random)
  const findings = await scene.judge()
  return { fault: fault.name, runs, findings, problems: toProblems(findings, fault.verdicts) }
}

const FLOODS: readonly { readonly name: string; readonly listener: FloodedListener }[] = [
  { name: 'one address floods', listener: 'public' },
  { name: 'one address floods the admin listener', listener: 'admin' },
]
const FLOOD_SECONDS = 60
const SHORT_FLOOD_SECONDS = 1

async function playAllFloods(
  scene: Scene,
  isShort: boolean,
  { name, listener }: (typeof FLOODS)[number],
): Promise<Row> {
  if (process.platform !== 'linux') return toSkipped(name, 'reads memory from /proc')
  const floods = await playFloods(scene, listener, isShort ? SHORT_FLOOD_SECONDS : FLOOD_SECONDS)
  return { fault: name, runs: floods.length, problems: floods.flatMap(toFloodProblems) }
}

async function playIn(scene: Scene, act: (scene: Scene) => Promise<Row>): Promise<Row> {
  try {
    return await act(scene)
  } finally {
    // After an error, nothing may run on beside the next fault.
    await scene.close('SIGKILL')
    unmountAll()
  }
}

async function play(
  { workshop, upstream }: Campaign,
  name: string,
  act: (scene: Scene) => Promise<Row>,
): Promise<Row> {
  const row = await playIn(new Scene(workshop, upstream, name), act).catch(
    (error: unknown): Row => ({ fault: name, runs: 1, problems: [toMessage(error)] }),
  )
  console.log(`${toResult(row)}: ${name}${row.problems.map((problem) => `\n  ${problem}`).join('')}`)
  return row
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  console.log(`fault campaign, seed ${seed}${values.short ? ', short' : ''}`)
  process.once('exit', unmountAll)
  const workshop = createWorkshop('fault-campaign')
  const upstream = await startUpstream(workshop, 5)
  const campaign = { workshop, upstream, isShort: values.short, random: createRandom(seed) }
  const isWanted = ({ name }: { readonly name: string }): boolean => name.includes(values.only ?? '')
  const rows = [
    ...(await inTurn(FLOODS.filter(isWanted), (flood) =>
      play(campaign, flood.name, (scene) => playAllFloods(scene, values.short, flood)),
    )),
    ...(await inTurn(processFaults.filter(isWanted), (fault) =>
      play(campaign, fault.name, (scene) => playProcessFault(scene, campaign, fault)),
    )),
    ...(await inTurn(diskFaults.filter(isWanted), (fault) =>
      play(campaign, fault.name, (scene) => playDiskFault(scene, fault)),
    )),
  ]
  console.log(`\n${toTable(rows)}`)
  process.exitCode = rows.every(({ problems }) => problems.length === 0) ? 0 : 1
}

await run(main)
