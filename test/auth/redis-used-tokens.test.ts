import { expect, it } from 'vitest'
import { RedisUsedTokens } from '../../src/auth/redis-used-tokens.ts'
import { connectRedis, describeRedis, startRedis } from '../support/redis.ts'

const NOW_MS = 1_790_000_000_000
const inSeconds = (seconds: number): number => NOW_MS / 1_000 + seconds

/** Two replicas that share used tokens. */
async function startReplicas() {
  const server = await startRedis()
  const connect = async () => {
    const { redis } = await connectRedis(server.url)
    return new RedisUsedTokens({ redis, unixNow: () => NOW_MS })
  }
  return { server, one: await connect(), other: await connect() }
}

describeRedis('a single-use token', () => {
  it('is reserved once across replicas, also by simultaneous calls', async () => {
    const { one, other } = await startReplicas()
    const tries = Array.from({ length: 100 }, (_, index) =>
      (index % 2 === 0 ? one : other).reserve('token', inSeconds(60)),
    )
    expect((await Promise.all(tries)).filter((outcome) => outcome === 'reserved')).toHaveLength(1)
  })

  it('can be reserved again after its release', async () => {
    const { one, other } = await startReplicas()
    await one.reserve('token', inSeconds(60))
    await one.release('token')
    expect(await other.reserve('token', inSeconds(60))).toBe('reserved')
  })

  it.each<[what: string, seconds: number, least: number, most: number]>([
    ['until it expires', 60, 59_000, 60_000],
    ['for a millisecond if it is expired', -60, -2, 1],
  ])('is remembered %s', async (_, seconds, least, most) => {
    const { server, one } = await startReplicas()
    await one.reserve('token', inSeconds(seconds))
    const ttl = await server.client.pttl('{realtime-mint}:token:token')
    expect(ttl).toBeGreaterThanOrEqual(least)
    expect(ttl).toBeLessThanOrEqual(most)
  })

  it('stays used for the replica that reserved it, even if Redis loses its data', async () => {
    const { server, one, other } = await startReplicas()
    await one.reserve('token', inSeconds(60))
    await server.client.flushall()
    expect(await one.reserve('token', inSeconds(60))).toBe('used')
    expect(await other.reserve('token', inSeconds(60))).toBe('used')
  })

  it('is neither accepted nor refused while Redis is down', async () => {
    const { server, one } = await startReplicas()
    await server.kill()
    const unavailable = { name: 'RedisUnavailable' }
    await expect(one.reserve('token', inSeconds(60))).rejects.toMatchObject(unavailable)
    await expect(one.release('token')).rejects.toMatchObject(unavailable)
  })
})
