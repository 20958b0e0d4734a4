/** The one connection to Redis or Valkey: in use while Redis answers in time, and probed until it does. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Secret } from '../secret.ts'
import {
  type RedisFault,
  RedisUnavailable,
  toCommandFault,
  toConnectionFault,
  toRedisFault,
} from './faults.ts'
import { ReplyTimeout } from './reply-timeout.ts'
import { KEY_PREFIX, type Script, toScript } from './script.ts'
import { useStrictReplies } from './strict-replies.ts'

export interface RedisConnectionOptions {
  /** `redis:` or `rediss:`, with optional user, password and database. */
  readonly url: Secret
  /** Called when Redis becomes unavailable, with the cause, and with null when it is available again. */
  readonly onChange: (fault: RedisFault | null) => void
}

const REPLY_MS = 100
const CONNECT_MS = 500
/** How long a start waits for Redis. */
const OPEN_MS = 1_000
const PROBE_MS = 500
/** A connection that is not ready after so many probes is replaced. */
const MAX_UNREADY_PROBES = 3

/** Everything that the service asks Redis for, so that a missing permission shows before a caller needs it. */
const probe = toScript(`
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'PX', 1000)
redis.call('GET', KEYS[1])
return redis.call('DEL', KEYS[1])
`)

/** Commands do not wait in queues and are not sent twice: the caller of this module has a fallback. */
function createClient(url: Secret): Redis {
  useStrictReplies()
  const { protocol, hostname, port, username, password } = new URL(url.reveal())
  return new Redis({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    // No HELLO, CLIENT SETINFO or INFO: an ACL may forbid them, and old servers do not know them.
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: REPLY_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, PROBE_MS),
  })
}

export class RedisConnection {
  readonly #client: Redis
  readonly #database: number
  readonly #replyTimeout = new ReplyTimeout(REPLY_MS)
  readonly #onChange: (fault: RedisFault | null) => void
  readonly #known = Promise.withResolvers<void>()
  /** Replies name the call that they answer, so that no call takes the reply of another one. */
  readonly #instance = randomUUID()
  #calls = 0
  /** Null while Redis is available; undefined until that is known. */
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
      this.#lastFault = toConnectionFault(error)
      if (this.#lastFault === 'malformed') this.#replace('malformed')
    })
    this.#client.on('close', () => {
      if (this.#fault === null) this.#change('unreachable')
    })
    this.#client.on('ready', () => void this.#probe())
  }

  get available(): boolean {
    return this.#fault === null
  }

  /** Resolves when it is known whether Redis is available: within a second. */
  async open(): Promise<void> {
    this.#connect()
    this.#clock = setInterval(() => void this.#probe(), PROBE_MS).unref()
    const late = setTimeout(() => this.#change(this.#lastFault), OPEN_MS)
    await this.#known.promise
    clearTimeout(late)
  }

  /** The script's reply. Throws a RedisUnavailable: at once while Redis is down, otherwise within about 120 ms. */
  async run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    if (this.#fault !== null) throw new RedisUnavailable(this.#fault ?? 'unreachable')
    try {
      return await this.#evaluate(script, keys, values)
    } catch (error) {
      const fault = toRedisFault(error)
      if (fault === 'malformed') this.#replace(fault)
      else this.#change(fault)
      throw new RedisUnavailable(fault)
    }
  }

  close(): void {
    clearInterval(this.#clock)
    // A wanted end is not reported.
    this.#fault = 'unreachable'
    this.#client.disconnect()
  }

  async #evaluate(
    { sha, text }: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    this.#calls += 1
    const call = `${this.#instance}:${this.#calls}`
    const rest = [keys.length, ...keys, ...values, call]
    const reply: unknown = await this.#replyTimeout
      .wait(this.#client.call('EVALSHA', sha, ...rest))
      .catch((error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return this.#replyTimeout.wait(this.#client.call('EVAL', text, ...rest))
      })
    const [answered, result]: readonly unknown[] = Array.isArray(reply) ? reply : []
    if (answered !== call) throw new RedisUnavailable('malformed')
    return result
  }

  #change(fault: RedisFault | null): void {
    const before = this.#fault
    this.#fault = fault
    this.#known.resolve()
    const isNews = before === undefined ? fault !== null : (before === null) !== (fault === null)
    if (isNews) this.#onChange(fault)
    // A single slow reply is not a reason to wait for the next probe.
    if (before === null) void this.#probe()
  }

  /** No later reply on this connection can be trusted. */
  #replace(fault: RedisFault): void {
    this.#client.disconnect(true)
    if (this.#fault === null) this.#change(fault)
  }

  #connect(): void {
    this.#client.connect().catch(() => undefined)
  }

  async #probe(): Promise<void> {
    if (this.#fault === null || this.#isProbing) return
    const { status } = this.#client
    if (status === 'end') return this.#connect()
    if (status !== 'ready') return this.#replaceStuck()
    this.#isProbing = true
    try {
      await this.#tryCommands()
      this.#change(null)
    } catch (error) {
      this.#lastFault = toCommandFault(error) ?? this.#lastFault
      // A new connection may reach another server, or avoid a device that drops this one's packets.
      this.#client.disconnect(true)
    } finally {
      this.#isProbing = false
      this.#probesUnready = 0
    }
  }

  /** ioredis is not told the database: if Redis refuses it, ioredis would continue in database 0. */
  async #tryCommands(): Promise<void> {
    if (this.#database !== 0) await this.#replyTimeout.wait(this.#client.call('SELECT', this.#database))
    await this.#evaluate(probe, [`${KEY_PREFIX}probe`], [])
  }

  /** ioredis has no time limit for a handshake. */
  #replaceStuck(): void {
    this.#probesUnready += 1
    if (this.#probesUnready < MAX_UNREADY_PROBES) return
    this.#probesUnready = 0
    this.#client.disconnect(true)
  }
}
