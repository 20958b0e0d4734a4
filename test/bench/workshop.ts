// The child processes and the temporary directory of a run. Both are removed however the bench ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { findPort } from '../support/ports.ts'

export interface Workshop {
  readonly directory: string
  readonly children: ChildProcess[]
}

export interface ServerScript {
  readonly name: string
  readonly nodeOptions?: readonly string[]
  readonly script: string
  readonly env: Readonly<Record<string, string>>
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface RunningServer {
  readonly name: string
  readonly pid: number
  readonly origin: string
  readonly logFile: string
}

const REPOSITORY = join(import.meta.dirname, '../..')
const START_TIMEOUT_MS = 15_000
const POLL_INTERVAL_MS = 50

/** A temporary directory whose name begins with `name`. */
export function createWorkshop(name: string): Workshop {
  const workshop: Workshop = { directory: mkdtempSync(join(tmpdir(), `${name}-`)), children: [] }
  process.once('exit', () => closeWorkshop(workshop))
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(exitCode))
  }
  return workshop
}

// Runs while the process exits, so it cannot wait for anything.
function closeWorkshop({ directory, children }: Workshop): void {
  for (const child of children) child.kill('SIGKILL')
  // A child that is exiting may still add a file, so removal is retried.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

/** Starts a script of this repository with PORT in its environment, and waits until it is ready. */
export const startServer = (
  workshop: Workshop,
  { name, nodeOptions = [], script, env }: ServerScript,
): Promise<RunningServer> =>
  startProgram(workshop, name, (port) => ({
    program: process.execPath,
    args: [...nodeOptions, script],
    env: { ...env, PORT: String(port) },
  }))

/** Starts a server on a free loopback port and waits until it is ready. Otherwise throws with its last output. */
export async function startProgram(
  workshop: Workshop,
  name: string,
  toCommand: (port: number) => Command,
): Promise<RunningServer> {
  const port = await findPort()
  const logFile = join(workshop.directory, `${name}.log`)
  const child = spawnLogged(toCommand(port), logFile)
  workshop.children.push(child)
  if (child.pid === undefined) throw new Error(`${name} could not be spawned`)
  const server = { name, pid: child.pid, origin: `http://127.0.0.1:${port}`, logFile }
  await waitUntilReady(server, child, Date.now() + START_TIMEOUT_MS)
  return server
}

function spawnLogged({ program, args, env }: Command, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a')
  // Passes only these variables: a proxy or NODE_OPTIONS of the shell would change the measurement.
  const child = spawn(program, args, {
    cwd: REPOSITORY,
    env: { ...env, NODE_ENV: 'production' },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  return child
}

async function waitUntilReady(server: RunningServer, child: ChildProcess, deadline: number): Promise<void> {
  if (await isReady(server.origin)) return
  if (child.exitCode !== null) throw new Error(`${server.name} ended at its start: ${readLogEnd(server)}`)
  if (Date.now() > deadline) throw new Error(`${server.name} did not get ready: ${readLogEnd(server)}`)
  await sleep(POLL_INTERVAL_MS)
  return waitUntilReady(server, child, deadline)
}

// The samples have no such route: an answer means that they listen. realtime-mint answers 503 until it is ready.
async function isReady(origin: string): Promise<boolean> {
  try {
    const reply = await request(`${origin}/readyz`, { reset: true, headersTimeout: 2000, bodyTimeout: 2000 })
    await reply.body.dump()
    return reply.statusCode < 500
  } catch {
    return false
  }
}

export function readLogEnd({ logFile }: RunningServer): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n') || '(no output)'
}
