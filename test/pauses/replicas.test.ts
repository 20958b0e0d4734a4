/** Pauses of replicas that share a Redis, each with an AUDIT_DIR of its own. */
import { expect, it, vi } from 'vitest'
import { connectRedis, describeRedis, redisOutages, startRedis } from '../support/redis.ts'
import { refusalOf } from '../support/replies.ts'
import { createTemporaryDirectory, startTestService, type TestService } from '../support/service.ts'
import { createPauses, everything, MINUTE_MS, ofPreset } from './pausing.ts'

const startReplica = (url: string): Promise<TestService> =>
  startTestService({ environment: { REDIS_URL: url } })

const statusOf = async ({ mint }: TestService): Promise<number> => (await mint()).statusCode

/** Also the time that a test's busy machine needs. */
const soon = { timeout: 2_000, interval: 20 } as const

const isPaused = (service: TestService): Promise<void> =>
  vi.waitFor(async () => expect(refusalOf(await service.mint())).toEqual([503, 'paused', null]), soon)

const isMinting = (service: TestService): Promise<void> =>
  vi.waitFor(async () => expect(await statusOf(service)).toBe(200), soon)

const isConnected = ({ pauses }: TestService): Promise<void> =>
  vi.waitFor(async () => expect((await pauses.sync()).redisFault).toBeNull(), {
    timeout: 4_000,
    interval: 50,
  })

describeRedis('replicas with one Redis', () => {
  it('apply a pause of one of them, and its end, within a second', async () => {
    const { url } = await startRedis()
    const [one, other] = [await startReplica(url), await startReplica(url)]
    const startedAt = performance.now()
    expect(await one.pauses.pause(everything)).toEqual({ filesFault: null, redisFault: null })
    await isPaused(other)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await other.pauses.resume(everything)
    await isMinting(one)
  })

  it.each(redisOutages)(
    'keep a pause while Redis $what, and share what came meanwhile',
    async ({ begin, end }) => {
      const server = await startRedis()
      const [one, other] = [await startReplica(server.url), await startReplica(server.url)]
      await one.pauses.pause(ofPreset('assistant'))
      await isPaused(other)
      await begin(server)
      expect(await statusOf(other)).toBe(503)
      expect(await one.pauses.pause(everything)).toMatchObject({
        filesFault: null,
        redisFault: expect.any(String),
      })
      await end(server)
      await vi.waitFor(() => expect(other.pauses.list()).toHaveLength(2), { timeout: 6_000, interval: 50 })
      const late = await startReplica(server.url)
      expect(late.pauses.list()).toEqual(one.pauses.list())
    },
  )

  it('do not bring back what was resumed while one of them was away', async () => {
    const server = await startRedis()
    const one = await startReplica(server.url)
    const directory = await createTemporaryDirectory()
    const { redis } = await connectRedis(server.url)
    const clock = { nowMs: Date.now() }
    const away = createPauses(directory, { redis, clock })
    await away.pauses.pause(everything)
    await isPaused(one)
    await one.pauses.resume(everything)
    const back = createPauses(directory, { redis, clock })
    await back.pauses.sync()
    expect(back.pauses.list()).toEqual([])
    await isMinting(one)
  })

  it('all keep what several of them pause at the same time', async () => {
    const { url } = await startRedis()
    const { redis } = await connectRedis(url)
    const directories = await Promise.all([1, 2, 3, 4].map(() => createTemporaryDirectory()))
    const replicas = directories.map((directory) => createPauses(directory, { redis }).pauses)
    const stored = await Promise.all(
      replicas.map((pauses, index) => pauses.pause(ofPreset(`p${index}`, { forMs: MINUTE_MS }))),
    )
    expect(stored).toEqual(replicas.map(() => ({ filesFault: null, redisFault: null })))
    for (const pauses of replicas) {
      await pauses.sync()
      expect(pauses.list()).toHaveLength(4)
    }
  })

  it('write nothing to Redis before the first pause', async () => {
    const { url, client } = await startRedis()
    const one = await startReplica(url)
    await isConnected(one)
    expect(await client.dbsize()).toBe(0)
  })

  it('replace what is none of our lists', async () => {
    const { url, client } = await startRedis()
    await client.set('{realtime-mint}:pauses', '[{"scope":"everything"}]')
    const one = await startReplica(url)
    await isConnected(one)
    expect(await one.pauses.pause(everything)).toMatchObject({ redisFault: null })
    expect((await startReplica(url)).pauses.list()).toHaveLength(1)
  })
})
