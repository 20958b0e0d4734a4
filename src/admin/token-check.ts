/** Compares the token of a request with ADMIN_TOKEN, and bounds how often an address may be wrong. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import type { Secret } from '../secret.ts'
import { AdminError } from './admin-error.ts'

export interface TokenCheckOptions {
  readonly token: Secret
  readonly logger: Logger
  /** An address as records show it. */
  readonly toPseudonym: (address: string) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Wrong tokens of one address in a minute. */
const MAX_WRONG = 10
const WINDOW_MS = 60_000
/** With more addresses than this, new ones are refused until old ones are forgotten. */
const MAX_ADDRESSES = 1_000

/** A browser shows its password dialog for Basic; Chromium does not if the same header names Bearer too. */
const challenge = { 'www-authenticate': 'Basic realm="realtime-mint", charset="UTF-8"' }

interface Guesses {
  wrong: number
  readonly endsAtMs: number
}

/** Digests have one length, as timingSafeEqual needs. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The Bearer token, or the password of Basic. */
function toGiven(authorization: string): string {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  const credentials = Buffer.from(value, 'base64').toString()
  return credentials.slice(credentials.indexOf(':') + 1)
}

/** Throws an AdminError unless the token is right. */
export type CheckToken = (authorization: string | undefined, address: string) => void

export function createTokenCheck({ token, logger, toPseudonym, now }: TokenCheckOptions): CheckToken {
  const expected = digest(token.reveal())
  const guesses = new Map<string, Guesses>()

  /** The address's wrong tokens in this minute; undefined if there are too many addresses. */
  function guessesOf(address: string): Guesses | undefined {
    const known = guesses.get(address)
    if (known !== undefined && known.endsAtMs > now()) return known
    if (guesses.size >= MAX_ADDRESSES) forgetOld()
    if (guesses.size >= MAX_ADDRESSES) return undefined
    return { wrong: 0, endsAtMs: now() + WINDOW_MS }
  }

  function forgetOld(): void {
    for (const [address, { endsAtMs }] of guesses) if (endsAtMs <= now()) guesses.delete(address)
  }

  function noteWrong(address: string, known: Guesses): void {
    known.wrong += 1
    guesses.set(address, known)
    const fields = { address: toPseudonym(address) }
    if (known.wrong === 1) logger.warn(fields, 'admin: a request with a wrong token')
    if (known.wrong === MAX_WRONG) {
      logger.warn(
        fields,
        'admin: ten wrong tokens from one address: its guesses are refused for up to a minute',
      )
    }
  }

  return (authorization, address) => {
    if (authorization === undefined) throw new AdminError('token', { headers: challenge })
    // First: guesses of others from the same address must not lock out who has the token. It is too long to be guessed.
    if (timingSafeEqual(digest(toGiven(authorization)), expected)) return
    const known = guessesOf(address)
    if (known === undefined || known.wrong >= MAX_WRONG) {
      const waitMs = known === undefined ? WINDOW_MS : known.endsAtMs - now()
      throw new AdminError('guesses', { headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } })
    }
    noteWrong(address, known)
    throw new AdminError('token', { headers: challenge })
  }
}
