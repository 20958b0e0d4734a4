import type { AdmissionLog } from './admission-log.ts'

/** How many blocked logs an eviction looks at: a bound on what a new key costs. */
const EVICTION_LOOKS = 8

/** The logs of one level: at most `maxLogs`, whatever callers send. Logs that block are evicted last. */
export class BoundedLogs {
  readonly #maxLogs: number
  /** Both in the order of the last look, oldest first. */
  readonly #free = new Map<string, AdmissionLog>()
  readonly #blocked = new Map<string, AdmissionLog>()

  constructor(maxLogs: number) {
    this.#maxLogs = maxLogs
  }

  find(key: string): AdmissionLog | undefined {
    return this.#free.get(key) ?? this.#blocked.get(key)
  }

  /** False if the key is new, the room is full, and no log may be evicted. */
  put(key: string, log: AdmissionLog, now: number): boolean {
    const isKnown = this.#free.delete(key) || this.#blocked.delete(key)
    if (!isKnown && this.#free.size + this.#blocked.size >= this.#maxLogs && !this.#evict(now)) return false
    const home = log.blockedUntilMs > now ? this.#blocked : this.#free
    home.set(key, log)
    return true
  }

  #evict(now: number): boolean {
    for (const [key] of this.#free) return this.#free.delete(key)
    let looks = EVICTION_LOOKS
    for (const [key, log] of this.#blocked) {
      this.#blocked.delete(key)
      if (log.blockedUntilMs <= now) return true
      // Last in the order, or no eviction would ever look past the logs that block for a day.
      this.#blocked.set(key, log)
      looks -= 1
      if (looks === 0) return false
    }
    return false
  }
}
