/** Which addresses come most often, in bounded memory however many there are: the "space-saving" algorithm. */

export interface FrequentAddress {
  readonly address: string
  /** Never too low. */
  readonly count: number
  /** By how much `count` may be too high: at most a 64th of all that was counted, and 0 for up to 64 addresses. */
  readonly maxError: number
}

const CAPACITY = 64

export class FrequentAddresses {
  readonly #counters = new Map<string, FrequentAddress & { count: number }>()

  add(address: string): void {
    const known = this.#counters.get(address)
    if (known !== undefined) known.count += 1
    else this.#counters.set(address, { address, ...this.#firstCount() })
  }

  /** The `limit` most frequent, most frequent first. */
  top(limit: number): FrequentAddress[] {
    return [...this.#counters.values()].toSorted((one, other) => other.count - one.count).slice(0, limit)
  }

  /** A new address takes the counter of the rarest one, and with it the count that it may have had unseen. */
  #firstCount(): Omit<FrequentAddress, 'address'> {
    if (this.#counters.size < CAPACITY) return { count: 1, maxError: 0 }
    const { address, count } = [...this.#counters.values()].reduce((rarest, one) =>
      one.count < rarest.count ? one : rarest,
    )
    this.#counters.delete(address)
    return { count: count + 1, maxError: count }
  }
}
