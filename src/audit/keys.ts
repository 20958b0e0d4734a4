/** The audit's keys: one secret, and what is derived from it for each use. */
import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { link, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'
import { hmac, Secret } from '../secret.ts'

export interface AuditKeys {
  /** 32 hex, the same for the same value: tells that it was the same address without telling which. */
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  readonly fingerprint: KeyObject
  /** 64 hex: tells upstream that it was the same person without telling who, nor what the audit calls them. */
  readonly toSafetyIdentifier: (subject: string) => string
  /** Seals the lines. */
  readonly chain: KeyObject
  /** 16 hex: tells with which key a file was written, and nothing else about it. */
  readonly id: string
}

/** Pseudonyms kept at hand, about 200 bytes each. */
const MAX_KNOWN = 10_000

const deriveKey = (key: Secret, use: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key.reveal(), '', `realtime-mint audit ${use}`, 32)))

/** By HKDF-SHA256, so that none of the derived keys tells another. */
export function deriveAuditKeys(key: Secret): AuditKeys {
  const pseudonymKey = deriveKey(key, 'pseudonym')
  // The same few callers come again and again, and an HMAC costs more than all the rest of a record.
  const known = new Map<string, string>()

  function toPseudonym(kind: 'caller' | 'address', value: string): string {
    const named = `${kind}\0${value}`
    const found = known.get(named)
    if (found !== undefined) return found
    const pseudonym = createHmac('sha256', pseudonymKey).update(named).digest('hex').slice(0, 32)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(named, pseudonym)
    return pseudonym
  }

  const safetyKey = deriveKey(key, 'safety identifier')

  return {
    toPseudonym,
    toSafetyIdentifier: (subject) => hmac(safetyKey, subject),
    fingerprint: deriveKey(key, 'fingerprint'),
    chain: deriveKey(key, 'chain'),
    id: deriveKey(key, 'id').export().toString('hex').slice(0, 16),
  }
}

/** From a shorter key anybody could compute the pseudonyms of addresses. */
export const MIN_KEY_LENGTH = 32

export class AuditKeyError extends Error {
  readonly code = 'key_too_short'

  constructor() {
    super('the key in the key file is too short')
  }
}

/** What it is called where it is kept beside the records. */
export const KEY_FILE_NAME = 'audit.key'

export const toKeyFile = (directory: string): string => join(directory, KEY_FILE_NAME)

async function createKeyFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${text}\n`)
    await file.datasync()
    // Never seen half-written, and never over a key that a replica put there first.
    await link(draft, path)
  } finally {
    await file.close()
    await rm(draft)
  }
}

/** The key in a file, trimmed. Throws an AuditKeyError, or what the file system throws. */
export async function readAuditKey(path: string): Promise<Secret> {
  const text = (await readFile(path, 'utf8')).trim()
  if (text.length < MIN_KEY_LENGTH) throw new AuditKeyError()
  return new Secret(text)
}

export interface LoadedAuditKey {
  readonly key: Secret
  /** Whether its file was created now, for want of a configured key. */
  readonly isNew: boolean
  /** Whether others than its owner may read it. */
  readonly isExposed: boolean
}

/** The key file of `directory`, created with mode 0600 where there is none. Throws an AuditKeyError, or what the file
 * system throws. */
export async function loadAuditKey(directory: string): Promise<LoadedAuditKey> {
  const path = toKeyFile(directory)
  let isNew = true
  try {
    await createKeyFile(path, randomBytes(32).toString('base64url'))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    isNew = false
  }
  const isExposed = ((await stat(path)).mode & 0o077) !== 0
  return { key: await readAuditKey(path), isNew, isExposed }
}

/** Puts a lost key file back, or what it seals could not be verified after the next start. Leaves one that is there. */
export async function keepAuditKey(directory: string, key: Secret): Promise<void> {
  try {
    await createKeyFile(toKeyFile(directory), key.reveal())
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
