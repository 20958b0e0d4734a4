// Measures what the metrics cost a mint: CPU time with an admin listener that is scraped, against none.
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { findPort } from '../support/ports.ts'
import { runClosedLoop } from './closed-loop.ts'
import { MINT_PATH, toUpstreamEnv } from './contenders.ts'
import { inTurn } from './in-turn.ts'
import { startMint } from './loaded-service.ts'
import { type Options, parseOptions, toMessage } from './options.ts'
import { readCpuMicros } from './process-cpu.ts'
import { median } from './statistics.ts'
import { createWorkshop, type RunningServer, startServer } from './workshop.ts'

const MOST = 1.03
const WARM_UP_REQUESTS = 25_000
const SETTLE_MS = 50

/** Prometheus asks every 15 s at most, and a round is much shorter. */
async function scrape(port: number): Promise<void> {
  const reply = await request(`http://127.0.0.1:${port}/metrics`, { reset: true })
  const text = await reply.body.text()
  if (!text.includes('realtime_mint_attempts_total')) throw new Error('there are no metrics')
}

async function measure(
  { pid, origin }: RunningServer,
  { requests, connections = 16 }: Options,
): Promise<number> {
  const before = readCpuMicros(pid)
  await runClosedLoop(new URL(MINT_PATH, origin), requests, connections)
  await sleep(SETTLE_MS)
  return (readCpuMicros(pid) - before) / requests
}

/** True if the cost is within the bound. */
async function compare(options: Options): Promise<boolean> {
  const workshop = createWorkshop('metrics-cost')
  const upstream = await startServer(workshop, {
    name: 'upstream',
    script: 'test/bench/instant-upstream.ts',
    env: {},
  })
  const adminPort = await findPort()
  const start = (name: string, env: Readonly<Record<string, string>>): Promise<RunningServer> =>
    startMint(workshop, { name, env: { ...toUpstreamEnv(upstream), ...env } })
  const without = await start('without', {})
  const counting = await start('with', { ADMIN_PORT: String(adminPort) })
  await inTurn([without, counting], (server) => measure(server, { ...options, requests: WARM_UP_REQUESTS }))
  const ratios = await inTurn(Array.from({ length: options.rounds }).keys(), async (round) => {
    // In turn, because the one that is measured first may find the upstream idle.
    const order = round % 2 === 0 ? [without, counting] : [counting, without]
    const costs = await inTurn(order, (server) => measure(server, options))
    const [base = Number.NaN, cost = Number.NaN] = round % 2 === 0 ? costs : costs.toReversed()
    await scrape(adminPort)
    console.log(`round ${round + 1}: ${base.toFixed(0)} µs without, ${cost.toFixed(0)} µs with metrics`)
    return cost / base
  })
  const ratio = median(ratios)
  const verdict = ratio <= MOST ? 'met' : 'missed'
  console.log(`a mint with metrics ≤ ${MOST} × a mint without: ${ratio.toFixed(3)} ×, ${verdict}`)
  return ratio <= MOST
}

try {
  if (process.platform !== 'linux') throw new Error('metrics-cost needs Linux: it reads CPU time from /proc')
  const options = parseOptions({ rounds: 11, requests: 6_000 })
  process.exitCode = (await compare(options)) ? 0 : 1
} catch (error) {
  console.error(toMessage(error))
  process.exitCode = 1
}
