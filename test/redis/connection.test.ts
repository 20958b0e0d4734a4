import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RedisConnection } from '../../src/redis/connection.ts'
import type { RedisFault } from '../../src/redis/faults.ts'
import { toScript } from '../../src/redis/script.ts'
import { Secret } from '../../src/secret.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { startRelay } from '../support/relay.ts'

const echo = toScript("redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000) return redis.call('GET', KEYS[1])")

async function open(url: string) {
  const changes: (RedisFault | null)[] = []
  const connection = new RedisConnection({ url: new Secret(url), onChange: (fault) => changes.push(fault) })
  onTestFinished(() => connection.close())
  await connection.open()
  const ask = (): Promise<unknown> => connection.run(echo, ['{realtime-mint}:echo'], ['hello'])
  return { connection, changes, ask }
}

/** Operators are promised four seconds. */
const soon = (is: () => void): Promise<void> => vi.waitFor(is, { timeout: 4_000, interval: 10 })

interface Fault {
  readonly what: string
  readonly fault: RedisFault
  readonly spoil: (server: RedisServer) => unknown
  readonly mend: (server: RedisServer) => unknown
}

const set = (name: string, value: string) => (server: RedisServer) => server.client.config('SET', name, value)
const allow = (rule: string) => (server: RedisServer) => server.client.acl('SETUSER', 'default', rule)

const faults: readonly Fault[] = [
  { what: 'is killed', fault: 'unreachable', spoil: ({ kill }) => kill(), mend: ({ start }) => start() },
  {
    what: 'freezes',
    fault: 'timeout',
    spoil: ({ signal }) => signal('SIGSTOP'),
    mend: ({ signal }) => signal('SIGCONT'),
  },
  {
    what: 'becomes a replica, which takes no writes',
    fault: 'read_only',
    spoil: ({ client }) => client.replicaof('127.0.0.1', '1'),
    mend: ({ client }) => client.replicaof('NO', 'ONE'),
  },
  {
    what: 'has no memory left',
    fault: 'out_of_memory',
    spoil: set('maxmemory', '1'),
    mend: set('maxmemory', '0'),
  },
  {
    what: 'lacks the replicas that it wants',
    fault: 'cut_off',
    spoil: set('min-replicas-to-write', '1'),
    mend: set('min-replicas-to-write', '0'),
  },
  {
    what: 'takes a permission away',
    fault: 'access_denied',
    spoil: allow('-evalsha'),
    mend: allow('+evalsha'),
  },
]

