/**
 * Secrets that upstream already sent. A second copy is a stray or cached reply, and belongs to another caller. An
 * upstream that repeats most of its secrets from the start is a stand-in with fixed ones, and stays usable.
 */
import { hash, randomBytes } from 'node:crypto'

/** Up to twice as many are remembered: at 4,000 mints a second, those of the last 2 to 5 s. */
const CAPACITY = 10_000
/** Sparse, so that a place is found at once. A power of two. */
const PLACES = 32_768
/** 13 hex digits: the most that a number keeps exactly. */
const DIGEST_LENGTH = 13

/** Numbers in fixed memory: a Set of as many strings costs several times as much in garbage collection. */
class NumberSet {
  readonly #places = new Float64Array(PLACES)
  size = 0

  /** Where `number` is, or belongs. */
  #placeOf(number: number): number {
    let place = number % PLACES
    while (this.#places[place] !== 0 && this.#places[place] !== number) place = (place + 1) % PLACES
    return place
  }

  has(number: number): boolean {
    return this.#places[this.#placeOf(number)] === number
  }

  add(number: number): void {
    this.#places[this.#placeOf(number)] = number
    this.size += 1
  }

  clear(): void {
    this.#places.fill(0)
    this.size = 0
  }
}

/** So many new secrets show that upstream makes new ones. Until then, each repeated one takes half of a new one back. */
const PROOF = 8
const TAKEN_BACK = 0.5

export class SeenValues {
  /** Nothing in memory can be compared with a secret from elsewhere. */
  readonly #salt = randomBytes(16).toString('base64')
  #newer = new NumberSet()
  #older = new NumberSet()
  #evidence = 0

  /** Remembers `value`, and says whether it is new. `fixed`: it is not, but upstream repeated most of them so far. */
  add(value: string): 'new' | 'repeated' | 'fixed' {
    const digest = Number.parseInt(hash('sha256', this.#salt + value).slice(0, DIGEST_LENGTH), 16)
    if (this.#newer.has(digest) || this.#older.has(digest)) {
      if (this.#evidence >= PROOF) return 'repeated'
      this.#evidence = Math.max(0, this.#evidence - TAKEN_BACK)
      return 'fixed'
    }
    this.#evidence += 1
    this.#newer.add(digest)
    if (this.#newer.size >= CAPACITY) {
      const oldest = this.#older
      oldest.clear()
      this.#older = this.#newer
      this.#newer = oldest
    }
    return 'new'
  }
}
