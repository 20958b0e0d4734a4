/** One address floods the service, and pages at another address mint 50 times a second beside it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inTurn } from '../bench/in-turn.ts'
import { KeptConnections } from '../bench/kept-connections.ts'
import { type Answer, percentileOf, runOpenLoop } from '../bench/open-loop.ts'
import { readMib } from '../bench/proc.ts'
import type { RunningServer } from '../bench/workshop.ts'
import { findPort } from '../support/ports.ts'
import { type FloodKind, floodKinds } from './flooder.ts'
import type { Scene } from './scene.ts'

export interface Flood {
  readonly kind: FloodKind
  /** Connections. */
  readonly opened: number
  readonly mints: number
  readonly failed: number
  readonly p99Ms: number
  /** Without the flood, in the same run. */
  readonly quietP99Ms: number
  readonly grownMib: number
}

const CONNECTIONS = 500
const MINTS_PER_SECOND = 50
const QUIET_SECONDS = 2
const MAX_DELAY_MS = 50
/** What the young generation may take: three times --max-semi-space-size. It fills before anything is collected. */
const MAX_GROWTH_MIB = 48
const SAMPLE_MS = 100

export interface Flooding {
  readonly port: number
  readonly connections: number
  readonly seconds: number
}

/** Resolves with the number of connections that were opened. Rejects if the flooder fails. */
export async function runFlooder(kind: FloodKind, { port, connections, seconds }: Flooding): Promise<number> {
  const script = join(import.meta.dirname, 'flooder.ts')
  const words = [script, String(port), String(connections), String(seconds), kind]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  return Number(stdout)
}

const mintFor = (pages: KeptConnections, seconds: number): Promise<Answer[]> =>
  runOpenLoop(pages, { perSecond: MINTS_PER_SECOND, seconds })

interface FloodOptions {
  /** The listener that is flooded. Mints go to the public one. */
  readonly port: number
  readonly service: RunningServer
  readonly seconds: number
  readonly pages: KeptConnections
  readonly quietP99Ms: number
}

async function playFlood(
  kind: FloodKind,
  { port, service, seconds, pages, quietP99Ms }: FloodOptions,
): Promise<Flood> {
  const before = readMib(service)
  let most = before
  const sampler = setInterval(() => {
    most = Math.max(most, readMib(service))
  }, SAMPLE_MS)
  const flooding = runFlooder(kind, { port, connections: CONNECTIONS, seconds })
  const [opened, minted] = await Promise.all([flooding, mintFor(pages, seconds)])
  clearInterval(sampler)
  const failed = minted.filter((answer) => answer.kind !== 'issued').length
  return {
    kind,
    opened,
    mints: minted.length,
    failed,
    p99Ms: percentileOf(minted, 0.99),
    quietP99Ms,
    grownMib: most - before,
  }
}

export type FloodedListener = 'public' | 'admin'

/** Limits are high, so that the bounds on connections decide alone. */
export async function playFloods(scene: Scene, listener: FloodedListener, seconds: number): Promise<Flood[]> {
  const adminPort = await findPort()
  const service = await scene.start({
    ADMIN_PORT: String(adminPort),
    MAX_CONCURRENT_MINTS: '256',
  })
  const pages = new KeptConnections(service.origin, { localAddress: '127.0.0.2' })
  try {
    const port = listener === 'admin' ? adminPort : Number(new URL(service.origin).port)
    await mintFor(pages, QUIET_SECONDS)
    const quietP99Ms = percentileOf(await mintFor(pages, QUIET_SECONDS), 0.99)
    return await inTurn(floodKinds, async (kind) => {
      const flood = await playFlood(kind, { port, service, seconds, pages, quietP99Ms })
      console.log(toLine(flood))
      return flood
    })
  } finally {
    pages.close()
  }
}

const toLine = ({ kind, opened, failed, p99Ms, quietP99Ms, grownMib }: Flood): string =>
  `  ${kind}: ${opened} connections, ${failed} mints failed, p99 ${p99Ms.toFixed(0)} ms ` +
  `(${quietP99Ms.toFixed(0)} ms before), ${grownMib.toFixed(0)} MiB more`

/** With fewer mints, a single slow one is the 99th percentile. */
const MIN_MINTS = 500

/** On a busy machine mints are slow without a flood too, so the delay is what counts. */
export function toFloodProblems({
  kind,
  opened,
  mints,
  failed,
  p99Ms,
  quietP99Ms,
  grownMib,
}: Flood): string[] {
  const problems: string[] = []
  if (!(opened > 0)) problems.push(`${kind}: no connection was opened`)
  if (failed > 0) problems.push(`${kind}: ${failed} mints failed`)
  if (mints >= MIN_MINTS && p99Ms > quietP99Ms + MAX_DELAY_MS)
    problems.push(`${kind}: the flood delays mints by more than ${MAX_DELAY_MS} ms`)
  if (grownMib > MAX_GROWTH_MIB) problems.push(`${kind}: memory grew by more than ${MAX_GROWTH_MIB} MiB`)
  return problems
}
