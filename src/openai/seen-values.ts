/** Secrets that upstream already sent. A second copy is a stray or cached reply, and belongs to another caller. */
import { hash, randomBytes } from 'node:crypto'

/** Twice as many are remembered at most: at 4,000 mints a second, those of the last 2 to 5 s. */
const CAPACITY = 10_000

export class SeenValues {
  /** Nothing in memory can be compared with a secret from elsewhere. */
  readonly #salt = randomBytes(16).toString('base64')
  #newer = new Set<string>()
  #older = new Set<string>()

  /** Whether `value` is new; remembers it. */
  add(value: string): boolean {
    const digest = hash('sha256', this.#salt + value, 'base64')
    if (this.#newer.has(digest) || this.#older.has(digest)) return false
    this.#newer.add(digest)
    if (this.#newer.size >= CAPACITY) {
      this.#older = this.#newer
      this.#newer = new Set()
    }
    return true
  }
}
