// The service, the stand-in for OpenAI and Redis, as the benches start them.
import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { whenListening } from '../support/ports.ts'
import { PROGRAM_PATH } from '../support/programs.ts'
import { toSourceCommand } from './image-command.ts'
import { KeptConnections } from './kept-connections.ts'
import { type RunningServer, type ServerScript, startServer, type Workshop } from './workshop.ts'

/** Every reply comes after `delayMs`. */
export const startUpstream = (workshop: Workshop, delayMs = 0): Promise<RunningServer> =>
  startServer(workshop, {
    name: 'instant-upstream',
    script: 'test/bench/instant-upstream.ts',
    env: { DELAY_MS: String(delayMs) },
  })

export interface RedisServer {
  readonly url: string
  readonly pid: number
}

export async function startRedis({ directory, children }: Workshop, port: number): Promise<RedisServer> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
  const child = spawn('redis-server', args, { stdio: 'ignore', env: { PATH: PROGRAM_PATH } })
  children.push(child)
  child.unref()
  if (child.pid === undefined) throw new Error('redis-server could not be spawned')
  await whenListening(port)
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid }
}

const OPENAI_API_KEY = 'sk-bench-0123456789abcdefghijklmnop'

export const toUpstreamEnv = ({ origin }: RunningServer) => ({
  OPENAI_API_KEY,
  OPENAI_BASE_URL: `${origin}/v1`,
})

// The shipped settings, except for limits that count every mint and refuse none.
export const toMintEnv = (auditDirectory: string): Record<string, string> => ({
  HOST: '127.0.0.1',
  ALLOWED_ORIGINS: 'http://localhost:3000',
  AUTH_MODE: 'none',
  RATE_LIMIT_PER_ADDRESS: '1000000/second',
  RATE_LIMIT_PER_CALLER: '1000000/second',
  RATE_LIMIT_TOTAL: '1000000/second',
  MAX_CONCURRENT_MINTS: '10000',
  AUDIT_DIR: auditDirectory,
  AUDIT_DURABILITY: 'fsync',
  PRESETS_FILE: 'presets.yaml',
  LOG_LEVEL: 'info',
})

/** Starts the service with these settings, overridden by `env`, and an audit of its own. */
export async function startMint(
  workshop: Workshop,
  { name, env }: Pick<ServerScript, 'name' | 'env'>,
  command: Omit<ServerScript, 'name' | 'env'> = toSourceCommand(),
): Promise<RunningServer> {
  const auditDirectory = await mkdtemp(join(workshop.directory, 'audit-'))
  return startServer(workshop, {
    name,
    ...command,
    env: { ...toMintEnv(auditDirectory), OPENAI_API_KEY, ...env },
  })
}

export interface LoadedService {
  readonly server: RunningServer
  /** Connections whose every request asks for a secret. */
  readonly connections: KeptConnections
}

/** The same, with connections to it. Each request has this body. */
export async function startLoadedService(
  workshop: Workshop,
  env: Readonly<Record<string, string>>,
  body?: string,
): Promise<LoadedService> {
  const server = await startMint(workshop, { name: 'realtime-mint', env })
  return { server, connections: new KeptConnections(server.origin, body === undefined ? {} : { body }) }
}
