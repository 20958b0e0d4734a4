/** Single-use tokens, remembered by Redis for all replicas. */

import type { RedisConnection } from '../redis/connection.ts'
import { KEY_PREFIX, toScript } from '../redis/script.ts'
import { MemoryUsedTokens, type UsedTokens } from './used-tokens.ts'

export interface RedisUsedTokensOptions {
  readonly redis: RedisConnection
  /** Unix milliseconds. */
  readonly unixNow: () => number
}

const toKey = (id: string): string => `${KEY_PREFIX}token:${id}`

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
export function createRedisUsedTokens({ redis, unixNow }: RedisUsedTokensOptions): UsedTokens {
  /** Redis can lose what it knew; while there is room, what was let in here is not let in here again. */
  const own = new MemoryUsedTokens({ unixNow })

  return {
    reserve: async (id, untilUnixSeconds) => {
      const ttlMs = Math.max(1, Math.ceil(untilUnixSeconds * 1000 - unixNow()))
      if ((await redis.run(reserveScript, [toKey(id)], [ttlMs])) !== 1) return 'used'
      return own.reserve(id, untilUnixSeconds).catch(() => 'reserved')
    },
    release: async (id) => {
      await own.release(id)
      await redis.run(releaseScript, [toKey(id)], [])
    },
  }
}
