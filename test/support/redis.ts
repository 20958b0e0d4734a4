/** A real Redis, or Valkey, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
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
  readonly defer?: Defer
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no free port')
  return address.port
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

/** Where there are fewer cores than busy processes Redis would be late for want of one; tests of that stop it themselves. */
function hurry({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, -10)
  } catch {
    // Only root may.
  }
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { program = 'redis-server', settings: first = [], defer = onTestFinished } = options
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
    const child = spawn(program, [...fixed, ...settings], {
      stdio: 'ignore',
      env: { PATH: PROGRAM_PATH },
    })
    running[0] = child
    await once(child, 'spawn')
    hurry(child)
    while (!(await isListening(port))) await delay(10)
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
