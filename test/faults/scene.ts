/** The setup of one fault: an upstream, services with one audit directory, pages that mint, and the results. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { startMint, toUpstreamEnv } from '../bench/servers.ts'
import type { RunningServer, Workshop } from '../bench/workshop.ts'
import { AUDIT_KEY, countMissing, type Verdict, verify } from './evidence.ts'
import { Load } from './load.ts'

const POLL_MS = 25

/** How long a service may take to end, fail or recover. */
const TIMEOUT_MS = 15_000

export interface Findings {
  readonly delivered: number
  readonly withheld: number
  /** Delivered secrets without a record. */
  readonly missing: number
  readonly verdict: Verdict
  readonly unexpected: readonly string[]
}

export class Scene {
  readonly directory: string
  /** For files that a fault removes. */
  readonly attic: string
  readonly #workshop: Workshop
  readonly #upstream: RunningServer
  readonly #name: string
  readonly #log: string
  readonly #services = new Set<RunningServer>()
  #load: Load | undefined
  #started = 0

  constructor(workshop: Workshop, upstream: RunningServer, name: string) {
    this.#workshop = workshop
    this.#upstream = upstream
    this.#name = name.replaceAll(/\W+/g, '-')
    const root = join(workshop.directory, this.#name)
    this.directory = join(root, 'audit')
    this.attic = join(root, 'attic')
    this.#log = join(root, 'log')
    mkdirSync(this.directory, { recursive: true })
    mkdirSync(this.attic)
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
    this.#started += 1
    const service = await startMint(this.#workshop, {
      name: `${this.#name}-${this.#started}`,
      env: { ...toUpstreamEnv(this.#upstream), AUDIT_DIR: this.directory, AUDIT_KEY, ...env },
    })
    this.#services.add(service)
    return service
  }

  /** Resolves when the process has ended; its log is kept. */
  async end(service: RunningServer, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#services.delete(service)
    process.kill(service.pid, signal)
    await until('the process ends', () => !isRunning(service.pid))
    appendFileSync(this.#log, readFileSync(service.logFile))
  }

  /** Ends pages and services. */
  async close(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#load?.stop()
    for (const service of this.#services) await this.end(service, signal)
  }

  load(workers: number): Load {
    this.#load = new Load(() => [...this.#services].map(({ origin }) => origin), workers)
    return this.#load
  }

  /** Ends everything and checks the records; `directories` may have more of them. */
  async judge(directories: readonly string[] = []): Promise<Findings> {
    await this.close('SIGTERM')
    const { delivered = [], withheld = 0, unexpected = [] } = this.#load ?? {}
    return {
      delivered: delivered.length,
      withheld,
      missing: countMissing(delivered, [this.directory, ...directories]),
      verdict: verify(this.directory, this.#log),
      unexpected: [...unexpected],
    }
  }
}

async function askStatus({ origin }: RunningServer, path: string): Promise<number> {
  const reply = await request(origin + path, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  await reply.body.dump()
  return reply.statusCode
}

/** Milliseconds until `/readyz` replies with `status`; throws if it never does, or if `/livez` ever fails. */
export function untilReadyIs(service: RunningServer, status: number): Promise<number> {
  return until(`/readyz is ${status}`, async () => {
    if ((await askStatus(service, '/livez')) !== 200) throw new Error('/livez was not 200')
    return (await askStatus(service, '/readyz')) === status
  })
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedAt > TIMEOUT_MS) throw new Error(`timed out: ${what}`)
    await sleep(POLL_MS)
  }
  return performance.now() - startedAt
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
