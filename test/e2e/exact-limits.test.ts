/** Three processes, one Redis, and ten thousand requests at once. */

import { Pool } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { createEnvironment, type ServiceProcess, startServiceProcess } from '../support/process.ts'
import { describeRedis, type RedisServer, startRedis } from '../support/redis.ts'
import { API_KEY, AUDIT_KEY, ORIGIN } from '../support/service.ts'

const REQUESTS = 10_000
const CALLERS = 40
const PER_CALLER = 20
const TOTAL = 500
/** To each process. More would measure how fast this one opens them. */
const SOCKETS = 1_000

async function startFleet(redisUrl: string, baseUrl: string) {
  const environment = {
    REDIS_URL: redisUrl,
    AUDIT_KEY,
    AUDIT_DURABILITY: 'write',
    REPLICAS: '3',
    TRUST_PROXY: '127.0.0.1',
    RATE_LIMIT_PER_ADDRESS: '1000000/hour',
    RATE_LIMIT_PER_CALLER: `${PER_CALLER}/hour`,
    RATE_LIMIT_TOTAL: `${TOTAL}/hour`,
    MAX_CONCURRENT_MINTS: '10000',
  }
  return Promise.all(
    [1, 2, 3].map(async () => startServiceProcess({ ...(await createEnvironment(baseUrl)), ...environment })),
  )
}

/** The sum that Redis has at the start of a log. */
async function usedOf({ client }: RedisServer, log: string): Promise<number | undefined> {
  return (await client.getBuffer(`{realtime-mint}:${log}`))?.readUInt32LE()
}

/**
 * How many of them used local limits for a while: on a busy machine, Redis may get no processor for a tenth of a second.
 * Ends them first, so that their logs are complete.
 */
async function countFallen(fleet: readonly ServiceProcess[]): Promise<number> {
  for (const { child } of fleet) child.kill('SIGTERM')
  await Promise.all(fleet.map(({ ended }) => ended))
  return fleet.filter(({ stdout }) => stdout().includes('redis unavailable')).length
}

describeRedis('limits of three processes', () => {
  it('are exact however many requests come at once', async () => {
    const [redis, sandbox] = [await startRedis(), await startSandbox({ apiKey: API_KEY })]
    onTestFinished(() => sandbox.close())
    const fleet = await startFleet(redis.url, sandbox.baseUrl)
    const pools = fleet.map(({ url }) => new Pool(url, { connections: SOCKETS }))
    onTestFinished(async () => void (await Promise.all(pools.map((pool) => pool.destroy()))))

    const admitted = Array.from({ length: CALLERS }, () => 0)
    async function mint(index: number): Promise<void> {
      const caller = index % CALLERS
      const reply = await pools[index % pools.length]?.request({
        path: '/v1/realtime/client_secrets?preset=voice-assistant',
        method: 'POST',
        headers: { origin: ORIGIN, 'x-forwarded-for': `203.0.113.${caller}` },
      })
      await reply?.body.dump()
      // Whatever its result: the sandbox shares this process with the callers.
      if (reply?.statusCode !== 429) admitted[caller] = (admitted[caller] ?? 0) + 1
    }

    await Promise.all(Array.from({ length: REQUESTS }, (_, index) => mint(index)))
    const total = admitted.reduce((sum, count) => sum + count)
    const onItsOwn = (limit: number, replicas: number): number => replicas * Math.floor(limit / fleet.length)

    expect(await usedOf(redis, 'total/hour:all')).toBeLessThanOrEqual(TOTAL)
    const fallen = await countFallen(fleet)
    expect(total).toBeLessThanOrEqual(TOTAL + onItsOwn(TOTAL, fallen))
    expect(Math.max(...admitted)).toBeLessThanOrEqual(PER_CALLER + onItsOwn(PER_CALLER, fallen))
    expect(total).toBeGreaterThanOrEqual(fallen === 0 ? TOTAL : 0)
  }, 60_000)
})
