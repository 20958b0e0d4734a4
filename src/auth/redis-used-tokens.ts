/** Remembers used tokens in Redis, for all replicas. */
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
 * Rejects with a RedisUnavailable while Redis is down: no other place knows the tokens that other replicas accepted. If
 * the reply to a reservation is lost, the token stays used: its caller needs a new one, and it is never accepted twice.
 */
export class RedisUsedTokens implements UsedTokens {
  readonly #options: RedisUsedTokensOptions
  /** Redis can lose data: while there is room, this replica accepts no token twice. */
  readonly #own: MemoryUsedTokens

  constructor(options: RedisUsedTokensOptions) {
    this.#options = options
    this.#own = new MemoryUsedTokens(options)
  }

  async reserve(id: string, untilUnixSeconds: number): Promise<'reserved' | 'used'> {
    const { redis, unixNow } = this.#options
    const ttlMs = Math.max(1, Math.ceil(untilUnixSeconds * 1000 - unixNow()))
    if ((await redis.run(reserveScript, [toKey(id)], [ttlMs])) !== 1) return 'used'
    return this.#own.reserve(id, untilUnixSeconds).catch(() => 'reserved')
  }

  async release(id: string): Promise<void> {
    await this.#own.release(id)
    await this.#options.redis.run(releaseScript, [toKey(id)], [])
  }
}
