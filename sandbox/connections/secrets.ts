/** The client secrets that the sandbox minted, and whether one starts a connection now. */
import { invalidApiKey } from '../failures.ts'
import { invalid, type Refusal, refuse } from '../refusal.ts'
import { type SessionEcho, toId } from '../session.ts'

interface Entry {
  /** Unix seconds. */
  readonly expiresAt: number
  readonly session: SessionEcho
}

export type Admission = { readonly session: SessionEcho } | { readonly refusal: Refusal }

export interface MintedSecrets {
  readonly add: (value: string, entry: Entry) => void
  /** Lets all secrets expire. */
  readonly expire: () => void
  /** Judges a secret and the model that the URL names. A secret may start several sessions until it expires. */
  readonly admit: (value: string | undefined, model: string | null) => Admission
}

/** Older secrets are unknown. */
const MAX_SECRETS = 10_000

/** A session ends after an hour. Its secret has expired long before. */
const SESSION_SECONDS = 3600

const expired = refuse(
  401,
  'invalid_api_key',
  'The client secret has expired. Mint a new one right before connecting.',
)

function checkModel({ type, model: own }: SessionEcho, asked: string | null): Refusal | undefined {
  if (asked === null) return undefined
  if (type === 'transcription') {
    return refuse(400, 'invalid_model', 'You must not provide a model parameter for transcription sessions.')
  }
  if (asked === own) return undefined
  const message = `The client secret was made for the model "${String(own)}", not for "${asked}".`
  return invalid('model', message, 'invalid_model')
}

/** `now` in epoch ms. */
export function createMintedSecrets(now: () => number): MintedSecrets {
  const entries = new Map<string, Entry>()
  return {
    add: (value, entry) => {
      entries.set(value, entry)
      const [oldest] = entries.keys()
      if (entries.size > MAX_SECRETS && oldest !== undefined) entries.delete(oldest)
    },
    expire: () => {
      for (const [value, entry] of entries) entries.set(value, { ...entry, expiresAt: 0 })
    },
    admit: (value, model) => {
      const entry = entries.get(value ?? '')
      if (entry === undefined) return { refusal: invalidApiKey(value) }
      const seconds = Math.floor(now() / 1000)
      if (entry.expiresAt <= seconds) return { refusal: expired }
      const refusal = checkModel(entry.session, model)
      if (refusal !== undefined) return { refusal }
      return { session: { ...entry.session, id: toId('sess'), expires_at: seconds + SESSION_SECONDS } }
    },
  }
}
