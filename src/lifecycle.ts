/** The phase of the process, and how much work is in flight. */

/**
 * `serving`. At SIGTERM `leaving`: not ready, but still minting until load balancers stop routing here. Then
 * `draining`: work in flight finishes, new requests are refused.
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
  /** Attempts whose whole request has arrived. A drain does not wait for the others, which may be slow. */
  readonly mints = new InFlight()
  /** Mints with a known outcome whose record is being written. */
  readonly recordings = new InFlight()

  /** Whether a mint is in flight whose record is not being written yet. */
  get isRecordDue(): boolean {
    return this.mints.count > this.recordings.count
  }
}
