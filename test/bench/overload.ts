// Measures goodput and latency at five times the capacity.
import { parseArgs } from 'node:util'
import { inTurn } from './in-turn.ts'
import { type Load, runOpenLoop } from './open-loop.ts'
import { parseCount, runOnLinux } from './options.ts'
import { type Phase, toPhaseTable, toVerdicts } from './overload-report.ts'
import { readCpuMicros } from './proc.ts'
import { startLoadedService, startUpstream, toUpstreamEnv } from './servers.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

const OVERLOAD = 5
const WARM_UP_SECONDS = 8
const STEP_SECONDS = 8

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
