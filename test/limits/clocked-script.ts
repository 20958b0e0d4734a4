/** The script of the shared store in a real Redis, with a manual clock. */
import { afterAll, beforeAll } from 'vitest'
import type { Counter } from '../../src/limits/store.ts'
import { takeScript } from '../../src/limits/take-script.ts'
import { isInstalled } from '../support/programs.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

export const programs = isInstalled('valkey-server') ? ['redis-server', 'valkey-server'] : ['redis-server']

/** Redis expires values by its own clock, so windows must be longer than a test: each ms becomes a second. */
const SCALE = 1_000
export const START_MS = 1_790_000_000_000

const clocked = takeScript.text.replace("redis.call('TIME')", '{ ARGV[#ARGV - 2], ARGV[#ARGV - 1] }')

export interface Asked {
  readonly counters: readonly Counter[]
  /** Since the start, in the unit of the counters' windows. */
  readonly ms: number
}

type Arguments = [keys: number, ...values: (string | number)[]]

function toArguments({ counters, ms }: Asked): Arguments {
  const at = START_MS + ms * SCALE
  return [
    counters.length,
    ...counters.map(({ key }) => key),
    ...counters.flatMap(({ limit, windowMs }) => [limit, windowMs * SCALE]),
    Math.floor(at / 1_000),
    (at % 1_000) * 1_000,
    'call',
  ]
}

export interface Answer {
  readonly admitted: boolean
  readonly used: readonly number[]
  readonly resetMs: readonly number[]
}

function toAnswer([error, reply]: readonly [error: Error | null, reply?: unknown]): Answer {
  if (error !== null) throw error
  const [, result]: readonly unknown[] = Array.isArray(reply) ? reply : []
  const [admitted, ...rest]: readonly unknown[] = Array.isArray(result) ? result : []
  const numbers = rest.map(Number)
  return {
    admitted: admitted === 1,
    used: numbers.filter((_, index) => index % 2 === 0),
    resetMs: numbers.filter((_, index) => index % 2 === 1).map((ms) => ms / SCALE),
  }
}

export interface ClockedScript {
  readonly client: () => RedisServer['client']
  /** In one pipeline, in this order. */
  readonly askAll: (asked: readonly Asked[]) => Promise<readonly Answer[]>
}

/** One server for all tests of a group. */
export function shareClockedScript(program: string): ClockedScript {
  const servers: RedisServer[] = []
  const ends: (() => Promise<void>)[] = []
  beforeAll(async () => {
    servers.push(await startRedis({ program, defer: (end) => ends.unshift(end) }))
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })

  function client(): RedisServer['client'] {
    const [server] = servers
    if (server === undefined) throw new Error('the server is not running')
    return server.client
  }

  async function askAll(asked: readonly Asked[]): Promise<readonly Answer[]> {
    const pipeline = client().pipeline()
    for (const one of asked) pipeline.eval(clocked, ...toArguments(one))
    return ((await pipeline.exec()) ?? []).map(toAnswer)
  }

  return { client, askAll }
}
