/** Whether upstream is called at all: a circuit breaker for failures, a cool-down for 429s, a budget for retries. */
import { ServiceError } from '../errors.ts'
import { SlidingWindow } from './sliding-window.ts'

export interface BreakerOptions {
  readonly monotonicNow: () => number
  /** Called when the circuit breaker opens and closes. */
  readonly onChange?: ((open: boolean) => void) | undefined
}

/** The number of the state in which a call began. Its result counts only in that state. */
export type Permit = number

const MIN_CALLS = 20
const OPEN_AT = 0.5
const PROBE_MS = 1_000

/** Retries are for single failures. If upstream is down, they only add load. */
const RETRY_SHARE = 0.1
const MIN_RETRIES = 10

const toSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

/**
 * Opens when `OPEN_AT` of at least `MIN_CALLS` calls in ten seconds fail. While open, it admits one call a second, and
 * closes with the first that does not fail.
 */
export class CircuitBreaker {
  readonly #monotonicNow: () => number
  readonly #onChange: BreakerOptions['onChange']
  readonly #recent = new SlidingWindow()
  #state: Permit = 0
  /** Undefined while closed. */
  #nextProbeMs: number | undefined
  #coolUntilMs = Number.NEGATIVE_INFINITY

  constructor({ monotonicNow, onChange }: BreakerOptions) {
    this.#monotonicNow = monotonicNow
    this.#onChange = onChange
  }

  get isOpen(): boolean {
    return this.#nextProbeMs !== undefined
  }

  /** 0 without a cool-down. */
  get coolDownMs(): number {
    return Math.max(0, this.#coolUntilMs - this.#monotonicNow())
  }

  /** Throws a ServiceError if upstream must not be called now. Takes no probe. */
  check(): void {
    const nowMs = this.#monotonicNow()
    const coolMs = this.#coolUntilMs - nowMs
    if (coolMs > 0) throw new ServiceError('upstream_cooling_down', { retryAfterSeconds: toSeconds(coolMs) })
    const waitMs = (this.#nextProbeMs ?? nowMs) - nowMs
    if (waitMs > 0) throw new ServiceError('upstream_breaker_open', { retryAfterSeconds: toSeconds(waitMs) })
  }

  /** Begins a call. Throws a ServiceError if upstream must not be called now. */
  admit(): Permit {
    this.check()
    if (this.#nextProbeMs !== undefined) this.#nextProbeMs = this.#monotonicNow() + PROBE_MS
    return this.#state
  }

  /** Whether a failed call may be retried. If so, the retry is counted. */
  takeRetry(): boolean {
    const nowMs = this.#monotonicNow()
    if (this.#nextProbeMs !== undefined || nowMs < this.#coolUntilMs) return false
    const { calls, retries } = this.#recent.at(nowMs)
    if (retries >= Math.max(MIN_RETRIES, calls * RETRY_SHARE)) return false
    this.#recent.add('retries', nowMs)
    return true
  }

  /** Counts a call. It `failed` if upstream was unreachable, too slow, or broke down. */
  settle(permit: Permit, failed: boolean): void {
    if (permit !== this.#state) return
    if (this.#nextProbeMs !== undefined) {
      if (!failed) this.#change(undefined)
      return
    }
    const nowMs = this.#monotonicNow()
    this.#recent.add('calls', nowMs)
    if (failed) this.#recent.add('failures', nowMs)
    const { calls, failures } = this.#recent.at(nowMs)
    if (calls >= MIN_CALLS && failures >= calls * OPEN_AT) this.#change(nowMs + PROBE_MS)
  }

  /** Starts a cool-down after a 429. A longer one stays in effect. */
  coolDown(seconds: number): void {
    this.#coolUntilMs = Math.max(this.#coolUntilMs, this.#monotonicNow() + seconds * 1000)
  }

  #change(nextProbeMs: number | undefined): void {
    this.#state += 1
    this.#nextProbeMs = nextProbeMs
    this.#recent.clear()
    this.#onChange?.(nextProbeMs !== undefined)
  }
}
