// Measures the CPU cost of each refusal, beside a mint in the same round.
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { inRounds, inTurn } from './in-turn.ts'
import { KeptConnections, type Message } from './kept-connections.ts'
import { parseOptions, runOnLinux } from './options.ts'
import { publish } from './page.ts'
import { measureCpu } from './proc.ts'
import { align, toVerdict } from './report.ts'
import { startMint, startUpstream, toUpstreamEnv } from './servers.ts'
import { median, medianRatio } from './statistics.ts'
import { createWorkshop, type RunningServer, type Workshop } from './workshop.ts'

const MOST_SHARE = 0.25
const CONNECTIONS = 16
const WARM_UP_REQUESTS = 15_000

interface Kind {
  readonly name: string
  readonly status: number
  readonly server: RunningServer
  readonly connections: KeptConnections
}

function toKind(server: RunningServer, name: string, status: number, message: Message = {}): Kind {
  return { name, status, server, connections: new KeptConnections(server.origin, message) }
}

const run = ({ status, connections }: Kind, requests: number): Promise<void> =>
  connections.sendAll(requests, CONNECTIONS, status)

/** µs of CPU per request. */
const measure = async (kind: Kind, requests: number): Promise<number> =>
  (await measureCpu(kind.server.pid, requests, () => run(kind, requests))).cpuMicros

async function startKinds(workshop: Workshop): Promise<Kind[]> {
  const upstream = await startUpstream(workshop)
  const start = (name: string, env: Readonly<Record<string, string>>): Promise<RunningServer> =>
    startMint(workshop, { name, env: { ...toUpstreamEnv(upstream), ...env } })
  const open = await start('open', {})
  const byAddress = await start('by-address', { RATE_LIMIT_PER_ADDRESS: '1/hour' })
  const byCaller = await start('by-caller', { RATE_LIMIT_PER_CALLER: '1/hour' })
  const signedIn = await start('signed-in', secretEnvironment)
  const expired = toToken({ iat: 1_700_000_000, exp: 1_700_000_060 })
  const kinds = [
    toKind(open, 'a mint', 200),
    toKind(open, 'an origin that is not listed', 403, { headers: { origin: 'https://example.com' } }),
    toKind(signedIn, 'a forged token', 401, { headers: { authorization: `Bearer ${toToken()}A` } }),
    toKind(signedIn, 'an expired token', 401, { headers: { authorization: `Bearer ${expired}` } }),
    toKind(byAddress, 'the limit of an address', 429),
    toKind(byCaller, 'the limit of a caller', 429),
    toKind(open, 'an unknown preset', 404, { body: '{"preset":"no-such-preset"}' }),
    toKind(open, 'an unknown route', 404, { path: '/v1/realtime/client_secret' }),
    toKind(open, 'a preflight', 204, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      body: '',
    }),
  ]
  // The first request is admitted.
  await inTurn([byAddress, byCaller], async (server) => {
    const first = toKind(server, 'the first mint', 200)
    await first.connections.send()
    first.connections.close()
  })
  return kinds
}

async function main(): Promise<void> {
  const { rounds, requests, write } = parseOptions({ rounds: 7, requests: 6_000 })
  const kinds = await startKinds(createWorkshop('refusal-cost'))
  await inTurn(kinds, (kind) => run(kind, WARM_UP_REQUESTS))
  const costs = await inRounds(rounds, kinds, (kind) => measure(kind, requests))
  const shares = costs.map((own) => medianRatio(own, costs[0] ?? []))
  const rows = kinds.map(({ name, status }, index) => [
    `${name} (${status})`,
    shares[index]?.toFixed(2) ?? '',
    median(costs[index] ?? []).toFixed(0),
  ])
  const verdicts = [toVerdict('the dearest refusal ÷ a mint', Math.max(...shares.slice(1)), MOST_SHARE)]
  const table = align([['request', 'CPU ÷ a mint', 'µs of CPU'], ...rows])
  await publish({ section: 'refusals', table, verdicts, write })
  for (const { connections } of kinds) connections.close()
}

await runOnLinux(main)
