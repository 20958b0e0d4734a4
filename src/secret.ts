import { inspect } from 'node:util'
import type { HmacKey } from './hmac.ts'

const MASK = '[secret]'

/** A value that only `reveal` shows. Printed, logged or serialized by accident it reads `[secret]`. */
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

  /** HMAC-SHA256 under `key`, 32 hex: identifies this secret in the audit without storing it. */
  fingerprint(key: HmacKey): string {
    return key.sign(this.#value).slice(0, 32)
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
