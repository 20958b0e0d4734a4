/** Whether upstream is asked at all: a breaker for its failures, a cool-down for its 429s, a budget for second tries. */
import { ServiceError } from '../errors.ts'
import { Recent } from './sliding-window.ts'

export interface BreakerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told when it opens, and when it closes again. */
  readonly onChange?: ((open: boolean) => void) | undefined
}

/** Of a call: which closing or opening it came after. What it tells counts only until the next one. */
export type Permit = number

/** Fewer calls tell nothing. */
const MIN_CALLS = 20
const OPEN_AT = 0.5
const PROBE_MS = 1_000

/** Second tries are for the odd mishap: of calls to an upstream that is down they would only make more. */
const RETRY_SHARE = 0.1
const LEAST_RETRIES = 10

const toSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

/**
 * Opens at `OPEN_AT` failures of `MIN_CALLS` or more in ten seconds. Open, it lets one call a second through, and
 * closes with the first that does not fail.
 */
export class Breaker {
  readonly #now: () => number
  readonly #onChange: (open: boolean) => void
  readonly #recent = new Recent()
  #epoch: Permit = 0
  /** Undefined while closed. */
  #nextProbeMs: number | undefined
  #coolUntilMs = Number.NEGATIVE_INFINITY

  constructor({ now, onChange = () => undefined }: BreakerOptions) {
    this.#now = now
    this.#onChange = onChange
  }

  /** Throws a ServiceError where upstream is not to be asked now. */
  admit(): Permit {
    const now = this.#now()
    const coolMs = this.#coolUntilMs - now
    if (coolMs > 0) throw new ServiceError('upstream_cooling_down', { retryAfterSeconds: toSeconds(coolMs) })
    if (this.#nextProbeMs !== undefined) {
      const waitMs = this.#nextProbeMs - now
      if (waitMs > 0)
        throw new ServiceError('upstream_breaker_open', { retryAfterSeconds: toSeconds(waitMs) })
      this.#nextProbeMs = now + PROBE_MS
    }
    return this.#epoch
  }

  /** Whether a second call may follow the one that failed; if so, it is on the account already. */
  takeRetry(): boolean {
    const now = this.#now()
    if (this.#nextProbeMs !== undefined || now < this.#coolUntilMs) return false
    const { calls, retries } = this.#recent.at(now)
    if (retries >= Math.max(LEAST_RETRIES, calls * RETRY_SHARE)) return false
    this.#recent.add('retries', now)
    return true
  }

  /** What became of a call: `failed` only if upstream could not be reached, was too slow, or broke down. */
  settle(permit: Permit, failed: boolean): void {
    if (permit !== this.#epoch) return
    if (this.#nextProbeMs !== undefined) {
      if (!failed) this.#turn(undefined)
      return
    }
    const now = this.#now()
    this.#recent.add('calls', now)
    if (failed) this.#recent.add('failures', now)
    const { calls, failures } = this.#recent.at(now)
    if (calls >= MIN_CALLS && failures >= calls * OPEN_AT) this.#turn(now + PROBE_MS)
  }

  /** After a 429: nobody asks until `seconds` are over. */
  coolDown(seconds: number): void {
    this.#coolUntilMs = Math.max(this.#coolUntilMs, this.#now() + seconds * 1000)
  }

  #turn(nextProbeMs: number | undefined): void {
    this.#epoch += 1
    this.#nextProbeMs = nextProbeMs
    this.#recent.clear()
    this.#onChange(nextProbeMs !== undefined)
  }
}
