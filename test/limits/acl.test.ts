/** What docker-compose.yml allows the service to do in its store: enough, and no more. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { RedisUsedTokens } from '../../src/auth/redis-used-tokens.ts'
import { RedisConnection } from '../../src/redis/connection.ts'
import { Secret } from '../../src/secret.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { startRedis } from '../support/redis.ts'
import { createTemporaryDirectory, ROOT, startTestService } from '../support/service.ts'

const PASSWORD = '0123456789abcdef'.repeat(2)

const composed = z.object({
  services: z.object({ valkey: z.object({ command: z.tuple([z.string()], z.string()) }) }),
})

/** A server with the settings that the compose file hands it, but for the port. */
async function startAsComposed() {
  const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8')
  const { command } = composed.parse(parse(text, { merge: true })).services.valkey
  const [, settings = ''] = /<<EOF\n([\s\S]*)EOF\n$/.exec(command.at(-1) ?? '') ?? []
  const file = join(await createTemporaryDirectory(), 'valkey.conf')
  await writeFile(file, settings.replace('$$password', PASSWORD))
  const { port } = await startRedis({ file })
  return { port, url: `redis://mint:${PASSWORD}@127.0.0.1:${port}` }
}

async function connect(url: string): Promise<RedisConnection> {
  const redis = new RedisConnection({ url: new Secret(url), onChange: () => undefined })
  onTestFinished(() => redis.close())
  await redis.open()
  return redis
}

/** A client that may ask anything, if it is let. */
function createClient(port: number, credentials: { username?: string; password?: string }): Redis {
  const client = new Redis({
    port,
    ...credentials,
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  return client
}

describe.skipIf(isMissing('redis-server'))(
  `the store of the compose file${ifMissing('redis-server')}`,
  () => {
    it('lets the service hold its limits', async () => {
      const { url } = await startAsComposed()
      const service = await startTestService({
        environment: { REDIS_URL: url, RATE_LIMIT_PER_CALLER: '2/day' },
      })
      const statuses = [await service.mint(), await service.mint(), await service.mint()]
      expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
      expect((await service.records()).filter(({ event }) => event === 'store')).toEqual([])
    })

    it('lets it remember used tokens', async () => {
      const { url } = await startAsComposed()
      const tokens = new RedisUsedTokens({ redis: await connect(url), unixNow: () => 0 })
      expect([await tokens.reserve('a', 60), await tokens.reserve('a', 60)]).toEqual(['reserved', 'used'])
      await tokens.release('a')
      expect(await tokens.reserve('a', 60)).toBe('reserved')
    })

    it.each<[what: string, command: string, values: readonly string[]]>([
      ['read other keys', 'get', ['other']],
      ['write other keys', 'set', ['other', 'x']],
      ['use other keys in scripts', 'eval', ["return redis.call('GET', 'other')", '0']],
      ['list keys', 'keys', ['*']],
      ['scan keys', 'scan', ['0']],
      ['forget everything', 'flushall', []],
      ['forget everything in a script', 'eval', ["return redis.call('FLUSHALL')", '0']],
      ['change settings', 'config', ['set', 'maxmemory', '0']],
      ['change users', 'acl', ['list']],
      ['watch others', 'monitor', []],
      ['stop it', 'shutdown', []],
      ['publish', 'publish', ['a', 'b']],
      ['ask about it', 'info', []],
    ])('does not let it %s', async (_, command, values) => {
      const { port } = await startAsComposed()
      const client = createClient(port, { username: 'mint', password: PASSWORD })
      await expect(client.call(command, ...values)).rejects.toThrow(/NOPERM|can't (?:access|run)/)
    })

    it.each([
      {},
      { password: '' },
      { username: 'default', password: PASSWORD },
      { username: 'mint', password: 'x' },
    ])('lets nobody in with %j', async (credentials) => {
      const { port } = await startAsComposed()
      const client = createClient(port, credentials)
      await expect(client.get('{realtime-mint}:a')).rejects.toThrow(/NOAUTH|WRONGPASS|closed/i)
    })
  },
)
