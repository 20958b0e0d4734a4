import { expect, it, vi } from 'vitest'
import { LocalStore, type LocalStoreOptions } from '../../src/limits/local-store.ts'
import { SharedStore, type SharedStoreOptions } from '../../src/limits/shared-store.ts'
import type { Counter } from '../../src/limits/store.ts'
import { callsOf, connectRedis, describeRedis, type RedisServer, startRedis } from '../support/redis.ts'

const now = (): number => performance.now()

/** The store and the connection of one process. */
async function startReplica(url: string, options: Partial<SharedStoreOptions & LocalStoreOptions> = {}) {
  const { replicas = 2, required = false, maxLogs = 100 } = options
  const { redis } = await connectRedis(url)
  const local = new LocalStore({ monotonicNow: now, maxLogs })
  const store = new SharedStore({ redis, local, replicas, required, monotonicNow: now })
  /** How many of these simultaneous requests are admitted. */
  async function tryAtOnce(times: number, ...counters: readonly Counter[]): Promise<number> {
    const decisions = await Promise.all(Array.from({ length: times }, () => store.take(counters)))
    return decisions.filter(({ admitted }) => admitted).length
  }
  const isBack = (): Promise<void> =>
    vi.waitFor(() => expect(redis.available).toBe(true), { timeout: 4_000, interval: 10 })
  return { store, tryAtOnce, isBack }
}

const counter = (limit: number, windowMs = 60_000, key = 'a'): Counter => ({
  key: `{realtime-mint}:${key}`,
  level: 'only',
  isOfMint: true,
  limit,
  windowMs,
})

describeRedis('limits in Redis', () => {
  it('are not asked while they are known to refuse', async () => {
    const server = await startRedis()
    const [one, other] = [await startReplica(server.url), await startReplica(server.url)]
    await one.tryAtOnce(2, counter(2, 300))
    expect(await other.tryAtOnce(1, counter(2, 300))).toBe(0)
    const before = await callsOf(server, 'evalsha')
    await Promise.all([one.tryAtOnce(50, counter(2, 300)), other.tryAtOnce(50, counter(2, 300))])
    expect(await callsOf(server, 'evalsha')).toBe(before)
    await vi.waitFor(async () => expect(await other.tryAtOnce(1, counter(2, 300))).toBe(1), { interval: 5 })
  })

  it('work for more keys than fit into this process', async () => {
    const { url } = await startRedis()
    const { tryAtOnce } = await startReplica(url, { maxLogs: 2 })
    const keys = ['a', 'b', 'c', 'd']
    for (const key of keys) expect(await tryAtOnce(4, counter(3, 60_000, key))).toBe(3)
    for (const key of keys) expect(await tryAtOnce(4, counter(3, 60_000, key))).toBe(0)
  })
})

type Change = (server: RedisServer) => unknown

describeRedis('while Redis is down', () => {
  it.each([
    [3, 10, 3],
    [3, 2, 1],
    [1, 10, 10],
  ])('each of %i replicas applies its share of %i requests: %i', async (replicas, limit, share) => {
    const { kill, url } = await startRedis()
    const { tryAtOnce } = await startReplica(url, { replicas })
    await kill()
    expect(await tryAtOnce(50, counter(limit))).toBe(share)
  })

  it('earlier admissions count, and earlier refusals stay in effect', async () => {
    const { kill, url } = await startRedis()
    const [one, other] = [await startReplica(url), await startReplica(url)]
    expect(await one.tryAtOnce(2, counter(6))).toBe(2)
    expect(await other.tryAtOnce(9, counter(4, 60_000, 'b'))).toBe(4)
    expect(await one.tryAtOnce(1, counter(4, 60_000, 'b'))).toBe(0)
    await kill()
    expect(await one.tryAtOnce(9, counter(6))).toBe(1)
    expect(await one.tryAtOnce(9, counter(4, 60_000, 'b'))).toBe(0)
  })

  it.each<[how: string, additional: number, begin: Change, end: Change]>([
    ['is killed', 10, ({ kill }) => kill(), ({ start }) => start()],
    ['freezes', 0, ({ signal }) => signal('SIGSTOP'), ({ signal }) => signal('SIGCONT')],
  ])('at most one additional limit is admitted: it %s', async (_, additional, begin, end) => {
    const server = await startRedis()
    const replicas = [await startReplica(server.url), await startReplica(server.url)]
    const all = async (): Promise<number> => {
      const counts = await Promise.all(replicas.map(({ tryAtOnce }) => tryAtOnce(50, counter(10))))
      return counts.reduce((sum, count) => sum + count)
    }
    expect(await all()).toBe(10)
    await begin(server)
    expect(await all()).toBeLessThanOrEqual(10)
    await end(server)
    await Promise.all(replicas.map(({ isBack }) => isBack()))
    expect(await all()).toBeLessThanOrEqual(additional)
  })
})

describeRedis('data that Redis has lost', () => {
  it.each<[what: string, lose: (server: RedisServer) => Promise<unknown>]>([
    ['flushed', ({ client }) => client.flushall()],
    ['overwritten', ({ client }) => client.set(counter(1).key, '-1000')],
    ['lost in a restart', ({ kill, start }) => kill().then(() => start())],
  ])('do not let a replica admit more than a limit: %s', async (_, lose) => {
    const server = await startRedis()
    const { tryAtOnce, isBack } = await startReplica(server.url, { replicas: 1 })
    expect(await tryAtOnce(6, counter(10))).toBe(6)
    await lose(server)
    await isBack()
    expect(await tryAtOnce(20, counter(10))).toBe(4)
    expect(await tryAtOnce(20, counter(10))).toBe(0)
  })

  it('do not block a limit for longer', async () => {
    const { client, url } = await startRedis()
    const { tryAtOnce } = await startReplica(url, { replicas: 1 })
    expect(await tryAtOnce(10, counter(10, 400))).toBe(10)
    await client.flushall()
    const isFree = async (): Promise<void> => expect(await tryAtOnce(1, counter(10, 400))).toBe(1)
    await vi.waitFor(isFree, { timeout: 500, interval: 10 })
  })
})
