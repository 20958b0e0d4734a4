import { hash, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

const MASK = '[secret]'

/** A value that leaves only on purpose: printed, logged or serialised by accident it reads `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  /** HMAC-SHA256 under `key`, 32 hex: tells which attempt issued this secret without keeping it. */
  fingerprint(key: KeyObject): string {
    return hmac(key, this.#value).slice(0, 32)
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}

const BLOCK_BYTES = 64

interface Pads {
  readonly inner: Buffer
  readonly outer: Buffer
}

const padsByKey = new WeakMap<KeyObject, Pads>()

function toPads(key: KeyObject): Pads {
  const known = padsByKey.get(key)
  if (known !== undefined) return known
  const bytes = key.export()
  const block = Buffer.alloc(BLOCK_BYTES)
  block.set(bytes.length > BLOCK_BYTES ? hash('sha256', bytes, 'buffer') : bytes)
  const pads = {
    inner: Buffer.from(block.map((byte) => byte ^ 0x36)),
    outer: Buffer.from(block.map((byte) => byte ^ 0x5c)),
  }
  padsByKey.set(key, pads)
  return pads
}

/**
 * HMAC-SHA256 in hex (RFC 2104), from one-shot hashes: some run for every mint, and collecting Node's Hmac objects
 * costs several times what the hashing does. A test holds it against createHmac.
 */
export function hmac(key: KeyObject, data: string | Uint8Array): string {
  const { inner, outer } = toPads(key)
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const digest = hash('sha256', Buffer.concat([inner, bytes]), 'buffer')
  return hash('sha256', Buffer.concat([outer, digest]), 'hex')
}
