/** HMAC-SHA256 by one-shot hashes. Each mint needs two, and Node's Hmac object costs three times as much. */
import { hash, type KeyObject } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
const MAX_BYTES_PER_CODE_UNIT = 3

/** A key for HMACs, which it does not show. Only its `keyObject` can be sent to another thread. */
export class HmacKey {
  readonly keyObject: KeyObject
  /** The key XOR `ipad`, with room for the data. */
  #inner: Buffer
  /** The key XOR `opad`, with room for the inner digest. */
  readonly #outer: Buffer

  /** Throws a RangeError beyond 64 bytes. */
  constructor(keyObject: KeyObject) {
    this.keyObject = keyObject
    const block = new Uint8Array(BLOCK_BYTES)
    block.set(keyObject.export())
    this.#inner = Buffer.from(block.map((byte) => byte ^ 0x36))
    this.#outer = Buffer.concat([block.map((byte) => byte ^ 0x5c)], BLOCK_BYTES + DIGEST_BYTES)
  }

  /** HMAC-SHA256 in hex. https://www.rfc-editor.org/rfc/rfc2104 */
  sign(data: string | Uint8Array): string {
    this.#outer.write(hash('sha256', this.#withInner(data), 'latin1'), BLOCK_BYTES, 'latin1')
    return hash('sha256', this.#outer)
  }

  /** The room is kept for the next call: new buffers would cost more than the hashes. */
  #withInner(data: string | Uint8Array): Buffer {
    const room = BLOCK_BYTES + data.length * (typeof data === 'string' ? MAX_BYTES_PER_CODE_UNIT : 1)
    if (this.#inner.length < room) {
      this.#inner = Buffer.concat([this.#inner.subarray(0, BLOCK_BYTES)], room * 2)
    }
    if (typeof data === 'string') {
      return this.#inner.subarray(0, BLOCK_BYTES + this.#inner.write(data, BLOCK_BYTES))
    }
    this.#inner.set(data, BLOCK_BYTES)
    return this.#inner.subarray(0, BLOCK_BYTES + data.length)
  }
}
