import { Pool } from 'undici'
import { pageMint } from './fixed-mint.ts'
import { inTurn } from './in-turn.ts'
import { percentile } from './statistics.ts'

export interface LoopResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const TIMEOUT_MS = 10_000

/** Mints `count` times over `connections` connections. Each waits for its reply. Throws at the first bad reply. */
export async function runClosedLoop(url: URL, count: number, connections: number): Promise<LoopResult> {
  // Each loop has its own pool: the server may have closed the connections of the last round.
  const pool = new Pool(url.origin, { connections, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  const remaining = Array.from({ length: count }).values()
  const startedAt = performance.now()
  try {
    const perConnection = await Promise.all(
      Array.from({ length: connections }, () => inTurn(remaining, () => timeMint(pool, url.pathname))),
    )
    return toResult(perConnection.flat(), performance.now() - startedAt)
  } finally {
    await pool.destroy()
  }
}

async function timeMint(pool: Pool, path: string): Promise<number> {
  const startedAt = performance.now()
  const reply = await pool.request({ ...pageMint, path })
  const body = await reply.body.text()
  if (reply.statusCode !== 200 || !body.includes('"value":"ek_')) {
    throw new Error(
      `a mint was answered with ${reply.statusCode}, not with 200 and a secret: ${body.slice(0, 300)}`,
    )
  }
  return performance.now() - startedAt
}

function toResult(latenciesMs: readonly number[], elapsedMs: number): LoopResult {
  return {
    requestsPerSecond: (latenciesMs.length / elapsedMs) * 1000,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  }
}
