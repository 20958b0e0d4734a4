import { RedisUnavailable } from './faults.ts'

const TURN_MS = 20

interface Waiting {
  turnsLeft: number
  readonly expire: () => void
}

/**
 * A timeout for replies that measures Redis, not this process.
 *
 * Timers run before sockets are read. After a busy second, plain timers would expire every command although its reply
 * has arrived. So time is counted in turns of the event loop, and each turn reads what has arrived.
 */
export class ReplyTimeout {
  readonly #turns: number
  readonly #waiting = new Set<Waiting>()
  #clock: NodeJS.Timeout | undefined

  constructor(limitMs: number) {
    // The first turn may end at once.
    this.#turns = Math.ceil(limitMs / TURN_MS) + 1
  }

  /** Settles like `reply`, or rejects with a RedisUnavailable after the limit. */
  wait<T>(reply: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = {
        turnsLeft: this.#turns,
        expire: () => reject(new RedisUnavailable('timeout')),
      }
      this.#waiting.add(waiting)
      this.#clock ??= setInterval(() => this.#turn(), TURN_MS).unref()
      reply.then(resolve, reject).finally(() => this.#waiting.delete(waiting))
    })
  }

  #turn(): void {
    for (const waiting of this.#waiting) {
      waiting.turnsLeft -= 1
      if (waiting.turnsLeft > 0) continue
      this.#waiting.delete(waiting)
      waiting.expire()
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
  }
}
