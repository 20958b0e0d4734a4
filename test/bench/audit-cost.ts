// Measures the cost of durable records: mints per second with the audit on the disk, against an audit in memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runClosedLoop } from './closed-loop.ts'
import { MINT_PATH, toMintEnv, toUpstreamEnv } from './contenders.ts'
import { inTurn } from './in-turn.ts'
import { type Options, parseOptions, toMessage } from './options.ts'
import { median } from './statistics.ts'
import { createWorkshop, type RunningServer, startServer, type Workshop } from './workshop.ts'

/** About the time of a fast upstream. */
const UPSTREAM_MS = '50'
const MEMORY = '/dev/shm'
const LEAST_SHARE = 0.9
const WARM_UP_REQUESTS = 3_000

async function startMint(
  workshop: Workshop,
  upstream: RunningServer,
  name: string,
  auditDirectory: string,
): Promise<RunningServer> {
  const env = { ...toUpstreamEnv(upstream), ...toMintEnv(auditDirectory) }
  return startServer(workshop, { name, script: 'src/main.ts', env })
}

const measure = async ({ origin }: RunningServer, requests: number, connections: number): Promise<number> =>
  (await runClosedLoop(new URL(MINT_PATH, origin), requests, connections)).requestsPerSecond

/** True if the disk keeps up with memory. */
async function compare({ rounds, requests, connections = 64 }: Options): Promise<boolean> {
  const workshop = createWorkshop('audit-cost')
  const inMemory = mkdtempSync(join(MEMORY, 'audit-cost-'))
  process.once('exit', () => rmSync(inMemory, { recursive: true, force: true }))
  const upstream = await startServer(workshop, {
    name: 'upstream',
    script: 'test/bench/instant-upstream.ts',
    env: { DELAY_MS: UPSTREAM_MS },
  })
  const servers = [
    await startMint(workshop, upstream, 'memory', inMemory),
    await startMint(workshop, upstream, 'disk', mkdtempSync(join(workshop.directory, 'audit-'))),
  ]
  await inTurn(servers, (server) => measure(server, WARM_UP_REQUESTS, connections))
  const results = await inTurn(Array.from({ length: rounds }).keys(), () =>
    inTurn(servers, (server) => measure(server, requests, connections)),
  )
  const shares = results.map(([memory = Number.NaN, disk = Number.NaN]) => disk / memory)
  for (const [round, [memory, disk]] of results.entries()) {
    console.log(`round ${round + 1}: memory ${memory?.toFixed(0)}/s, disk ${disk?.toFixed(0)}/s`)
  }
  const share = median(shares)
  const verdict = share >= LEAST_SHARE ? 'met' : 'missed'
  console.log(
    `disk ≥ ${LEAST_SHARE} × memory at ${connections} connections: ${share.toFixed(2)} ×, ${verdict}`,
  )
  return share >= LEAST_SHARE
}

try {
  const options = parseOptions({ rounds: 5, requests: 3_000 })
  process.exitCode = (await compare(options)) ? 0 : 1
} catch (error) {
  console.error(toMessage(error))
  process.exitCode = 1
}
