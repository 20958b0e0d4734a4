/** What works and what fails right now, since when, and why: the log's state lines as values. */

export type Part = 'upstream' | 'redis' | 'key_set' | 'presets_file' | 'api_key_file' | 'audit'

export interface Condition {
  readonly state: 'ok' | 'failing'
  /** Unix milliseconds: when the state began. */
  readonly sinceMs: number
  /** The newest cause, from a closed set, also after the end of the failure. */
  readonly lastError: { readonly cause: string; readonly atMs: number } | null
}

export class Conditions {
  readonly #unixNow: () => number
  readonly #startedAtMs: number
  readonly #conditions = new Map<Part, Condition>()
  /** A part may fail in several ways at once, as upstream does for several presets. */
  readonly #faults = new Map<Part, ReadonlySet<string>>()

  constructor(unixNow: () => number) {
    this.#unixNow = unixNow
    this.#startedAtMs = unixNow()
  }

  of(part: Part): Condition {
    return this.#conditions.get(part) ?? { state: 'ok', sinceMs: this.#startedAtMs, lastError: null }
  }

  /** What fails in the part right now. */
  faults(part: Part): ReadonlySet<string> {
    return this.#faults.get(part) ?? new Set()
  }

  begin(part: Part, cause: string, fault: string = part): void {
    const before = this.of(part)
    const atMs = this.#unixNow()
    this.#faults.set(part, new Set(this.faults(part)).add(fault))
    const sinceMs = before.state === 'failing' ? before.sinceMs : atMs
    this.#conditions.set(part, { state: 'failing', sinceMs, lastError: { cause, atMs } })
  }

  /** An error that makes nothing fail, such as a single timeout. While the part fails, that failure's cause matters more. */
  note(part: Part, cause: string): void {
    const before = this.of(part)
    if (before.state === 'failing') return
    this.#conditions.set(part, { ...before, lastError: { cause, atMs: this.#unixNow() } })
  }

  /** Returns whether the part fails no longer, and did before. */
  end(part: Part, fault: string = part): boolean {
    const { state, lastError } = this.of(part)
    const faults = new Set(this.faults(part))
    faults.delete(fault)
    this.#faults.set(part, faults)
    if (state === 'ok' || faults.size > 0) return false
    this.#conditions.set(part, { state: 'ok', sinceMs: this.#unixNow(), lastError })
    return true
  }
}
