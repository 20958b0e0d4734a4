import { ServiceError } from './errors.ts'

/** Runs at most `max` at a time and refuses the rest at once: a queue would only delay everyone. */
export class ConcurrencyGate {
  readonly #max: number
  #running = 0

  constructor(max: number) {
    this.#max = max
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) throw new ServiceError('mints_in_flight')
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
    }
  }
}
