/** The service with Redis, from outside. */
import { expect, it, vi } from 'vitest'
import { ask as askOf } from '../routes/asking.ts'
import { callsOf, describeRedis, redisOutages, startRedis } from '../support/redis.ts'
import { limited, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'

const LIMIT = 6

type Replica = Awaited<ReturnType<typeof startReplica>>

async function startReplica(redisUrl: string, settings: Readonly<Record<string, string>> = {}) {
  const fixed = { REDIS_URL: redisUrl, REPLICAS: '2', RATE_LIMIT_PER_CALLER: `${LIMIT}/day` }
  const service = await startTestService({ environment: { ...fixed, ...settings } })
  const ask = (remoteAddress = '192.0.2.1') => askOf(service, { query: '?preset=assistant', remoteAddress })
  const preflight = (origin = ORIGIN) => {
    const headers = { origin, 'access-control-request-method': 'POST' }
    return askOf(service, { method: 'OPTIONS', remoteAddress: '192.0.2.1', headers })
  }
  /** How many of these mints, one after the other, are issued. */
  async function issuedOf(times: number, from?: string): Promise<number> {
    let issued = 0
    for (let time = 0; time < times; time += 1) {
      const reply = await ask(from)
      if (reply.statusCode === 200) issued += 1
      else expect(refusalOf(reply)).toEqual(limited)
    }
    return issued
  }
  async function storeRecords(): Promise<readonly unknown[]> {
    const records = await service.records()
    return records.filter(({ event }) => event === 'store').map(({ detail }) => detail)
  }
  return { ...service, ask, preflight, issuedOf, storeRecords }
}

const isRestored = ({ storeRecords }: Replica): Promise<void> =>
  vi.waitFor(async () => expect((await storeRecords()).at(-1)).toEqual({ state: 'restored' }), {
    timeout: 4_000,
    interval: 20,
  })

describeRedis('replicas with one Redis', () => {
  it('share one limit', async () => {
    const { url } = await startRedis()
    const [one, other] = [await startReplica(url), await startReplica(url)]
    expect(await one.issuedOf(4)).toBe(4)
    expect((await other.ask()).headers['ratelimit']).toBe(`"caller";r=${LIMIT - 5};t=86400`)
    expect([await other.issuedOf(4), await one.issuedOf(4)]).toEqual([1, 0])
  })

  it('store no address in Redis, and nothing without expiry', async () => {
    const { client, url } = await startRedis()
    const { ask, app } = await startReplica(url)
    await ask('203.0.113.77')
    await app.inject({ url: '/nowhere', remoteAddress: '203.0.113.77' })
    const keys = await client.keys('*')
    expect(keys.toSorted()).toEqual([
      expect.stringMatching(/^\{realtime-mint\}:address\/second:[0-9a-f]{32}$/),
      expect.stringMatching(/^\{realtime-mint\}:caller\/day:[0-9a-f]{32}$/),
      '{realtime-mint}:total/second:all',
    ])
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0)
  })

  it('need two scripts for a mint, and one for any other request', async () => {
    const server = await startRedis()
    const { ask, app } = await startReplica(server.url)
    await ask()
    const before = await callsOf(server, 'evalsha')
    await ask()
    expect(await callsOf(server, 'evalsha')).toBe(before + 2)
    await app.inject('/nowhere')
    expect(await callsOf(server, 'evalsha')).toBe(before + 3)
  })
})

describeRedis('a replica whose Redis fails', () => {
  it.each(redisOutages.slice(0, 3))(
    'because it $what applies its share, and records it',
    async ({ fault: cause, begin, end }) => {
      const server = await startRedis()
      const replica = await startReplica(server.url)
      expect(await replica.issuedOf(1)).toBe(1)
      await begin(server)
      expect(await replica.issuedOf(5)).toBe(2)
      expect(await replica.issuedOf(5, '192.0.2.2')).toBe(3)
      await end(server)
      await isRestored(replica)
      expect(await replica.storeRecords()).toEqual([{ state: 'degraded', cause }, { state: 'restored' }])
      expect(await replica.issuedOf(1, '192.0.2.3')).toBe(1)
      expect(replica.logText()).toContain(`"cause":"${cause}"`)
      expect(replica.logText() + (await replica.auditText())).not.toMatch(/maxmemory|ECONN|used memory/)
    },
  )

  it('issues nothing and is not ready if Redis is required, and pages can read that', async () => {
    const server = await startRedis()
    const replica = await startReplica(server.url, {
      REDIS_REQUIRED: 'true',
      RATE_LIMIT_PER_ADDRESS: '10/minute',
    })
    expect(await replica.issuedOf(1)).toBe(1)
    await server.kill()
    const reply = await replica.ask()
    expect(refusalOf(reply)).toEqual([503, 'limits_unavailable', null])
    expect(reply.headers['retry-after']).toBe('1')
    expect((await replica.records()).at(-1)).toMatchObject({ reason: 'store_down', status: 503 })
    expect(reply.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect((await replica.preflight()).statusCode).toBe(204)
    expect((await replica.preflight('https://evil.example')).statusCode).toBe(403)
    expect((await replica.ask()).statusCode).toBe(503)
    expect((await replica.app.inject('/livez')).statusCode).toBe(200)
    expect(await replica.app.inject('/readyz')).toMatchObject({
      statusCode: 503,
      body: '{"status":"limits_unavailable"}',
    })
    await server.start()
    await isRestored(replica)
    expect(await replica.issuedOf(1)).toBe(1)
    expect((await replica.app.inject('/readyz')).statusCode).toBe(200)
  })

  it('applies its share from the start', async () => {
    const server = await startRedis()
    await server.kill()
    const replica = await startReplica(server.url)
    expect(await replica.issuedOf(5)).toBe(3)
    expect(await replica.storeRecords()).toEqual([{ state: 'degraded', cause: 'unreachable' }])
  })
})
