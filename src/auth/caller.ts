/** Who asks: the token in `Authorization`, and nothing else. Cookies are never read. */
import { ServiceError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { KeySet, type KeySetOptions, type KeySetSource } from './key-set.ts'
import { type Caller, createTokenVerifier, type Keys, type TokenOptions } from './token.ts'

/** The key set, or the secret that issuer and service share. */
export type KeySource = KeySetSource | { readonly secret: Secret }

export interface CallerGuardOptions
  extends Omit<TokenOptions, 'keys' | 'algorithms'>,
    Omit<KeySetOptions, keyof KeySetSource> {
  readonly keys: KeySource
}

export interface CallerGuard {
  /** The caller, or a ServiceError: token_* or keys_unavailable. */
  readonly identify: (headers: { readonly authorization?: string | undefined }) => Promise<Caller>
  /** Whether tokens can be checked now. */
  readonly isAvailable: () => boolean
  readonly close: () => Promise<void>
}

const MAX_TOKEN_LENGTH = 8 * 1024

const scheme = /^bearer +/i

function toToken(authorization = ''): string {
  const [start] = scheme.exec(authorization) ?? []
  if (start === undefined) throw new ServiceError('token_missing')
  if (authorization.length - start.length > MAX_TOKEN_LENGTH) throw new ServiceError('token_too_large')
  return authorization.slice(start.length)
}

/** Of a key set: those that sign with a private key. A secret would be one that the set makes public. */
const publicKeyAlgorithms: readonly string[] =
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

/** Imported once: from bytes, jose would do so for every token. */
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

/** Begins to fetch the key set, if there is one, and does not wait for it. */
export function createCallerGuard({ keys: source, ...options }: CallerGuardOptions): CallerGuard {
  const { keys, algorithms, isAvailable, close } =
    'url' in source ? openKeySet({ ...options, ...source }) : openSecret(source.secret)
  const verify = createTokenVerifier({ ...options, keys, algorithms })
  return { identify: async ({ authorization }) => verify(toToken(authorization)), isAvailable, close }
}
