/** Where the process is in its life, and what is under way in it. */

/**
 * `serving`, then at SIGTERM `leaving`: not ready any more, but still minting until balancers have looked away; then
 * `draining`: what is under way ends, new requests are refused.
 */
export type Phase = 'serving' | 'leaving' | 'draining'

export class InFlight {
  #count = 0
  #waiting: (() => void)[] = []

  enter(): void {
    this.#count += 1
  }

  leave(): void {
    this.#count -= 1
    if (this.#count > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  get count(): number {
    return this.#count
  }

  whenEmpty(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}

export class Lifecycle {
  phase: Phase = 'serving'
  /** Attempts that have no record yet. */
  readonly attempts = new InFlight()
  /** Of these, the ones whose request was taken in whole; the others may be slow for as long as they like. */
  readonly mints = new InFlight()
  /** Of the mints, those of which it is known what became of them, and whose record is being written. */
  readonly recordings = new InFlight()

  /** Whether there is a mint that is still to be recorded. */
  get isRecordDue(): boolean {
    return this.mints.count > this.recordings.count
  }
}
