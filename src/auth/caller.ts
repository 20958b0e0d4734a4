/** Identifies callers by the token in `Authorization`, and by nothing else. Cookies are never read. */
import type { Caller } from '../attempt.ts'
import { ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import type { Secret } from '../secret.ts'
import { KeySet, type KeySetOptions, type KeySetSource } from './key-set.ts'
import { createTokenVerifier, type Keys, type TokenOptions } from './token.ts'

/** The issuer's key set, or the secret that issuer and service share. */
export type KeySource = KeySetSource | { readonly secret: Secret }

export interface CallerGuardOptions
  extends Omit<TokenOptions, 'keys' | 'algorithms'>,
    Omit<KeySetOptions, keyof KeySetSource> {
  readonly keys: KeySource
  /** Whether the store of used tokens can be reached. By default it is in this process. */
  readonly isStoreAvailable?: () => boolean
  /** Called with true when token after token is refused for its times, and with false when one passes again. */
  readonly onTimesRefused?: (refused: boolean) => void
}

export interface CallerGuard {
  /** The caller, or a ServiceError: token_* or keys_unavailable. */
  readonly identify: (headers: { readonly authorization?: string | undefined }) => Promise<Caller>
  /** Whether tokens can be verified now and, where each mints once, whether it is known which were used. */
  readonly isAvailable: () => boolean
  readonly close: () => Promise<void>
}

const MAX_TOKEN_LENGTH = 8 * 1024
/** More than the retries of one page with an old token. */
const TIME_REFUSALS_IN_A_ROW = 20

const scheme = /^bearer +/i

function toToken(authorization = ''): string {
  const [start] = scheme.exec(authorization) ?? []
  if (start === undefined) throw new ServiceError('token_missing')
  if (authorization.length - start.length > MAX_TOKEN_LENGTH) throw new ServiceError('token_too_large')
  return authorization.slice(start.length)
}

/** For key sets, only algorithms with a private key: a secret in a key set would be public. */
export const publicKeyAlgorithms: readonly string[] =
  'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

interface Source extends Pick<CallerGuard, 'isAvailable' | 'close'> {
  readonly keys: Keys
  readonly algorithms: readonly string[]
}

function openKeySet(options: KeySetOptions): Source {
  const set = new KeySet(options)
  void set.refresh()
  return {
    keys: set,
    algorithms: publicKeyAlgorithms,
    isAvailable: () => set.available,
    close: () => set.close(),
  }
}

/** Imports the key once: jose would import bytes for every token. */
function openSecret(secret: Secret): Source {
  const bytes = Buffer.from(secret.reveal())
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  const toKey = () => key
  return {
    keys: { current: async () => toKey, newerThan: async () => undefined },
    algorithms: ['HS256'],
    isAvailable: () => true,
    close: async () => undefined,
  }
}

type Verify = (token: string) => Promise<Caller>

const timeReasons: ReadonlySet<Reason> = new Set(['token_expired', 'token_not_yet_valid'])

/** Only tokens with a valid signature count, so that a forger cannot raise the alarm. */
function watchTimes(verify: Verify, onTimesRefused: (refused: boolean) => void): Verify {
  let inARow = 0
  return async (token) => {
    try {
      const caller = await verify(token)
      if (inARow >= TIME_REFUSALS_IN_A_ROW) onTimesRefused(false)
      inARow = 0
      return caller
    } catch (error) {
      if (error instanceof ServiceError && timeReasons.has(error.reason)) {
        inARow += 1
        if (inARow === TIME_REFUSALS_IN_A_ROW) onTimesRefused(true)
      }
      throw error
    }
  }
}

/** Starts to fetch the key set, if there is one, and does not wait for it. */
export function createCallerGuard(options: CallerGuardOptions): CallerGuard {
  const { keys: source, onTimesRefused = () => undefined, isStoreAvailable = () => true, ...rest } = options
  const { keys, algorithms, isAvailable, close } =
    'url' in source ? openKeySet({ ...rest, ...source }) : openSecret(source.secret)
  const verify = watchTimes(createTokenVerifier({ ...rest, keys, algorithms }), onTimesRefused)
  return {
    identify: async ({ authorization }) => verify(toToken(authorization)),
    isAvailable: () => isAvailable() && (!options.singleUse || isStoreAvailable()),
    close,
  }
}
