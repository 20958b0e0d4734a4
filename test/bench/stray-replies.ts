// Counts the secrets that reach another caller than their own when the gateway before upstream sends stray replies.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { requestIdOf } from '../../sandbox/faulty-gateway.ts'
import { pageMint } from './fixed-mint.ts'
import { inTurn } from './in-turn.ts'
import { parseCount, runOnLinux } from './options.ts'
import { measureCpu } from './proc.ts'
import { startMint, toUpstreamEnv } from './servers.ts'
import { percentile } from './statistics.ts'
import { createWorkshop, startServer, type Workshop } from './workshop.ts'

interface Scenario {
  /** `none`: a gateway without faults, for the price of the protection. */
  readonly kind: string
  readonly callers: number
  readonly latencyMs: number
  /** Undefined: as fast as the replies come. */
  readonly perSecond?: number | undefined
}

const STRAY_EVERY = 50
const WARM_UP_MINTS = 3_000

const scenarios: readonly Scenario[] = [
  { kind: 'none', callers: 64, latencyMs: 50, perSecond: 200 },
  ...['same', 'different', 'error', 'truncated', 'head', 'interim'].flatMap((kind) => [
    { kind, callers: 1, latencyMs: 0 },
    { kind, callers: 32, latencyMs: 0 },
    { kind, callers: 64, latencyMs: 50, perSecond: 200 },
  ]),
]

interface Tally {
  wrong: number
  failed: number
  readonly ms: number[]
}

async function mintOnce(pool: Pool, tally: Tally): Promise<void> {
  const startedAt = performance.now()
  const reply = await pool.request(pageMint)
  const text = await reply.body.text()
  tally.ms.push(performance.now() - startedAt)
  if (reply.statusCode !== 200) tally.failed += 1
  else if (requestIdOf(JSON.parse(text).value) !== reply.headers['x-request-id']) tally.wrong += 1
}

async function mintAll(origin: string, mints: number, { callers, perSecond }: Scenario): Promise<Tally> {
  const pool = new Pool(origin, { connections: callers })
  const tally: Tally = { wrong: 0, failed: 0, ms: [] }
  const remaining = Array.from({ length: mints }).keys()
  const startedAt = performance.now()
  const mintInTurn = (): Promise<unknown> =>
    inTurn(remaining, async (number) => {
      if (perSecond !== undefined)
        await sleep(Math.max(1, startedAt + (number * 1000) / perSecond - performance.now()))
      await mintOnce(pool, tally)
    })
  await Promise.all(Array.from({ length: callers }, mintInTurn))
  await pool.destroy()
  return tally
}

async function run(workshop: Workshop, script: string, mints: number, scenario: Scenario): Promise<number> {
  const { kind, callers, latencyMs, perSecond } = scenario
  const gateway = await startServer(workshop, {
    name: 'gateway',
    script: 'test/bench/stray-gateway.ts',
    env: { STRAY_KIND: kind, STRAY_EVERY: String(STRAY_EVERY), LATENCY_MS: String(latencyMs) },
  })
  const service = await startMint(workshop, { name: 'service', env: toUpstreamEnv(gateway) }, { script })
  const steady = { ...scenario, perSecond: undefined }
  if (kind === 'none') await mintAll(service.origin, WARM_UP_MINTS, steady)
  const { result, cpuMicros } = await measureCpu(service.pid, mints, () =>
    mintAll(service.origin, mints, scenario),
  )
  const { wrong, failed, ms } = result
  const rate = perSecond === undefined ? 'as fast as possible' : `${perSecond}/s`
  console.log(
    `${kind.padEnd(10)} ${String(callers).padStart(3)} callers, ${rate.padEnd(19)}: ${wrong} wrong, ${failed} failed of ${mints}; ` +
      `p50 ${percentile(ms, 0.5).toFixed(2)} ms, CPU ${cpuMicros.toFixed(0)} µs`,
  )
  for (const server of [service, gateway]) process.kill(server.pid, 'SIGKILL')
  return wrong
}

await runOnLinux(async () => {
  const { values } = parseArgs({
    options: { mints: { type: 'string' }, service: { type: 'string' }, kind: { type: 'string' } },
  })
  const mints = parseCount('mints', values.mints, 10_000)
  const chosen = scenarios.filter(({ kind }) => values.kind === undefined || values.kind === kind)
  const workshop = createWorkshop('stray-replies')
  const wrong = await inTurn(chosen, (scenario) =>
    run(workshop, values.service ?? 'src/main.ts', mints, scenario),
  )
  process.exitCode = wrong.every((count) => count === 0) ? 0 : 1
})
