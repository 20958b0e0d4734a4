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

async function playDiskFault({ workshop, upstream }: Campaign, fault: DiskFault): Promise<Row> {
  const scene = new Scene(workshop, upstream, fault.name)
  if (!prepare(fault, scene)) return toSkipped(fault.name, 'needs the right to mount')
  try {
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
  } finally {
    // After an error, nothing may run on beside the next fault.
    await scene.close('SIGKILL')
    unmountAll()
  }
}

async function playProcessFault(campaign: Campaign, fault: ProcessFault): Promise<Row> {
  const runs = campaign.isShort ? fault.shortRuns : fault.runs
  const scene = new Scene(campaign.workshop, campaign.upstream, fault.name)
  try {
    await fault.play(scene, runs, campaign.random)
    const findings = await scene.judge()
    const problems = toProblems(findings, fault.verdicts)
    return { fault: fault.name, runs, findings, recoveryMs: undefined, problems }
  } finally {
    await scene.close('SIGKILL')
  }
}

const FLOODS: readonly (readonly [name: string, listener: FloodedListener])[] = [
  ['one address floods', 'public'],
  ['one address floods the admin listener', 'admin'],
]
const FLOOD_SECONDS = 60
const SHORT_FLOOD_SECONDS = 1

async function playAllFloods(
  { workshop, upstream, isShort }: Campaign,
  fault: string,
  listener: FloodedListener,
): Promise<Row> {
  if (process.platform !== 'linux') return toSkipped(fault, 'reads memory from /proc')
  const scene = new Scene(workshop, upstream, fault)
  try {
    const floods = await playFloods(scene, listener, isShort ? SHORT_FLOOD_SECONDS : FLOOD_SECONDS)
    const problems = floods.flatMap(toFloodProblems)
    return { fault, runs: floods.length, findings: undefined, recoveryMs: undefined, problems }
  } finally {
    await scene.close('SIGKILL')
  }
}

async function play(name: string, work: Promise<Row>): Promise<Row> {
  const row = await work.catch(
    (error: unknown): Row => ({
      fault: name,
      runs: 1,
      findings: undefined,
      recoveryMs: undefined,
      problems: [toMessage(error)],
    }),
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
  const floods = FLOODS.filter(([name]) => isWanted({ name }))
  const rows = [
    ...(await inTurn(floods, ([name, listener]) => play(name, playAllFloods(campaign, name, listener)))),
    ...(await inTurn(processFaults.filter(isWanted), (fault) =>
      play(fault.name, playProcessFault(campaign, fault)),
    )),
    ...(await inTurn(diskFaults.filter(isWanted), (fault) =>
      play(fault.name, playDiskFault(campaign, fault)),
    )),
  ]
  console.log(`\n${toTable(rows)}`)
  process.exitCode = rows.every(({ problems }) => problems.length === 0) ? 0 : 1
}

await run(main)
