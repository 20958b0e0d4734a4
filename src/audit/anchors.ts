/** The head of the chain, told from time to time where an editor of the files cannot reach. */
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

const EVERY_RECORDS = 1_000
const EVERY_MS = 60_000

/** Prints the newest durable line's place after a minute or 1,000 records, whichever comes first. */
export class Anchors {
  readonly #options: AnchorsOptions
  #newest: Anchor | undefined
  #records = 0
  #printedAt: number

  constructor(options: AnchorsOptions) {
    this.#options = options
    this.#printedAt = options.unixNow()
  }

  /** After `records` more are durable, the last of them at `anchor`. */
  advance(anchor: Anchor, records: number): void {
    this.#newest = anchor
    this.#records += records
    if (this.#records >= EVERY_RECORDS) this.print()
  }

  /** Once a second. */
  tick(): void {
    if (Math.abs(this.#options.unixNow() - this.#printedAt) >= EVERY_MS) this.print()
  }

  /** Prints what is new, at once: nothing more may follow it in its file. */
  print(): void {
    this.#printedAt = this.#options.unixNow()
    this.#records = 0
    if (this.#newest !== undefined) this.#options.print(this.#newest)
    this.#newest = undefined
  }
}
