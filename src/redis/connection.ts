/** The one connection to Redis or Valkey: used while it answers in time, and asked again and again when it does not. */
import { Redis } from 'ioredis'
import type { Secret } from '../secret.ts'
import { type RedisFault, RedisUnavailable, toRedisFault } from './faults.ts'
import { ReplyTimeout } from './reply-timeout.ts'
import { KEY_PREFIX, type Script, toScript } from './script.ts'

export interface RedisConnectionOptions {
  /** `redis:` or `rediss:`, with user, password and database where they are needed. */
  readonly url: Secret
  /** Told of each change but the first opening: why it cannot be used, or null when it can be again. */
  readonly onChange: (fault: RedisFault | null) => void
}

const REPLY_MS = 100
const CONNECT_MS = 500
/** How long a start waits for it. */
const OPEN_MS = 1_000
const PROBE_MS = 500
/** After which a connection that does not get ready is given up. */
const STUCK_PROBES = 3

/** All that is ever asked of Redis, so that what is forbidden or impossible shows here and not with a caller. */
const probe = toScript(`
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'PX', 1000)
redis.call('GET', KEYS[1])
return redis.call('DEL', KEYS[1])
`)

/** Nothing waits in queues and nothing is sent twice: what cannot be answered now is answered by somebody else. */
function createClient(url: Secret): Redis {
  const { protocol, hostname, port, username, password } = new URL(url.reveal())
  return new Redis({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    // Neither HELLO nor CLIENT SETINFO nor INFO: an ACL need not allow them, and old servers need not know them.
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: REPLY_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, PROBE_MS),
  })
}

export class RedisConnection {
  readonly #client: Redis
  readonly #database: number
  readonly #patience = new ReplyTimeout(REPLY_MS)
  readonly #onChange: (fault: RedisFault | null) => void
  readonly #known = Promise.withResolvers<void>()
  /** Null while it can be used; undefined until that is known. */
  #fault: RedisFault | null | undefined
  #lastFault: RedisFault = 'unreachable'
  #clock: NodeJS.Timeout | undefined
  #isProbing = false
  #probesUnready = 0

  constructor({ url, onChange }: RedisConnectionOptions) {
    this.#onChange = onChange
    this.#client = createClient(url)
    this.#database = Number(new URL(url.reveal()).pathname.slice(1))
    this.#client.on('error', (error) => {
      this.#lastFault = toRedisFault(error)
    })
    this.#client.on('close', () => {
      if (this.#fault === null) this.#change('unreachable')
    })
    this.#client.on('ready', () => void this.#probe())
  }

  get available(): boolean {
    return this.#fault === null
  }

  /** Resolves when it is known whether Redis can be used: within a second. */
  async open(): Promise<void> {
    this.#connect()
    this.#clock = setInterval(() => void this.#probe(), PROBE_MS).unref()
    const late = setTimeout(() => this.#change(this.#lastFault), OPEN_MS)
    await this.#known.promise
    clearTimeout(late)
  }

  /** The script's reply. Throws a RedisUnavailable: at once while Redis is known to be, else about 120 ms after a question. */
  async run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    if (this.#fault !== null) throw new RedisUnavailable(this.#fault ?? 'unreachable')
    try {
      return await this.#evaluate(script, keys, values)
    } catch (error) {
      const fault = toRedisFault(error)
      this.#change(fault)
      throw new RedisUnavailable(fault)
    }
  }

  close(): void {
    clearInterval(this.#clock)
    // Nobody is told of an end that is wanted.
    this.#fault = 'unreachable'
    this.#client.disconnect()
  }

  async #evaluate(
    script: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await this.#patience.wait(this.#client.evalsha(script.sha, keys.length, ...keys, ...values))
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return this.#patience.wait(this.#client.call('EVAL', script.text, keys.length, ...keys, ...values))
    }
  }

  #change(fault: RedisFault | null): void {
    const before = this.#fault
    this.#fault = fault
    this.#known.resolve()
    const isNews = before === undefined ? fault !== null : (before === null) !== (fault === null)
    if (isNews) this.#onChange(fault)
    // It may have been no more than a hiccup.
    if (before === null) void this.#probe()
  }

  #connect(): void {
    this.#client.connect().catch(() => undefined)
  }

  async #probe(): Promise<void> {
    if (this.#fault === null || this.#isProbing) return
    const { status } = this.#client
    if (status === 'end') return this.#connect()
    if (status !== 'ready') return this.#mendStuck()
    this.#isProbing = true
    try {
      await this.#tryOut()
      this.#change(null)
    } catch (error) {
      this.#lastFault = toRedisFault(error)
      // A new connection may lead to another server, or past whatever swallows the packets of this one.
      this.#client.disconnect(true)
    } finally {
      this.#isProbing = false
      this.#probesUnready = 0
    }
  }

  /** The client is not told of the database: refused it, it would go on in the first one. */
  async #tryOut(): Promise<void> {
    if (this.#database !== 0) await this.#patience.wait(this.#client.call('SELECT', this.#database))
    await this.#evaluate(probe, [`${KEY_PREFIX}probe`], [])
  }

  /** A handshake has no time limit of its own. */
  #mendStuck(): void {
    this.#probesUnready += 1
    if (this.#probesUnready < STUCK_PROBES) return
    this.#probesUnready = 0
    this.#client.disconnect(true)
  }
}
