/** A real Redis or Valkey on a free port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { Redis } from 'ioredis'
import { describe, onTestFinished } from 'vitest'
import { RedisConnection } from '../../src/redis/connection.ts'
import type { RedisFault } from '../../src/redis/faults.ts'
import { Secret } from '../../src/secret.ts'
import { findPort, whenListening } from './ports.ts'
import { ifMissing, isMissing, PROGRAM_PATH } from './programs.ts'
import { createTemporaryDirectory, type Defer } from './service.ts'

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** For the test's own commands. */
  readonly client: Redis
  readonly signal: (name: 'SIGSTOP' | 'SIGCONT') => void
  /** Stops it like a crash. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same port, without data. Resolves when it listens. */
  readonly start: (...settings: readonly string[]) => Promise<void>
}

export interface RedisServerOptions {
  readonly program?: string
  readonly settings?: readonly string[]
  /** A configuration file. The settings that the test needs override it. */
  readonly file?: string
  readonly defer?: Defer
}

/** On a busy machine Redis would answer late for lack of a core. */
function raisePriority({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, -10)
  } catch {
    // Only root may do this.
  }
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { program = 'redis-server', settings: first = [], file, defer = onTestFinished } = options
  const port = await findPort()
  const directory = await createTemporaryDirectory(defer)
  const running: ChildProcess[] = []
  const client = new Redis(port, '127.0.0.1', {
    retryStrategy: () => 20,
    protocol: 2,
    disableClientInfo: true,
  })
  client.on('error', () => undefined)

  async function start(...settings: readonly string[]): Promise<void> {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
    const child = spawn(program, [...(file === undefined ? [] : [file]), ...fixed, ...settings], {
      stdio: 'ignore',
      env: { PATH: PROGRAM_PATH },
    })
    running[0] = child
    await once(child, 'spawn')
    raisePriority(child)
    await whenListening(port)
  }

  async function kill(): Promise<void> {
    const [child] = running
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  defer(async () => {
    client.disconnect()
    await kill()
  })
  await start(...first)
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    signal: (name) => void running[0]?.kill(name),
    kill,
    start,
  }
}

/** How often Redis ran a command, so far. */
export async function callsOf({ client }: RedisServer, command: string): Promise<number> {
  const stats = await client.info('commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

/** A group of tests that need Redis. */
export function describeRedis(title: string, tests: () => void): void {
  describe.skipIf(isMissing('redis-server'))(`${title}${ifMissing('redis-server')}`, () => {
    tests()
  })
}

/** The service's own connection, and the calls of its onChange. */
export async function connectRedis(url: string) {
  const changes: (RedisFault | null)[] = []
  const redis = new RedisConnection({ url: new Secret(url), onChange: (fault) => changes.push(fault) })
  onTestFinished(() => redis.close())
  await redis.open()
  return { redis, changes }
}

export interface RedisOutage {
  readonly what: string
  readonly fault: RedisFault
  readonly begin: (server: RedisServer) => unknown
  readonly end: (server: RedisServer) => unknown
}

const set = (name: string, value: string) => (server: RedisServer) => server.client.config('SET', name, value)

export const redisOutages: readonly RedisOutage[] = [
  { what: 'is killed', fault: 'unreachable', begin: ({ kill }) => kill(), end: ({ start }) => start() },
  {
    what: 'freezes',
    fault: 'timeout',
    begin: ({ signal }) => signal('SIGSTOP'),
    end: ({ signal }) => signal('SIGCONT'),
  },
  {
    what: 'runs out of memory',
    fault: 'out_of_memory',
    begin: set('maxmemory', '1'),
    end: set('maxmemory', '0'),
  },
  {
    what: 'becomes a read-only replica',
    fault: 'read_only',
    begin: ({ client }) => client.replicaof('127.0.0.1', '1'),
    end: ({ client }) => client.replicaof('NO', 'ONE'),
  },
  {
    what: 'lacks the replicas that it requires',
    fault: 'cut_off',
    begin: set('min-replicas-to-write', '1'),
    end: set('min-replicas-to-write', '0'),
  },
  {
    what: 'withdraws a permission',
    fault: 'access_denied',
    begin: ({ client }) => client.acl('SETUSER', 'default', '-evalsha'),
    end: ({ client }) => client.acl('SETUSER', 'default', '+evalsha'),
  },
]
