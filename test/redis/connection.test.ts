import { expect, it, onTestFinished, vi } from 'vitest'
import type { RedisFault } from '../../src/redis/faults.ts'
import { toScript } from '../../src/redis/script.ts'
import { connectRedis, describeRedis, type RedisServer, redisOutages, startRedis } from '../support/redis.ts'
import { startRelay } from '../support/relay.ts'

const echo = toScript("redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000) return redis.call('GET', KEYS[1])")

async function open(url: string) {
  const { redis, changes } = await connectRedis(url)
  const ask = (): Promise<unknown> => redis.run(echo, ['{realtime-mint}:echo'], ['hello'])
  return { redis, changes, ask }
}

/** Behind a relay. */
async function openRelayed(settings: readonly string[] = []) {
  const { port } = await startRedis({ settings })
  const relay = await startRelay(port)
  return { relay, url: `redis://127.0.0.1:${relay.port}` }
}

/** The documented time for a recovery. */
const soon = (is: () => void): Promise<void> => vi.waitFor(is, { timeout: 4_000, interval: 10 })

describeRedis('a connection to Redis', () => {
  it('runs scripts, even if Redis has lost them', async () => {
    const { client, url } = await startRedis()
    const { ask, changes, redis } = await open(url)
    expect(await ask()).toBe('hello')
    await client.script('FLUSH')
    expect(await Promise.all([ask(), ask()])).toEqual(['hello', 'hello'])
    expect([redis.available, changes]).toEqual([true, []])
  })

  it.each(redisOutages)(
    'reports once that Redis $what, and that it is back',
    async ({ fault, begin, end }) => {
      const server = await startRedis()
      const { ask, changes } = await open(server.url)
      await begin(server)
      await expect(ask()).rejects.toMatchObject({ name: 'RedisUnavailable', fault })
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, ask))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
      expect(changes).toEqual([fault])
      await end(server)
      await soon(() => expect(changes).toEqual([fault, null]))
      expect(await ask()).toBe('hello')
    },
  )

  it('fails at once while Redis is down', async () => {
    const { signal, url } = await startRedis()
    const { ask } = await open(url)
    signal('SIGSTOP')
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    // The timeout cannot expire any more.
    vi.useFakeTimers({ toFake: ['setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    for (let times = 0; times < 100; times += 1) await expect(ask()).rejects.toThrow('redis: timeout')
  })

  it('is unavailable while replies take more than 100 ms', async () => {
    const { relay, url } = await openRelayed()
    const { ask, changes } = await open(url)
    relay.delayMs = 300
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    relay.delayMs = 0
    await soon(() => expect(changes).toEqual(['timeout', null]))
  })

  it('waits for replies of 70 ms, also for the two round trips of a lost script', async () => {
    const { relay, url } = await openRelayed()
    const { ask, changes } = await open(url)
    relay.delayMs = 70
    expect([await ask(), await ask()]).toEqual(['hello', 'hello'])
    expect(changes).toEqual([])
  })

  it('is replaced if its packets are dropped', async () => {
    const { relay, url } = await openRelayed()
    const { ask, changes } = await open(url)
    relay.lose()
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    await soon(() => expect(changes).toEqual(['timeout', null]))
    expect(await ask()).toBe('hello')
  })

  it('does not mistake a busy process for a slow Redis', async () => {
    const { url } = await startRedis()
    const { ask, changes } = await open(url)
    const replies = Promise.all(Array.from({ length: 50 }, ask))
    const end = performance.now() + 500
    while (performance.now() < end);
    expect(await replies).toHaveLength(50)
    expect(changes).toEqual([])
  })
})

describeRedis('the first connection', () => {
  it('reports that Redis is down, and keeps trying', async () => {
    const server = await startRedis()
    await server.kill()
    const { ask, changes } = await open(server.url)
    expect(changes).toEqual(['unreachable'])
    await expect(ask()).rejects.toMatchObject({ fault: 'unreachable' })
    await server.start()
    await soon(() => expect(changes).toEqual(['unreachable', null]))
    expect(await ask()).toBe('hello')
  })

  it('reports that Redis is frozen', async () => {
    const { signal, url } = await startRedis({ settings: ['--requirepass', 'password'] })
    signal('SIGSTOP')
    const { changes } = await open(url.replace('//', '//:password@'))
    expect(changes).toEqual([expect.stringMatching(/^(timeout|unreachable)$/)])
    signal('SIGCONT')
    await soon(() => expect(changes.at(-1)).toBe(null))
  })

  it('is replaced if its handshake gets no reply', async () => {
    const { relay, url } = await openRelayed(['--requirepass', 'password'])
    relay.isLosing = true
    const { changes } = await open(url.replace('//', '//:password@'))
    relay.isLosing = false
    await soon(() => expect(changes).toEqual(['unreachable', null]))
  })

  it('waits until Redis has loaded its data', async () => {
    const server = await startRedis({ settings: ['--rdbcompression', 'no'] })
    const pipeline = server.client.pipeline()
    for (let key = 0; key < 200; key += 1) pipeline.set(String(key), 'x'.repeat(1_024))
    await pipeline.exec()
    await server.client.save()
    await server.kill()
    await server.start('--key-load-delay', '10000', '--loading-process-events-interval-bytes', '1024')
    const { ask, changes } = await open(server.url)
    expect(changes).toEqual(['loading'])
    await soon(() => expect(changes).toEqual(['loading', null]))
    expect(await ask()).toBe('hello')
  })

  it.each([
    [':p%40ss@', []],
    ['default:p%40ss@', []],
    [':pass@', ['access_denied']],
    ['mint:p%40ss@', ['access_denied']],
    ['', ['access_denied']],
  ])('sends user and password, and reports wrong ones: "%s" %j', async (credentials, changes) => {
    const { url } = await startRedis({ settings: ['--requirepass', 'p@ss'] })
    const opened = await open(url.replace('//', `//${credentials}`))
    expect([opened.changes, opened.redis.available]).toEqual([changes, changes.length === 0])
  })

  it('probes Redis although another client wrote to the key of the probe', async () => {
    const { client, url } = await startRedis()
    await client.rpush('{realtime-mint}:probe', 'x')
    expect((await open(url)).changes).toEqual([])
  })

  it('uses the database of the URL', async () => {
    const { client, url } = await startRedis()
    const { ask } = await open(`${url}/3`)
    await ask()
    expect(await client.dbsize()).toBe(0)
    await client.select(3)
    expect(await client.dbsize()).toBe(1)
  })

  it.each<[what: string, fault: RedisFault, begin: (server: RedisServer) => unknown]>([
    ['does not exist', 'refused', () => undefined],
    ['is forbidden', 'access_denied', ({ client }) => client.acl('SETUSER', 'default', '-select')],
  ])('uses no other database if that one %s', async (_, fault, begin) => {
    const server = await startRedis({ settings: ['--databases', '3'] })
    await begin(server)
    const { ask, changes } = await open(`${server.url}/3`)
    expect(changes).toEqual([fault])
    await expect(ask()).rejects.toMatchObject({ name: 'RedisUnavailable' })
    expect(await server.client.dbsize()).toBe(0)
  })
})
