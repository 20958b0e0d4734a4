/** Prints the head of the chain to a second place, which an editor of the files does not control. */
import type { Head } from './format.ts'

export interface Anchor extends Head {
  readonly writer: string
  readonly file: string
}

export interface AnchorsOptions {
  readonly print: (anchor: Anchor) => void
  /** Milliseconds. */
  readonly unixNow: () => number
}

const MAX_RECORDS = 1_000
const MAX_AGE_MS = 60_000

/** Prints the newest durable line after a minute or 1,000 records, whichever comes first. */
export class Anchors {
  readonly #options: AnchorsOptions
  #newest: Anchor | undefined
  #records = 0
  #printedAt: number
  #lastAnchorAtMs: number | null = null

  constructor(options: AnchorsOptions) {
    this.#options = options
    this.#printedAt = options.unixNow()
  }

  /** Unix milliseconds; null before the first anchor. */
  get lastAnchorAtMs(): number | null {
    return this.#lastAnchorAtMs
  }

  /** To be called when `records` more are durable, the last of them at `anchor`. */
  advance(anchor: Anchor, records: number): void {
    this.#newest = anchor
    this.#records += records
    if (this.#records >= MAX_RECORDS) this.print()
  }

  /** To be called once a second. */
  tick(): void {
    if (Math.abs(this.#options.unixNow() - this.#printedAt) >= MAX_AGE_MS) this.print()
  }

  /** Prints at once if there is anything new. */
  print(): void {
    this.#printedAt = this.#options.unixNow()
    this.#records = 0
    if (this.#newest === undefined) return
    this.#options.print(this.#newest)
    this.#lastAnchorAtMs = this.#printedAt
    this.#newest = undefined
  }
}
