import { RedisUnavailable } from './faults.ts'

const TURN_MS = 20

interface Waiting {
  turnsLeft: number
  readonly giveUp: () => void
}

/**
 * A time limit on replies that measures Redis and not ourselves.
 *
 * Timers run before sockets are read. After a busy second every command would have timed out, with its reply in the
 * socket's buffer; so time is counted in turns, in each of which what had arrived was read.
 */
export class ReplyTimeout {
  readonly #turns: number
  readonly #waiting = new Set<Waiting>()
  #clock: NodeJS.Timeout | undefined

  constructor(limitMs: number) {
    // The first turn may be over at once.
    this.#turns = Math.ceil(limitMs / TURN_MS) + 1
  }

  /** What `reply` becomes, or a RedisUnavailable after the limit. */
  wait<T>(reply: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = {
        turnsLeft: this.#turns,
        giveUp: () => reject(new RedisUnavailable('timeout')),
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
      waiting.giveUp()
    }
    if (this.#waiting.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
  }
}
