/** Refusals that have no record of their own, counted: a flood of them must not fill the disk, nor hide what was issued. */
import type { Code } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { type RecordFields, toEventFields } from './record.ts'

export interface RefusalsOptions {
  /** Resolves when the record is durable. */
  readonly append: (fields: RecordFields) => Promise<void>
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Of each code and minute, so many have a record of their own. */
const ONE_BY_ONE = 10

const MINUTE_MS = 60_000

/** After an outage of hours there are thousands, and mints wait in the same queue. */
const AT_ONCE = 100

interface Tally {
  readonly code: Code
  /** Unix milliseconds of the minute's beginning. */
  readonly minute: number
  oneByOne: number
  readonly reasons: Map<Reason, number>
}

function toFields({ code, minute, reasons }: Tally): RecordFields {
  const count = [...reasons.values()].reduce((sum, number) => sum + number, 0)
  const detail = { minute: new Date(minute).toISOString(), reasons: Object.fromEntries(reasons) }
  return toEventFields('refusals', { code, count, detail })
}

export class Refusals {
  readonly #options: RefusalsOptions
  /** Of the running minute, by code. */
  #tallies = new Map<Code, Tally>()
  /** Of minutes that are over, until they are written. */
  #finished: Tally[] = []

  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  /** Whether this one is to have a record of its own. If not, it has been counted. */
  admit(code: Code, reason: Reason): boolean {
    const tally = this.#toTally(code)
    if (tally.oneByOne === ONE_BY_ONE) {
      this.count(code, reason)
      return false
    }
    tally.oneByOne += 1
    return true
  }

  /** For one whose own record could not be written. */
  count(code: Code, reason: Reason): void {
    const { reasons } = this.#toTally(code)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  /** Writes what was counted in minutes that are over. What cannot be written is kept for the next time. */
  async write(): Promise<void> {
    this.#turn()
    const tallies = this.#finished
    this.#finished = []
    while (tallies.length > 0) {
      const some = tallies.splice(0, AT_ONCE)
      const written = await Promise.allSettled(some.map((tally) => this.#options.append(toFields(tally))))
      this.#finished.push(...some.filter((_tally, index) => written[index]?.status === 'rejected'))
    }
  }

  /** Writes everything, the running minute's counts too. */
  async end(): Promise<void> {
    this.#finish()
    await this.write()
  }

  #toTally(code: Code): Tally {
    const minute = this.#turn()
    const known = this.#tallies.get(code)
    if (known !== undefined) return known
    const tally = { code, minute, oneByOne: 0, reasons: new Map<Reason, number>() }
    this.#tallies.set(code, tally)
    return tally
  }

  /** Begins a new minute when it is time; the beginning of the running one. */
  #turn(): number {
    const minute = Math.floor(this.#options.now() / MINUTE_MS) * MINUTE_MS
    const [running] = this.#tallies.values()
    if (running !== undefined && running.minute !== minute) this.#finish()
    return minute
  }

  #finish(): void {
    this.#finished.push(...[...this.#tallies.values()].filter(({ reasons }) => reasons.size > 0))
    this.#tallies = new Map()
  }
}
