/** The script of the shared store in a real Redis, with a manual clock. */
import { describe, expect, it } from 'vitest'
import { takeScript } from '../../src/limits/take-script.ts'
import { ifMissing, isInstalled, isMissing } from '../support/programs.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { share } from '../support/shared-service.ts'
import { type Answer, type Asked, itDecidesLikeTheReference, toCounters } from './naive-log.ts'

const programs = isInstalled('valkey-server') ? ['redis-server', 'valkey-server'] : ['redis-server']

/** Redis expires values by its own clock, so windows must be longer than a test: each ms becomes a second. */
const SCALE = 1_000
const START_MS = 1_790_000_000_000

const clocked = takeScript.text.replace("redis.call('TIME')", '{ ARGV[#ARGV - 2], ARGV[#ARGV - 1] }')

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

interface ScriptAnswer extends Answer {
  readonly resetMs: readonly number[]
}

function toAnswer([error, reply]: readonly [error: Error | null, reply?: unknown]): ScriptAnswer {
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

const entry = (time: number, count: number): Buffer => {
  const bytes = Buffer.alloc(12)
  bytes.writeDoubleLE(time)
  bytes.writeUInt32LE(count, 8)
  return bytes
}
const value = (used: number, ...entries: readonly Buffer[]): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(used)
  return Buffer.concat([head, ...entries])
}

type Client = RedisServer['client']

const set = (text: string | Buffer) => (redis: Client, key: string) => redis.set(key, text)
const tomorrow = START_MS + 86_400_000

describe.each(programs)('the script in %s', (program) => {
  describe.skipIf(isMissing(program))(`as it is${ifMissing(program)}`, () => {
    const server = share((defer) => startRedis({ program, defer }))
    const client = (): Client => server().client

    /** In one pipeline, in this order. */
    async function askAll(asked: readonly Asked[]): Promise<readonly ScriptAnswer[]> {
      const pipeline = client().pipeline()
      for (const one of asked) pipeline.eval(clocked, ...toArguments(one))
      return ((await pipeline.exec()) ?? []).map(toAnswer)
    }

    let round = 0
    const nextRound = (): string => `${(round += 1)}:`

    itDecidesLikeTheReference(askAll, 60, nextRound)

    it('refuses until the first moment that admits a request', async () => {
      const counters = toCounters([{ limit: 2, windowMs: 10 }], nextRound())
      const answers = await askAll([0, 4, 5, 9.999, 10, 10].map((ms) => ({ counters, ms })))
      expect(answers.map(({ admitted, used, resetMs }) => [admitted, used[0], resetMs[0]])).toEqual([
        [true, 1, 10],
        [true, 2, 6],
        [false, 2, 5],
        [false, 2, 0.001],
        [true, 2, 4],
        [false, 2, 4],
      ])
    })

    it('writes values that expire after a window', async () => {
      const counters = toCounters([{ limit: 2, windowMs: 10 }], nextRound())
      await askAll([{ counters, ms: 0 }])
      const ttl = await client().pttl(counters[0]?.key ?? '')
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(10_000)
    })

    it('needs less than a kilobyte for any limit', async () => {
      const counters = toCounters([{ limit: 100_000, windowMs: 864 }], nextRound())
      await askAll(Array.from({ length: 860 }, (_, ms) => ({ counters, ms })))
      expect(await client().memory('USAGE', counters[0]?.key ?? '')).toBeLessThan(1_024)
    })

    const rule = { limit: 3, windowMs: 10 } as const

    it.each<[what: string, poison: (redis: Client, key: string) => Promise<unknown>]>([
      ['no value', (redis, key) => redis.del(key)],
      ['an empty text', set('')],
      ['a text', set('hello')],
      ['a number', set('3')],
      ['a negative number', set('-1000000')],
      ['a text of a valid length', set('x'.repeat(16))],
      ['zeros', set(Buffer.alloc(40))],
      ['ones', set(Buffer.alloc(40, 0xff))],
      ['a megabyte', set('x'.repeat(4 + 12 * 100_000))],
      ['a list', async (redis, key) => [await redis.del(key), await redis.rpush(key, 'a')]],
      ['a hash', async (redis, key) => [await redis.del(key), await redis.hset(key, 'a', '1')]],
      ['a set', async (redis, key) => [await redis.del(key), await redis.zadd(key, 1, 'a')]],
      ['an entry of tomorrow', set(value(3, entry(tomorrow, 3)))],
      ['an entry at the largest number', set(value(3, entry(Number.MAX_VALUE, 3)))],
      ['an entry at infinity', set(value(3, entry(Infinity, 3)))],
      ['an entry at NaN', set(value(3, entry(Number.NaN, 3)))],
      ['an entry of tomorrow among others', set(value(2, entry(tomorrow, 1), entry(START_MS, 1)))],
      ['too large a sum', set(value(4_000_000_000, entry(START_MS, 3)))],
      ['too small a sum', set(value(0, entry(START_MS, 3)))],
      ['too large a count', set(value(1, entry(START_MS - 9_000, 4_000_000_000)))],
      ['a value that never expires', (redis, key) => redis.persist(key)],
    ])('admits at most the limit and blocks for a window at most with %s', async (what, poison) => {
      const counters = toCounters([rule], what)
      const ask = async (ms: number): Promise<number> => {
        const answers = await askAll(Array.from({ length: 6 }, () => ({ counters, ms })))
        return answers.filter(({ admitted }) => admitted).length
      }
      await ask(-5)
      await poison(client(), counters[0]?.key ?? '')
      expect(await ask(0)).toBeLessThanOrEqual(rule.limit)
      expect(await ask(9)).toBeLessThanOrEqual(rule.limit)
      expect(await ask(19)).toBe(rule.limit)
    })

    it('blocks for a window at most, and frees nothing, if the clock steps back', async () => {
      const counters = toCounters([rule], 'back')
      const times = [1_000, 1_000, 1_000, 0, 9.999, 10, 10, 10, 10]
      const answers = await askAll(times.map((ms) => ({ counters, ms })))
      const admitted = [true, true, true, false, false, true, true, true, false]
      expect(answers.map((answer) => answer.admitted)).toEqual(admitted)
    })
  })
})
