/** Single-use tokens, remembered by Redis for all replicas. */
import type { RedisConnection } from './connection.ts'
import { KEY_PREFIX, toScript } from './script.ts'

export interface RedisUsedTokensOptions {
  readonly redis: RedisConnection
  /** A keyed pseudonym: Redis learns of no token. */
  readonly toPseudonym: (id: string) => string
  /** Unix milliseconds. */
  readonly clock: () => number
}

export interface UsedTokens {
  /** `used` where it was reserved before and not released; remembered until then. */
  readonly reserve: (id: string, untilUnixSeconds: number) => Promise<'reserved' | 'used'>
  readonly release: (id: string) => Promise<void>
}

const reserveScript = toScript(`
return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 1 or 0
`)

const releaseScript = toScript(`
return redis.call('DEL', KEYS[1])
`)

/**
 * Throws a RedisUnavailable while Redis cannot be asked: nobody else knows what other replicas have let in. A
 * reservation whose reply was lost may hold, and then costs its caller a new token; it never lets one in twice.
 */
export function createRedisUsedTokens({ redis, toPseudonym, clock }: RedisUsedTokensOptions): UsedTokens {
  const toKey = (id: string): string => `${KEY_PREFIX}token:${toPseudonym(id)}`

  return {
    reserve: async (id, untilUnixSeconds) => {
      const ttlMs = Math.max(1, Math.ceil(untilUnixSeconds * 1000 - clock()))
      return (await redis.run(reserveScript, [toKey(id)], [ttlMs])) === 1 ? 'reserved' : 'used'
    },
    release: async (id) => {
      await redis.run(releaseScript, [toKey(id)], [])
    },
  }
}
