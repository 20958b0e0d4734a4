/** Counts of the last ten seconds, in slots: memory and cost do not grow with the traffic. */

const WINDOW_MS = 10_000
const SLOTS = 100
const SLOT_MS = WINDOW_MS / SLOTS

export interface Counts {
  calls: number
  failures: number
  retries: number
}

const zero = (): Counts => ({ calls: 0, failures: 0, retries: 0 })

export class SlidingWindow {
  readonly #slots = Array.from({ length: SLOTS }, zero)
  readonly #total = zero()
  /** Slots since the clock's zero. */
  #latest = 0

  /** Exact to a slot. */
  at(nowMs: number): Readonly<Counts> {
    this.#advance(nowMs)
    return this.#total
  }

  add(what: keyof Counts, nowMs: number): void {
    const slot = this.#advance(nowMs)
    slot[what] += 1
    this.#total[what] += 1
  }

  clear(): void {
    for (const counts of [...this.#slots, this.#total]) Object.assign(counts, zero())
  }

  /** Expires old slots. Returns the current one. */
  #advance(nowMs: number): Counts {
    const current = Math.floor(nowMs / SLOT_MS)
    for (let index = Math.max(this.#latest, current - SLOTS) + 1; index <= current; index++)
      this.#expire(index % SLOTS)
    this.#latest = Math.max(this.#latest, current)
    return this.#slots[this.#latest % SLOTS] ?? this.#total
  }

  #expire(index: number): void {
    const old = this.#slots[index]
    if (old === undefined) return
    this.#total.calls -= old.calls
    this.#total.failures -= old.failures
    this.#total.retries -= old.retries
    Object.assign(old, zero())
  }
}
