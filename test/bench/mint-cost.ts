// Measures the CPU cost of one mint over loopback, against a bare pass-through and the common Express sample.
import { setTimeout as sleep } from 'node:timers/promises'
import { runClosedLoop } from './closed-loop.ts'
import { type Contender, startContenders } from './contenders.ts'
import { inTurn } from './in-turn.ts'
import { type Options, parseOptions, toMessage } from './options.ts'
import { readCpuMicros } from './process-cpu.ts'
import { type Sample, type Series, toTable, toVerdict } from './report.ts'
import { createWorkshop, readLogEnd } from './workshop.ts'

// The warm-up lets the compiler finish: after 3,000 mints, one still costs 1.7 times its final value.
const WARM_UP_REQUESTS = 25_000
const SETTLE_MS = 50

async function measure({ server, mintUrl }: Contender, { requests, connections }: Options): Promise<Sample> {
  const before = readCpuMicros(server.pid)
  const loop = await runClosedLoop(mintUrl, requests, connections)
  // Log lines not yet written and sockets not yet closed are part of the cost.
  await sleep(SETTLE_MS)
  return { ...loop, cpuMicros: (readCpuMicros(server.pid) - before) / requests }
}

async function measureOrExplain(contender: Contender, options: Options): Promise<Sample> {
  try {
    return await measure(contender, options)
  } catch (cause) {
    const { name } = contender.server
    throw new Error(`${name} failed: ${toMessage(cause)}\nIts last output: ${readLogEnd(contender.server)}`, {
      cause,
    })
  }
}

function report([passThrough, realtimeMint, expressSample]: readonly Series[]): void {
  if (!passThrough || !realtimeMint || !expressSample) throw new Error('a server was not measured')
  console.log(toTable([passThrough, realtimeMint, expressSample], passThrough))
  console.log(`\n${toVerdict(realtimeMint, passThrough, 2.5, ' (aim 1.8)')}`)
  console.log(toVerdict(realtimeMint, expressSample, 0.6))
}

async function main(): Promise<void> {
  const options = parseOptions({ rounds: 7, requests: 3_000, connections: 16 })
  if (process.platform !== 'linux') throw new Error('mint-cost needs Linux: it reads CPU time from /proc')
  const contenders = await startContenders(createWorkshop('mint-cost'))
  await inTurn(contenders, (contender) =>
    measureOrExplain(contender, { ...options, requests: WARM_UP_REQUESTS }),
  )
  const rounds = await inTurn(Array.from({ length: options.rounds }).keys(), () =>
    inTurn(contenders, (contender) => measureOrExplain(contender, options)),
  )
  report(
    contenders.map(({ server }, index) => ({
      name: server.name,
      samples: rounds.flatMap((round) => round[index] ?? []),
    })),
  )
}

try {
  await main()
} catch (error) {
  console.error(toMessage(error))
  process.exitCode = 1
}
