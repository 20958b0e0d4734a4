import { array, assert, asyncProperty, oneof } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Counter } from '../../src/limits/store.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { programs, START_MS, shareClockedScript } from './clocked-script.ts'
import {
  chosenOf,
  largeRule,
  NaiveLog,
  type Step,
  smallRule,
  steps,
  toCounters,
  toExpected,
} from './naive-log.ts'

const settings = { seed: 20_261_122, numRuns: 60 } as const

const toAsked = (all: readonly Counter[], path: readonly Step[]) => {
  let ms = 0
  return path.map((step) => {
    ms += step.afterMs
    return { ms, counters: chosenOf(all, step) }
  })
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

describe.each(programs)('the script in %s', (program) => {
  describe.skipIf(isMissing(program))(`with its own values${ifMissing(program)}`, () => {
    const { client, askAll } = shareClockedScript(program)
    let round = 0
    const nextRound = (): string => `${(round += 1)}:`

    /** Each step with its answer and that of the reference. */
    async function walk(all: readonly Counter[], path: readonly Step[]) {
      const asked = toAsked(all, path)
      const answers = await askAll(asked)
      const logs = new Map(all.map(({ key }) => [key, new NaiveLog()]))
      const logOf = ({ key }: Counter): NaiveLog => logs.get(key) ?? new NaiveLog()
      return asked.map(({ ms, counters }, index) => {
        const expected = toExpected(counters, logOf, ms)
        const answer = answers[index]
        if (answer?.admitted === true) for (const counter of counters) logOf(counter).times.push(ms)
        return {
          expected,
          answer,
          used: counters.map((counter) => logOf(counter).usedAt(ms, counter.windowMs)),
        }
      })
    }

    it('decides like the reference, for all counters or for none', async () => {
      await assert(
        asyncProperty(
          array(smallRule, { minLength: 1, maxLength: 3 }),
          steps(3, 120),
          async (rules, path) => {
            for (const { answer, expected, used } of await walk(toCounters(rules, nextRound()), path)) {
              expect(answer).toMatchObject({ admitted: expected ?? answer?.admitted, used })
            }
          },
        ),
        settings,
      )
    })

    it('does so with large limits, except where rounding allows both', async () => {
      await assert(
        asyncProperty(
          array(largeRule, { minLength: 1, maxLength: 2 }),
          steps(2, 400, 4),
          async (rules, path) => {
            for (const { answer, expected } of await walk(toCounters(rules, nextRound()), path)) {
              expect(answer).toMatchObject({ admitted: expected ?? answer?.admitted })
            }
          },
        ),
        { ...settings, numRuns: 30, endOnFailure: true },
      )
    })

    it('admits exactly the limit after a quiet window', async () => {
      await assert(
        asyncProperty(oneof(smallRule, largeRule), steps(1, 200, 4), async (rule, path) => {
          const quiet = { afterMs: rule.windowMs, chosen: 1 }
          const burst = Array.from({ length: rule.limit }, () => ({ afterMs: 0, chosen: 1 }))
          const walked = await walk(toCounters([rule], nextRound()), [...path, quiet, ...burst])
          const last = walked.slice(-rule.limit - 1).map(({ answer }) => answer?.admitted)
          expect(last).toEqual([...burst.map(() => true), false])
        }),
        settings,
      )
    })

    it('includes in a refusal the first moment that admits a request', async () => {
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

    it('lets its values expire after a window', async () => {
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
  })

  describe.skipIf(isMissing(program))(`with values of other clients${ifMissing(program)}`, () => {
    const { client, askAll } = shareClockedScript(program)
    const rule = { limit: 3, windowMs: 10 } as const
    type Client = ReturnType<typeof client>

    const set = (text: string | Buffer) => (redis: Client, key: string) => redis.set(key, text)

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
      ['an entry of tomorrow', set(value(3, entry(START_MS + 86_400_000, 3)))],
      ['an entry at the largest number', set(value(3, entry(Number.MAX_VALUE, 3)))],
      ['an entry at infinity', set(value(3, entry(Infinity, 3)))],
      ['an entry at NaN', set(value(3, entry(Number.NaN, 3)))],
      [
        'an entry of tomorrow among others',
        set(value(2, entry(START_MS + 86_400_000, 1), entry(START_MS, 1))),
      ],
      ['too large a sum', set(value(4_000_000_000, entry(START_MS, 3)))],
      ['too small a sum', set(value(0, entry(START_MS, 3)))],
      ['too large a count', set(value(1, entry(START_MS - 9_000, 4_000_000_000)))],
      ['a value that never expires', (redis, key) => redis.persist(key)],
    ])('admits at most the limit and blocks for a window at most: %s', async (what, poison) => {
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
      const admitted = (
        await askAll([1_000, 1_000, 1_000, 0, 9.999, 10, 10, 10, 10].map((ms) => ({ counters, ms })))
      ).map((answer) => answer.admitted)
      expect(admitted).toEqual([true, true, true, false, false, true, true, true, false])
    })
  })
})
