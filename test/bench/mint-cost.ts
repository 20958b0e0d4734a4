// Measures the CPU cost of one mint over loopback, beside a bare pass-through and other servers.
import { setTimeout as sleep } from 'node:timers/promises'
import { runClosedLoop } from './closed-loop.ts'
import { type Contender, names, startContenders } from './contenders.ts'
import { inTurn } from './in-turn.ts'
import { parseOptions, runOnLinux, toMessage } from './options.ts'
import { publish } from './page.ts'
import { readCpuMicros } from './proc.ts'
import { medianRatio, type Sample, type Setting, toTable, toVerdict } from './report.ts'
import { createWorkshop, readLogEnd } from './workshop.ts'

// The warm-up lets the compiler finish: after 3,000 mints, one still costs 1.7 times its final value.
const WARM_UP_REQUESTS = 25_000
const SETTLE_MS = 50

interface Load {
  readonly requests: number
  readonly connections: number
}

async function measure({ server, mintUrl }: Contender, { requests, connections }: Load): Promise<Sample> {
  const before = readCpuMicros(server.pid)
  const loop = await runClosedLoop(mintUrl, requests, connections)
  // Log lines not yet written and sockets not yet closed are part of the cost.
  await sleep(SETTLE_MS)
  return { ...loop, cpuMicros: (readCpuMicros(server.pid) - before) / requests }
}

async function measureOrExplain(contender: Contender, load: Load): Promise<Sample> {
  try {
    return await measure(contender, load)
  } catch (cause) {
    const { name } = contender.server
    throw new Error(`${name} failed: ${toMessage(cause)}\nIts last output: ${readLogEnd(contender.server)}`, {
      cause,
    })
  }
}

async function measureSetting(
  contenders: readonly Contender[],
  rounds: number,
  load: Load,
): Promise<Setting> {
  const results = await inTurn(Array.from({ length: rounds }).keys(), () =>
    inTurn(contenders, (contender) => measureOrExplain(contender, load)),
  )
  const series = contenders.map(({ server: { name } }, index) => ({
    name,
    samples: results.flatMap((round) => round[index] ?? []),
  }))
  return { connections: load.connections, series }
}

async function main(): Promise<void> {
  const { rounds, requests, connections, write } = parseOptions({ rounds: 7, requests: 3_000 })
  const settings = connections === undefined ? [16, 64] : [connections]
  const contenders = await startContenders(createWorkshop('mint-cost'))
  await inTurn(contenders, (contender) =>
    measureOrExplain(contender, { requests: WARM_UP_REQUESTS, connections: 16 }),
  )
  const measured = await inTurn(settings, (each) =>
    measureSetting(contenders, rounds, { requests, connections: each }),
  )
  const verdicts = measured.flatMap((setting) => {
    const of = `${setting.connections} connections, realtime-mint`
    return [
      toVerdict(`${of} ÷ ${names.bare}`, medianRatio(setting, names.mint, names.bare), 1.8),
      toVerdict(`${of} ÷ ${names.express}`, medianRatio(setting, names.mint, names.express), 0.6),
    ]
  })
  await publish({ section: 'mint', table: toTable(measured, names.bare), verdicts, write })
}

await runOnLinux(main)
