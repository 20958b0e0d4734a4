/** A real Redis, or Valkey, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { findPort, whenListening } from './ports.ts'
import { PROGRAM_PATH } from './programs.ts'
import { createTemporaryDirectory, type Defer } from './service.ts'

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** For the test's own questions. */
  readonly client: Redis
  readonly signal: (name: 'SIGSTOP' | 'SIGCONT') => void
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>
  /** Starts it anew on the same port, with nothing in it; resolves when it listens. */
  readonly start: (...settings: readonly string[]) => Promise<void>
}

export interface RedisServerOptions {
  readonly program?: string
  readonly settings?: readonly string[]
  /** A configuration file; what the test needs comes over it. */
  readonly file?: string
  readonly defer?: Defer
}

/** Where there are fewer cores than busy processes Redis would be late for want of one; tests of that stop it themselves. */
function hurry({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, -10)
  } catch {
    // Only root may.
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
    hurry(child)
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
