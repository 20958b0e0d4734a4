/**
 * The issuer's public keys: refreshed every five minutes, kept for an hour without the issuer, and fetched again for an
 * unknown key.
 *
 * createRemoteJWKSet of jose does not fit: it measures age by the wall clock, keeps no stale keys, and limits fetches
 * only after a successful one, so unknown keys would flood an issuer that is down.
 */
import type { EventEmitter } from 'node:events'
import type { JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet } from 'jose/jwks/local'
import type { Dispatcher } from 'undici'
import { parseHttpDate } from '../clock-check.ts'
import { codeOf, ServiceError } from '../errors.ts'
import { isObject } from '../json.ts'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher, type ProxyOptions } from '../outbound/dispatcher.ts'
import { request } from '../outbound/request.ts'
import { toKeySetError, toTextFault } from './key-set-error.ts'
import type { Keys } from './token.ts'

/** Where the key set is, and how to reach it. */
export interface KeySetSource {
  readonly url: URL
  /** Undefined: no proxy. */
  readonly proxy: ProxyOptions | undefined
}

export interface KeySetOptions extends KeySetSource {
  readonly monotonicNow: () => number
  /** Called when fetches begin to fail, with the code of the cause, and with undefined when they succeed again. */
  readonly onChange?: (cause: string | undefined) => void
  /** Called with the issuer's clock, in Unix milliseconds. */
  readonly onDate?: (dateMs: number) => void
}

const FETCH_MS = 5_000
const REFRESH_MS = 5 * 60_000
const RETRY_MS = 2_000
const MAX_AGE_MS = 3_600_000
/** At most one fetch in this time for unknown keys, however many tokens name one. */
const RENEW_MS = 30_000

const headers = {
  accept: 'application/jwk-set+json, application/json',
  'accept-encoding': 'identity',
  'user-agent': 'realtime-mint',
} as const

interface Fetched {
  readonly text: string
  readonly keys: JWTVerifyGetKey
  /** Whether one of the keys can verify a signature. */
  readonly canVerify: boolean
  readonly atMs: number
}

const isForSignatures = (key: unknown): boolean =>
  isObject(key) &&
  ['RSA', 'EC', 'OKP'].includes(String(key['kty'])) &&
  (key['use'] === undefined || key['use'] === 'sig') &&
  (!Array.isArray(key['key_ops']) || key['key_ops'].includes('verify'))

/** The parse error is dropped: it quotes its input. */
function parseKeySet(text: string): Pick<Fetched, 'keys' | 'canVerify'> {
  try {
    const keys = createLocalJWKSet(JSON.parse(text))
    return { keys, canVerify: keys.jwks().keys.some(isForSignatures) }
  } catch {
    throw toKeySetError(toTextFault(text))
  }
}

/** The issuer's clock: `Date`, plus the time that the reply spent in a cache. */
function toDateMs({ date, age = '0' }: Dispatcher.ResponseData['headers']): number | undefined {
  const dateMs = parseHttpDate(date)
  const isAge = typeof age === 'string' && /^\d{1,9}$/.test(age)
  return dateMs === undefined || !isAge ? undefined : dateMs + Number(age) * 1000
}

/** A failed fetch changes no keys: they only grow older. */
export class KeySet implements Keys {
  readonly #options: KeySetOptions
  readonly #dispatcher: Dispatcher
  #fetched: Fetched | undefined
  #fetching: Promise<void> | undefined
  #isFailing = false
  #renewedAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: KeySetOptions) {
    this.#options = options
    const { url, proxy } = options
    this.#dispatcher = createDispatcher({ origin: url.origin, maxConnections: 1, proxy })
  }

  /** Whether there are keys, and they are at most an hour old. */
  get available(): boolean {
    return this.#fetched !== undefined && this.#options.monotonicNow() - this.#fetched.atMs < MAX_AGE_MS
  }

  /** The keys in effect. Waits for the first fetch. Throws keys_unavailable. */
  async current(): Promise<JWTVerifyGetKey> {
    if (!this.available) await this.#fetching
    if (this.#fetched === undefined || !this.available) throw new ServiceError('keys_unavailable')
    return this.#fetched.keys
  }

  /** Keys that replace these; undefined if there are none, or if it is too soon to fetch them. */
  async newerThan(keys: JWTVerifyGetKey): Promise<JWTVerifyGetKey | undefined> {
    const now = this.#options.monotonicNow()
    if (this.#fetching === undefined && now - this.#renewedAtMs >= RENEW_MS) {
      this.#renewedAtMs = now
      this.#fetching = this.#load()
    }
    await this.#fetching
    const newest = this.#fetched?.keys
    return newest === keys ? undefined : newest
  }

  /** Fetches now, or waits for the fetch in progress, and then refreshes by itself. Never rejects. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#fetching ??= this.#load()
    await this.#fetching
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.refresh(), this.#isFailing ? RETRY_MS : REFRESH_MS).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#dispatcher.destroy()
  }

  async #load(): Promise<void> {
    const { monotonicNow, onChange } = this.#options
    // Keys are as old as the request for them.
    const atMs = monotonicNow()
    let cause: string | undefined
    try {
      const text = await this.#ask()
      const parsed = this.#fetched?.text === text ? this.#fetched : parseKeySet(text)
      this.#fetched = { ...parsed, text, atMs }
      if (!parsed.canVerify) cause = 'no_signing_key'
    } catch (error) {
      cause = codeOf(error) ?? 'unknown'
    }
    this.#fetching = undefined
    const isFailing = cause !== undefined
    if (isFailing !== this.#isFailing && !this.#closed) onChange?.(cause)
    this.#isFailing = isFailing
  }

  /** The text of the key set. */
  #ask(): Promise<string> {
    const { url, onDate } = this.#options
    const { origin, pathname, search } = url
    const ask = async (signal: EventEmitter): Promise<string> => {
      const path = pathname + search
      // The next request comes minutes later.
      const options = { origin, method: 'GET', path, headers, signal, reset: true } as const
      const reply = await request(this.#dispatcher, options)
      const dateMs = toDateMs(reply.headers)
      if (dateMs !== undefined) onDate?.(dateMs)
      if (reply.statusCode === 200) return reply.text()
      reply.discard()
      throw toKeySetError(`status_${reply.statusCode}`)
    }
    return withDeadline(FETCH_MS, ask, () => Promise.reject(toKeySetError('timeout')))
  }
}
