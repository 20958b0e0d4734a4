/** What docker-compose.yml allows the service to do in Valkey: what it needs, and nothing else. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { RedisUsedTokens } from '../../src/auth/redis-used-tokens.ts'
import { SharedPauses } from '../../src/pauses/shared-pauses.ts'
import { connectRedis, describeRedis, startRedis } from '../support/redis.ts'
import { createTemporaryDirectory, ROOT, startTestService } from '../support/service.ts'

const PASSWORD = '0123456789abcdef'.repeat(2)

const composed = z.object({
  services: z.object({ valkey: z.object({ command: z.tuple([z.string()], z.string()) }) }),
})

/** A server with the settings of the compose file, except the port. */
async function startAsComposed() {
  const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8')
  const { command } = composed.parse(parse(text, { merge: true })).services.valkey
  const [, settings = ''] = /<<EOF\n([\s\S]*)EOF\n$/.exec(command.at(-1) ?? '') ?? []
  const file = join(await createTemporaryDirectory(), 'valkey.conf')
  await writeFile(file, settings.replace('$$password', PASSWORD))
  const { port } = await startRedis({ file })
  return { port, url: `redis://mint:${PASSWORD}@127.0.0.1:${port}` }
}

/** A client that sends any command. */
function createClient(port: number, credentials: { username?: string; password?: string }): Redis {
  const options = { protocol: 2, enableReadyCheck: false, disableClientInfo: true } as const
  const client = new Redis({ port, ...credentials, ...options })
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  return client
}

describeRedis('the Valkey of the compose file', () => {
  it('allows the service to count limits', async () => {
    const { url } = await startAsComposed()
    const service = await startTestService({
      environment: { REDIS_URL: url, RATE_LIMIT_PER_CALLER: '2/day' },
    })
    const statuses = [await service.mint(), await service.mint(), await service.mint()]
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
    expect((await service.records()).filter(({ event }) => event === 'store')).toEqual([])
  })

  it('allows it to store used tokens', async () => {
    const { url } = await startAsComposed()
    const { redis } = await connectRedis(url)
    const tokens = new RedisUsedTokens({ redis, unixNow: () => 0 })
    expect([await tokens.reserve('a', 60), await tokens.reserve('a', 60)]).toEqual(['reserved', 'used'])
    await tokens.release('a')
    expect(await tokens.reserve('a', 60)).toBe('reserved')
  })

  it('allows it to share pauses', async () => {
    const { url } = await startAsComposed()
    const { redis } = await connectRedis(url)
    const [one, other] = [new SharedPauses(redis), new SharedPauses(redis)]
    expect(await one.read()).toEqual([])
    const entry = { scope: 'all', value: null, state: 'paused', by: 'ADMIN_TOKEN', note: null } as const
    expect(await one.write([{ ...entry, at: 1, until: null }])).toBe(true)
    expect(await other.read()).toEqual([{ ...entry, at: 1, until: null }])
  })

  it.each<[what: string, command: string, values: readonly string[]]>([
    ['read other keys', 'get', ['other']],
    ['write other keys', 'set', ['other', 'x']],
    ['use other keys in scripts', 'eval', ["return redis.call('GET', 'other')", '0']],
    ['list keys', 'keys', ['*']],
    ['scan keys', 'scan', ['0']],
    ['delete everything', 'flushall', []],
    ['delete everything in a script', 'eval', ["return redis.call('FLUSHALL')", '0']],
    ['change settings', 'config', ['set', 'maxmemory', '0']],
    ['change users', 'acl', ['list']],
    ['watch other clients', 'monitor', []],
    ['stop it', 'shutdown', []],
    ['publish', 'publish', ['a', 'b']],
    ['read its statistics', 'info', []],
  ])('does not allow it to %s', async (_, command, values) => {
    const { port } = await startAsComposed()
    const client = createClient(port, { username: 'mint', password: PASSWORD })
    await expect(client.call(command, ...values)).rejects.toThrow(/NOPERM|can't (?:access|run)/)
  })

  it.each([
    {},
    { password: '' },
    { username: 'default', password: PASSWORD },
    { username: 'mint', password: 'x' },
  ])('refuses the credentials %j', async (credentials) => {
    const { port } = await startAsComposed()
    const client = createClient(port, credentials)
    await expect(client.get('{realtime-mint}:a')).rejects.toThrow(/NOAUTH|WRONGPASS|closed/i)
  })
})
