/** What happened upstream in the last ten seconds: in slots, so that memory and cost do not grow with the traffic. */

const WINDOW_MS = 10_000
const SLOTS = 100
const SLOT_MS = WINDOW_MS / SLOTS

export interface Counts {
  calls: number
  failures: number
  retries: number
}

const zero = (): Counts => ({ calls: 0, failures: 0, retries: 0 })

export class Recent {
  readonly #slots = Array.from({ length: SLOTS }, zero)
  readonly #total = zero()
  /** Slots since the clock's zero. */
  #turned = 0

  /** Exact to a slot. */
  at(nowMs: number): Readonly<Counts> {
    this.#turnTo(nowMs)
    return this.#total
  }

  add(what: keyof Counts, nowMs: number): void {
    const slot = this.#turnTo(nowMs)
    slot[what] += 1
    this.#total[what] += 1
  }

  clear(): void {
    for (const counts of [...this.#slots, this.#total]) Object.assign(counts, zero())
  }

  /** Forgets what has become too old; the slot that is written now. */
  #turnTo(nowMs: number): Counts {
    const now = Math.floor(nowMs / SLOT_MS)
    for (let index = Math.max(this.#turned, now - SLOTS) + 1; index <= now; index++)
      this.#forget(index % SLOTS)
    this.#turned = Math.max(this.#turned, now)
    return this.#slots[this.#turned % SLOTS] ?? this.#total
  }

  #forget(index: number): void {
    const old = this.#slots[index]
    if (old === undefined) return
    this.#total.calls -= old.calls
    this.#total.failures -= old.failures
    this.#total.retries -= old.retries
    Object.assign(old, zero())
  }
}
