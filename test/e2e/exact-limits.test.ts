/** Three processes, one Redis, and ten thousand requests at once. */

import { Pool } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { startRedis } from '../support/redis.ts'
import { API_KEY, AUDIT_KEY, ORIGIN } from '../support/service.ts'

const REQUESTS = 10_000
const CALLERS = 40
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
    RATE_LIMIT_PER_CALLER: '20/hour',
    RATE_LIMIT_TOTAL: '500/hour',
    MAX_CONCURRENT_MINTS: '10000',
  }
  return Promise.all(
    [1, 2, 3].map(async () => startServiceProcess({ ...(await createEnvironment(baseUrl)), ...environment })),
  )
}

describe.skipIf(isMissing('redis-server'))(`limits of three processes${ifMissing('redis-server')}`, () => {
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
      // Whatever becomes of it then: the sandbox shares this process with the crowd.
      if (reply?.statusCode !== 429) admitted[caller] = (admitted[caller] ?? 0) + 1
    }

    await Promise.all(Array.from({ length: REQUESTS }, (_, index) => mint(index)))
    const total = admitted.reduce((sum, count) => sum + count)
    // A machine can be so busy that Redis gets no processor for a tenth of a second.
    const [least, most] = fleet.some(({ stdout }) => stdout().includes('redis cannot be used'))
      ? [0, 2]
      : [1, 1]
    expect(total).toBeGreaterThanOrEqual(least * 500)
    expect(total).toBeLessThanOrEqual(most * 500)
    expect(Math.max(...admitted)).toBeLessThanOrEqual(most * 20)
  }, 60_000)
})