describe.skipIf(isMissing('redis-server'))(`a connection to Redis${ifMissing('redis-server')}`, () => {
  it('runs scripts, also those that Redis has forgotten', async () => {
    const { client, url } = await startRedis()
    const { ask, changes, connection } = await open(url)
    expect(await ask()).toBe('hello')
    await client.script('FLUSH')
    expect(await Promise.all([ask(), ask()])).toEqual(['hello', 'hello'])
    expect([connection.available, changes]).toEqual([true, []])
  })

  it.each(faults)('that $what is said to be down, once, and up again', async ({ fault, spoil, mend }) => {
    const server = await startRedis()
    const { ask, changes } = await open(server.url)
    await spoil(server)
    await expect(ask()).rejects.toMatchObject({ name: 'RedisUnavailable', fault })
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, ask))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
    expect(changes).toEqual([fault])
    await mend(server)
    await soon(() => expect(changes).toEqual([fault, null]))
    expect(await ask()).toBe('hello')
  })

  it('that is down fails at once, not after a time limit each', async () => {
    const { signal, url } = await startRedis()
    const { ask } = await open(url)
    signal('SIGSTOP')
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    // No time passes any more.
    vi.useFakeTimers({ toFake: ['setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    for (let times = 0; times < 100; times += 1) await expect(ask()).rejects.toThrow('redis: timeout')
  })

  it('that is slower than a tenth of a second is down until it is not', async () => {
    const { port } = await startRedis()
    const relay = await startRelay(port)
    const { ask, changes } = await open(`redis://127.0.0.1:${relay.port}`)
    relay.delayMs = 300
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    relay.delayMs = 0
    await soon(() => expect(changes).toEqual(['timeout', null]))
  })

  it('that is not that slow is used, also where a script takes a second trip', async () => {
    const { port } = await startRedis()
    const relay = await startRelay(port)
    const { ask, changes } = await open(`redis://127.0.0.1:${relay.port}`)
    relay.delayMs = 70
    expect([await ask(), await ask()]).toEqual(['hello', 'hello'])
    expect(changes).toEqual([])
  })

  it('that leads nowhere any more is replaced by another', async () => {
    const { port } = await startRedis()
    const relay = await startRelay(port)
    const { ask, changes } = await open(`redis://127.0.0.1:${relay.port}`)
    relay.lose()
    await expect(ask()).rejects.toMatchObject({ fault: 'timeout' })
    await soon(() => expect(changes).toEqual(['timeout', null]))
    expect(await ask()).toBe('hello')
  })

  it('does not take a busy process for a slow Redis', async () => {
    const { url } = await startRedis()
    const { ask, changes } = await open(url)
    const replies = Promise.all(Array.from({ length: 50 }, ask))
    const end = performance.now() + 500
    while (performance.now() < end);
    expect(await replies).toHaveLength(50)
    expect(changes).toEqual([])
  })
})

describe.skipIf(isMissing('redis-server'))(`a start${ifMissing('redis-server')}`, () => {
  it('without Redis says so, and goes on', async () => {
    const server = await startRedis()
    await server.kill()
    const { ask, changes } = await open(server.url)
    expect(changes).toEqual(['unreachable'])
    await expect(ask()).rejects.toMatchObject({ fault: 'unreachable' })
    await server.start()
    await soon(() => expect(changes).toEqual(['unreachable', null]))
    expect(await ask()).toBe('hello')
  })

  it('with Redis frozen says so too', async () => {
    const { signal, url } = await startRedis({ settings: ['--requirepass', 'password'] })
    signal('SIGSTOP')
    const { changes } = await open(url.replace('//', '//:password@'))
    expect(changes).toEqual([expect.stringMatching(/^(timeout|unreachable)$/)])
    signal('SIGCONT')
    await soon(() => expect(changes.at(-1)).toBe(null))
  })

  it('with a handshake that nobody answers tries another', async () => {
    const { port } = await startRedis({ settings: ['--requirepass', 'password'] })
    const relay = await startRelay(port)
    relay.isLosing = true
    const { changes } = await open(`redis://:password@127.0.0.1:${relay.port}`)
    relay.isLosing = false
    await soon(() => expect(changes).toEqual(['unreachable', null]))
  })

  it('with Redis still loading waits for it', async () => {
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

  it('with the right credentials is let in', async () => {
    const { url } = await startRedis({ settings: ['--requirepass', 'p@ss'] })
    const opened = await Promise.all(
      [':p%40ss@', 'default:p%40ss@'].map((who) => open(url.replace('//', `//${who}`))),
    )
    expect(opened.map(({ connection }) => connection.available)).toEqual([true, true])
  })

  it('without them is told why not', async () => {
    const { url } = await startRedis({ settings: ['--requirepass', 'p@ss'] })
    const opened = await Promise.all(
      [':pass@', 'mint:p%40ss@', ''].map((who) => open(url.replace('//', `//${who}`))),
    )
    expect(opened.map(({ changes }) => changes)).toEqual([
      ['access_denied'],
      ['access_denied'],
      ['access_denied'],
    ])
  })

  it('does not stumble over what others have left where it tries Redis out', async () => {
    const { client, url } = await startRedis()
    await client.rpush('{realtime-mint}:probe', 'x')
    expect((await open(url)).changes).toEqual([])
  })

  it('uses the database that it is told', async () => {
    const { client, url } = await startRedis()
    const { ask } = await open(`${url}/3`)
    await ask()
    expect(await client.dbsize()).toBe(0)
    await client.select(3)
    expect(await client.dbsize()).toBe(1)
  })

  it.each<[what: string, fault: RedisFault, spoil: (server: RedisServer) => unknown]>([
    ['is not there', 'refused', () => undefined],
    ['may not be selected', 'access_denied', allow('-select')],
  ])('uses no other database where that %s', async (_, fault, spoil) => {
    const server = await startRedis({ settings: ['--databases', '3'] })
    await spoil(server)
    const { ask, changes } = await open(`${server.url}/3`)
    expect(changes).toEqual([fault])
    await expect(ask()).rejects.toMatchObject({ name: 'RedisUnavailable' })
    expect(await server.client.dbsize()).toBe(0)
  })
})
