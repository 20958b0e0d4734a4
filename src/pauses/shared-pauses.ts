/** Pauses in Redis, where all replicas find them: one list, replaced only by a replica that knows what is in it. */
import { hash } from 'node:crypto'
import type { RedisConnection } from '../redis/connection.ts'
import { RedisUnavailable } from '../redis/faults.ts'
import { KEY_PREFIX, toScript } from '../redis/script.ts'
import { formatEntries, type PauseEntry, parseEntries } from './pause.ts'

const KEY = `${KEY_PREFIX}pauses`

/** The list, unless the caller knows it; then it is replaced by another one, if there is one. */
const exchangeScript = toScript(`
local list = redis.call('GET', KEYS[1]) or ''
if redis.sha1hex(list) ~= ARGV[1] then return list end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2]) end
return 1
`)

export class SharedPauses {
  readonly #redis: RedisConnection
  #list = ''
  #entries: readonly PauseEntry[] = []

  constructor(redis: RedisConnection) {
    this.#redis = redis
  }

  /** What the replicas know. Throws a RedisUnavailable. */
  async read(): Promise<readonly PauseEntry[]> {
    await this.#exchange('')
    return this.#entries
  }

  /** False if another replica replaced the list meanwhile: it has been read again. Throws a RedisUnavailable. */
  async write(entries: readonly PauseEntry[]): Promise<boolean> {
    const next = formatEntries(entries)
    const isEmpty = this.#list === '' && entries.length === 0
    if (isEmpty || next === this.#list) return true
    if (!(await this.#exchange(next))) return false
    this.#keep(next)
    return true
  }

  async #exchange(next: string): Promise<boolean> {
    const reply = await this.#redis.run(exchangeScript, [KEY], [hash('sha1', this.#list), next])
    if (reply === 1) return true
    if (typeof reply !== 'string') throw new RedisUnavailable('malformed')
    this.#keep(reply)
    return false
  }

  /** A list that is not ours counts as empty, and is replaced by the next write. */
  #keep(list: string): void {
    this.#list = list
    this.#entries = parseEntries(list) ?? []
  }
}
