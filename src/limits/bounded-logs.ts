import { AdmissionLog } from './admission-log.ts'

/** A log and what is known of it beside its admissions. */
export interface Shelved {
  readonly log: AdmissionLog
  /** Where others admit too, nobody may before then, whatever this log says. */
  refusedUntilMs: number
  /** When it will admit again, as of the last look. */
  blockedUntilMs: number
}

/** Blocked logs of which the oldest few are looked at when room is needed: a bound on what a newcomer costs. */
const EVICTION_LOOKS = 8

export const createShelved = (): Shelved => ({
  log: new AdmissionLog(),
  refusedUntilMs: -Infinity,
  blockedUntilMs: -Infinity,
})

/** The logs of one level: no more than `maxLogs`, whatever callers send. What blocks is forgotten last. */
export class BoundedLogs {
  readonly #maxLogs: number
  /** Both with what was looked at last behind. */
  readonly #free = new Map<string, Shelved>()
  readonly #blocked = new Map<string, Shelved>()

  constructor(maxLogs: number) {
    this.#maxLogs = maxLogs
  }

  find(key: string): Shelved | undefined {
    return this.#free.get(key) ?? this.#blocked.get(key)
  }

  /** False where it is new, all room is taken, and nothing that is there may be forgotten for it. */
  put(key: string, shelved: Shelved, now: number): boolean {
    const isKnown = this.#free.delete(key) || this.#blocked.delete(key)
    if (!isKnown && this.#free.size + this.#blocked.size >= this.#maxLogs && !this.#evict(now)) return false
    const home = shelved.blockedUntilMs > now ? this.#blocked : this.#free
    home.set(key, shelved)
    return true
  }

  #evict(now: number): boolean {
    for (const [key] of this.#free) return this.#free.delete(key)
    let looks = EVICTION_LOOKS
    for (const [key, shelved] of this.#blocked) {
      this.#blocked.delete(key)
      if (shelved.blockedUntilMs <= now) return true
      // Behind the others, or nobody would ever look past those that are blocked for a day.
      this.#blocked.set(key, shelved)
      looks -= 1
      if (looks === 0) return false
    }
    return false
  }
}
