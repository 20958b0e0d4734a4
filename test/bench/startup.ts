// Measures what a start of the image's command costs, next to a bare server, and its memory idle and under load.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../support/ports.ts'
import { runClosedLoop } from './closed-loop.ts'
import { pageMint } from './fixed-mint.ts'
import { readImageCommand } from './image-command.ts'
import { inRounds } from './in-turn.ts'
import { parseOptions, runOnLinux } from './options.ts'
import { publish } from './page.ts'
import { readMib } from './proc.ts'
import { align, toVerdict } from './report.ts'
import { startUpstream, toMintEnv, toUpstreamEnv } from './servers.ts'
import { median, medianRatio } from './statistics.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Started {
  readonly child: ChildProcess
  readonly ms: number
}

interface Sample {
  readonly ms: number
  readonly idleMb: number
}

const MOST = { listeningMs: 300, idleMb: 95, saturatedMb: 180 } as const
const REPOSITORY = join(import.meta.dirname, '../..')
const SETTLE_MS = 1_000
const CONNECTIONS = 64

const bareServer = `
  const server = require('node:http').createServer((request, response) => response.end('{}'))
  server.listen(0, '127.0.0.1', () => console.log('listening'))
`

/** Resolves when the server says that it listens. */
async function start({ children }: Workshop, { words, env }: Command): Promise<Started> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, words, {
    cwd: REPOSITORY,
    env: { ...env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  // Without a file to run, there is no line: the child's own error is above this one.
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  if (!String(line).includes('listening')) throw new Error(`it does not listen: ${line}`)
  const ms = performance.now() - startedAt
  child.stdout.resume()
  return { child, ms }
}

async function measureStart(workshop: Workshop, command: Command): Promise<Sample> {
  const { child, ms } = await start(workshop, command)
  await sleep(SETTLE_MS)
  const sample = { ms, idleMb: readMib(child) }
  child.kill('SIGKILL')
  await once(child, 'close')
  return sample
}

/** The most memory while `requests` mints are asked for over `connections` connections, as fast as they are answered. */
async function measureSaturated(workshop: Workshop, command: Command, requests: number, connections: number) {
  const port = await findPort()
  const { child } = await start(workshop, { ...command, env: { ...command.env, PORT: String(port) } })
  await runClosedLoop(new URL(pageMint.path, `http://127.0.0.1:${port}`), requests, connections)
  const mb = readMib(child, 'VmHWM')
  child.kill('SIGKILL')
  return mb
}

function toSummary({ name }: Command, own: readonly Sample[], bare: readonly Sample[]) {
  const times = own.map(({ ms }) => ms)
  return {
    name,
    ms: median(times),
    leastMs: Math.min(...times),
    ratio: medianRatio(
      times,
      bare.map(({ ms }) => ms),
    ),
    idleMb: median(own.map(({ idleMb }) => idleMb)),
  }
}

const toRow = ({ name, ms, leastMs, ratio, idleMb }: ReturnType<typeof toSummary>): string[] => [
  name,
  `${ms.toFixed(0)}, ${leastMs.toFixed(0)}`,
  ratio.toFixed(1),
  idleMb.toFixed(0),
]

async function createImageCommand(workshop: Workshop): Promise<Command> {
  const upstream = await startUpstream(workshop)
  const { nodeOptions, script } = readImageCommand()
  const auditDirectory = mkdtempSync(join(workshop.directory, 'audit-'))
  return {
    name: 'the image’s command',
    words: [...nodeOptions, script],
    // The image sets MALLOC_ARENA_MAX too.
    env: { PORT: '0', MALLOC_ARENA_MAX: '1', ...toUpstreamEnv(upstream), ...toMintEnv(auditDirectory) },
  }
}

async function main(): Promise<void> {
  const {
    rounds,
    requests,
    connections = CONNECTIONS,
    write,
  } = parseOptions({ rounds: 10, requests: 50_000 })
  const workshop = createWorkshop('startup')
  const image = await createImageCommand(workshop)
  const bare: Command = { name: 'bare node:http', words: ['--eval', bareServer], env: {} }
  const [ofBare = [], ofImage = []] = await inRounds(rounds, [bare, image], (command) =>
    measureStart(workshop, command),
  )
  const summary = toSummary(image, ofImage, ofBare)
  const headings = ['server', 'ms to listening (median, min)', 'ratio to bare', 'MB idle']
  const saturatedMb = await measureSaturated(workshop, image, requests, connections)
  await publish({
    section: 'startup',
    table: align([headings, toRow(toSummary(bare, ofBare, ofBare)), toRow(summary)]),
    verdicts: [
      toVerdict('time to listening', summary.ms, MOST.listeningMs, 'ms'),
      toVerdict('memory when idle', summary.idleMb, MOST.idleMb, 'MB'),
      toVerdict(
        `most memory in ${requests} mints over ${connections} connections`,
        saturatedMb,
        MOST.saturatedMb,
        'MB',
      ),
    ],
    write,
  })
}

await runOnLinux(main)
