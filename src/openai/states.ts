/** States of upstream that make mints fail. Each is reported when it begins, every ten minutes, and when it ends. */
import type { Reason } from '../reasons.ts'

export type State = 'key' | 'credit' | 'preset' | 'breaker' | 'cool_down' | 'failing'

export interface StateFacts {
  readonly reason: Reason
  /** Null if the state is not about one preset. */
  readonly preset: string | null
  readonly status: number | null
  readonly code: string | null
  readonly param: string | null
}

export interface StatesOptions {
  readonly monotonicNow: () => number
  readonly onBegin?: ((state: State, facts: StateFacts) => void) | undefined
  readonly onEnd?: ((state: State, facts: StateFacts) => void) | undefined
}

const OF_PRESET = 'preset '

/** Each preset that upstream refuses is a fault of its own. */
export const toFault = (state: State, preset: string | null): string =>
  state === 'preset' ? `${OF_PRESET}${preset}` : state

export const isFaultOfPreset = (fault: string): boolean => fault.startsWith(OF_PRESET)

const REPEAT_MS = 600_000
/** Calls in a row whose failure is not a state of its own, such as a timeout. */
export const FAILING_CALLS = 5

const statesByReason: ReadonlyMap<Reason, State> = new Map([
  ['upstream_unauthorized', 'key'],
  ['upstream_unsupported_country', 'key'],
  ['upstream_billing', 'credit'],
  // These may be about the preset's model or endpoint alone.
  ['upstream_forbidden', 'preset'],
  ['upstream_no_endpoint', 'preset'],
  ['upstream_endpoint_retired', 'preset'],
  ['upstream_model_not_found', 'preset'],
  ['upstream_refused', 'preset'],
  ['upstream_rate_limited', 'cool_down'],
  ['upstream_breaker_open', 'breaker'],
])

interface Entry {
  readonly state: State
  readonly facts: StateFacts
  reportedMs: number
}

export class States {
  readonly #options: StatesOptions
  #failedInRow = 0
  /** By fault, so there are few. */
  readonly #entries = new Map<string, Entry>()

  constructor(options: StatesOptions) {
    this.#options = options
  }

  /** A call failed. */
  begin(facts: StateFacts): void {
    const state = statesByReason.get(facts.reason) ?? this.#countFailure(facts.reason)
    if (state === undefined) return
    // Upstream knew the key before it refused anything else.
    if (!['key', 'breaker', 'failing'].includes(state)) this.#end('key')
    const fault = toFault(state, facts.preset)
    const nowMs = this.#options.monotonicNow()
    const entry = this.#entries.get(fault)
    if (entry !== undefined && nowMs - entry.reportedMs < REPEAT_MS) return
    this.#entries.set(fault, { state, facts, reportedMs: nowMs })
    this.#options.onBegin?.(state, facts)
  }

  /** Upstream minted for `preset`. */
  endAll(preset: string): void {
    this.#failedInRow = 0
    if (this.#entries.size === 0) return
    for (const fault of ['key', 'credit', 'cool_down', 'failing', toFault('preset', preset)]) this.#end(fault)
  }

  endBreaker(): void {
    this.#end('breaker')
  }

  /** A single failure changes nothing, and neither does a bound of ours. */
  #countFailure(reason: Reason): State | undefined {
    if (!reason.startsWith('upstream_')) return undefined
    this.#failedInRow += 1
    return this.#failedInRow >= FAILING_CALLS ? 'failing' : undefined
  }

  #end(fault: string): void {
    const entry = this.#entries.get(fault)
    if (entry === undefined) return
    this.#entries.delete(fault)
    this.#options.onEnd?.(entry.state, entry.facts)
  }
}
