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
const DIGEST_BYTES = 32

/** A key's two paddings, each with room behind it for what is hashed after it. */
interface Pads {
  inner: Buffer
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
    outer: Buffer.concat([block.map((byte) => byte ^ 0x5c)], BLOCK_BYTES + DIGEST_BYTES),
  }
  padsByKey.set(key, pads)
  return pads
}

/** Puts `data` behind the inner padding, in room that is kept for the next time. */
function padInner(pads: Pads, data: Uint8Array): Buffer {
  const length = BLOCK_BYTES + data.length
  if (pads.inner.length < length)
    pads.inner = Buffer.concat([pads.inner.subarray(0, BLOCK_BYTES)], length * 2)
  pads.inner.set(data, BLOCK_BYTES)
  return pads.inner.subarray(0, length)
}

/**
 * HMAC-SHA256 in hex (RFC 2104), from one-shot hashes: some run for every mint, and collecting Node's Hmac objects
 * costs several times what the hashing does; so would new buffers. A test holds it against createHmac.
 */
export function hmac(key: KeyObject, data: string | Uint8Array): string {
  const pads = toPads(key)
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  pads.outer.write(hash('sha256', padInner(pads, bytes), 'hex'), BLOCK_BYTES, 'hex')
  return hash('sha256', pads.outer, 'hex')
}
