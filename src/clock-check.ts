/** Compares our clock with the `Date` that others send. A wrong clock rejects valid tokens and misleads retention. */

export interface ClockCheckOptions {
  readonly unixNow: () => number
  /** Called when a difference of more than 5 s begins (whole seconds; positive: ours is behind), and with 0 when it ends. */
  readonly onChange: (differenceSeconds: number) => void
}

const TOLERANCE_MS = 5_000
/** `Date` has whole seconds. */
const HALF_SECOND_MS = 500

const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT$/

/** Unix milliseconds; undefined unless `header` is an HTTP date of this century. */
export function parseHttpDate(header: unknown): number | undefined {
  if (typeof header !== 'string' || !httpDate.test(header)) return undefined
  const ms = Date.parse(header)
  return Number.isNaN(ms) ? undefined : ms
}

/** parseHttpDate for many headers in a row: most are equal, because they have whole seconds. */
export function createDateReader(): (header: unknown) => number | undefined {
  let last: unknown
  let lastMs: number | undefined
  return (header) => {
    if (header !== last) {
      last = header
      lastMs = parseHttpDate(header)
    }
    return lastMs
  }
}

export class ClockCheck {
  readonly #options: ClockCheckOptions
  #isOff = false
  #differenceMs: number | undefined

  constructor(options: ClockCheckOptions) {
    this.#options = options
  }

  /** The other clock minus ours, as last seen; undefined until a date was seen. */
  get differenceMs(): number | undefined {
    return this.#differenceMs
  }

  /** `dateMs` is a parsed `Date` header that has just arrived. */
  readonly observe = (dateMs: number): void => {
    const difference = dateMs + HALF_SECOND_MS - this.#options.unixNow()
    this.#differenceMs = difference
    const isOff = Math.abs(difference) > TOLERANCE_MS
    if (isOff === this.#isOff) return
    this.#isOff = isOff
    this.#options.onChange(isOff ? Math.round(difference / 1000) : 0)
  }
}
