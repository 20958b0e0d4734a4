import { createHmac, type KeyObject } from 'node:crypto'
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

  /** HMAC-SHA256 under `key`, 32 hex: tells which attempt issued this secret without keeping it. */
  fingerprint(key: KeyObject): string {
    return createHmac('sha256', key).update(this.#value).digest('hex').slice(0, 32)
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
