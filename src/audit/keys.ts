/** The keys of the audit: one secret, and one derived key for each use. */
import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { link, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, codeOf } from '../errors.ts'
import { HmacKey } from '../hmac.ts'
import { memoize } from '../memoize.ts'
import { readSmallFile } from '../read-file.ts'
import { Secret } from '../secret.ts'

export interface AuditKeys {
  /** 32 hex, the same for the same value: shows that two records have the same address, but not which. */
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  readonly fingerprint: HmacKey
  /** 64 hex: shows upstream that it is the same person, but neither who nor the audit's pseudonym. */
  readonly toSafetyIdentifier: (subject: string) => string
  /** Seals the lines. */
  readonly chain: HmacKey
  /** 16 hex: identifies the key with which a file was written. */
  readonly id: string
}

const deriveBytes = (key: Secret, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key.reveal(), '', `realtime-mint audit ${use}`, 32))

const deriveKey = (key: Secret, use: string): HmacKey => new HmacKey(createSecretKey(deriveBytes(key, use)))

/** By HKDF-SHA256: no derived key reveals another one. */
export function deriveAuditKeys(key: Secret): AuditKeys {
  const pseudonymKey = deriveKey(key, 'pseudonym')
  // Few callers make most requests.
  const sign = memoize((named) => pseudonymKey.sign(named).slice(0, 32))
  const safetyKey = deriveKey(key, 'safety identifier')

  return {
    toPseudonym: (kind, value) => sign(`${kind}\0${value}`),
    toSafetyIdentifier: (subject) => safetyKey.sign(subject),
    fingerprint: deriveKey(key, 'fingerprint'),
    chain: deriveKey(key, 'chain'),
    id: deriveBytes(key, 'id').toString('hex').slice(0, 16),
  }
}

/** A shorter key could be guessed, and the pseudonyms reversed. */
export const MIN_KEY_LENGTH = 32
export const KEY_TOO_SHORT = 'key_too_short'

/** In the audit directory, if no key is configured. */
export const KEY_FILE_NAME = 'audit.key'

export const toKeyFile = (directory: string): string => join(directory, KEY_FILE_NAME)

/** Resolves with false if there is one already. */
async function createKeyFile(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${text}\n`)
    await file.datasync()
    // Appears complete, and never replaces a key that a replica created first.
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await file.close()
    await rm(draft)
  }
}

/** The key in a file, trimmed. Throws KEY_TOO_SHORT, or what the file system throws. */
export async function readAuditKey(path: string): Promise<Secret> {
  const text = (await readSmallFile(path)).toString('utf8').trim()
  if (text.length < MIN_KEY_LENGTH) throw new CodedError('the audit key cannot be used', KEY_TOO_SHORT)
  return new Secret(text)
}

export interface LoadedAuditKey {
  readonly key: Secret
  /** Whether its file was created now. */
  readonly isNew: boolean
  /** Whether other users can read it. */
  readonly isExposed: boolean
}

/** The key file of `directory`, created with mode 0600 if missing. Throws as readAuditKey. */
export async function loadAuditKey(directory: string): Promise<LoadedAuditKey> {
  const path = toKeyFile(directory)
  const isNew = await createKeyFile(path, randomBytes(32).toString('base64url'))
  const isExposed = ((await stat(path)).mode & 0o077) !== 0
  return { key: await readAuditKey(path), isNew, isExposed }
}

/** Restores a lost key file: without it, the next start would use a new key. Leaves an existing one alone. */
export async function keepAuditKey(directory: string, key: Secret): Promise<void> {
  await createKeyFile(toKeyFile(directory), key.reveal())
}
