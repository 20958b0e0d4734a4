/** The issuer's public keys: fetched ahead of need, kept for an hour without it, renewed when a token asks for more. */
import type { EventEmitter } from 'node:events'
import type { JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet } from 'jose/jwks/local'
import type { Dispatcher } from 'undici'
import { codeOf, ServiceError } from '../errors.ts'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher, type ProxyOptions } from '../outbound/dispatcher.ts'
import type { Keys } from './token.ts'

/** Where it is, and how it is reached. */
export interface KeySetSource {
  readonly url: URL
  /** Undefined: none. */
  readonly proxy: ProxyOptions | undefined
}

export interface KeySetOptions extends KeySetSource {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told when the keys stop coming, with a code that says why, and when they come again. */
  readonly onChange?: (coming: boolean, cause: string | undefined) => void
}

const FETCH_MS = 1_000
const REFRESH_MS = 5 * 60_000
const RETRY_MS = 2_000
const MAX_AGE_MS = 3_600_000
/** However many tokens name keys that nobody has. */
const RENEW_MS = 30_000

class KeySetError extends Error {
  readonly code: string

  constructor(code: string) {
    super(`the key set was not fetched: ${code}`)
    this.name = 'KeySetError'
    this.code = code
  }
}

interface Fetched {
  readonly text: string
  readonly keys: JWTVerifyGetKey
  readonly atMs: number
}

/** The parse error is dropped: it quotes its input. */
function parseKeySet(text: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(text))
  } catch {
    throw new KeySetError('not_a_key_set')
  }
}

async function readBody({ statusCode, body }: Dispatcher.ResponseData): Promise<string> {
  if (statusCode === 200) return body.text()
  body.on('error', () => undefined).destroy()
  throw new KeySetError(`status_${statusCode}`)
}

/** Follows no redirect. What goes wrong on the way changes no keys; they only grow old. */
export class KeySet implements Keys {
  readonly #options: KeySetOptions
  readonly #dispatcher: Dispatcher
  #fetched: Fetched | undefined
  #fetching: Promise<void> | undefined
  #isComing = true
  #renewedAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: KeySetOptions) {
    this.#options = options
    const { url, proxy } = options
    this.#dispatcher = createDispatcher({ origin: url.origin, maxConnections: 1, proxy })
  }

  /** Whether there are keys that are not too old. */
  get available(): boolean {
    return this.#fetched !== undefined && this.#options.now() - this.#fetched.atMs < MAX_AGE_MS
  }

  /** The keys in force; waits where they are being fetched for the first time. Throws keys_unavailable. */
  async current(): Promise<JWTVerifyGetKey> {
    if (!this.available) await this.#fetching
    if (this.#fetched === undefined || !this.available) throw new ServiceError('keys_unavailable')
    return this.#fetched.keys
  }

  /** Other keys than these, which did not do; undefined where there are none, or it is too soon to ask for them. */
  async newerThan(keys: JWTVerifyGetKey): Promise<JWTVerifyGetKey | undefined> {
    const now = this.#options.now()
    if (this.#fetching === undefined && now - this.#renewedAtMs >= RENEW_MS) {
      this.#renewedAtMs = now
      this.#fetching = this.#load()
    }
    await this.#fetching
    const newest = this.#fetched?.keys
    return newest === keys ? undefined : newest
  }

  /** Fetches now, unless that is under way, and from then on by itself. Resolves, whatever came of it. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#fetching ??= this.#load()
    await this.#fetching
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.refresh(), this.#isComing ? REFRESH_MS : RETRY_MS).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#dispatcher.destroy()
  }

  async #load(): Promise<void> {
    const { now, onChange } = this.#options
    // An answer is as old as its question.
    const atMs = now()
    let cause: string | undefined
    try {
      const text = await this.#ask()
      const { keys } = this.#fetched?.text === text ? this.#fetched : { keys: parseKeySet(text) }
      this.#fetched = { text, keys, atMs }
    } catch (error) {
      cause = codeOf(error) ?? 'unknown'
    }
    this.#fetching = undefined
    const isComing = cause === undefined
    if (isComing !== this.#isComing && !this.#closed) onChange?.(isComing, cause)
    this.#isComing = isComing
  }

  async #ask(): Promise<string> {
    const text = await withDeadline<string | undefined>(
      FETCH_MS,
      async (signal) => readBody(await this.#request(signal)),
      () => undefined,
    )
    if (text === undefined) throw new KeySetError('timeout')
    return text
  }

  #request(signal: EventEmitter): Promise<Dispatcher.ResponseData> {
    const { origin, pathname, search } = this.#options.url
    return this.#dispatcher.request({
      origin,
      method: 'GET',
      path: pathname + search,
      headers: {
        accept: 'application/jwk-set+json, application/json',
        'accept-encoding': 'identity',
        'user-agent': 'realtime-mint',
      },
      signal,
      // Minutes pass until the next one.
      reset: true,
    })
  }
}
