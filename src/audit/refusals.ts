/** Attempts that cost nothing upstream, counted beyond the first few: a flood must not fill the disk or hide a secret. */
import type { Code, ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { FrequentAddresses } from './frequent-addresses.ts'
import { type RecordFields, toEventFields } from './record.ts'

export interface RefusalsOptions {
  /** Resolves when the record is durable. */
  readonly append: (fields: RecordFields) => Promise<void>
  /** As records show an address. */
  readonly identify: (kind: 'address', address: string) => string
  /** Milliseconds. */
  readonly unixNow: () => number
}

export type Refusal = Pick<ServiceError, 'code' | 'reason'>

/** Attempts of a code and minute that have a record of their own. */
const MAX_SINGLE_RECORDS = 10

const MAX_ADDRESSES = 5

const MINUTE_MS = 60_000

/** After an outage of hours there are thousands of counts, and mints wait in the same queue. */
const WRITES_AT_ONCE = 100

interface Tally {
  singleRecords: number
  readonly reasons: Map<Reason, number>
  readonly addresses: FrequentAddresses
}

export class Refusals {
  readonly #options: RefusalsOptions
  /** Unix milliseconds at the start of the current minute. */
  #minute = 0
  /** Counts of the current minute. */
  #tallies = new Map<Code, Tally>()
  /** Counts of earlier minutes, until they are durable. */
  #unwritten: RecordFields[] = []

  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  /** Whether this refusal gets a record of its own. If not, it has been counted. */
  admit(refusal: Refusal, address: string): boolean {
    const tally = this.#toTally(refusal.code)
    if (tally.singleRecords === MAX_SINGLE_RECORDS) {
      this.count(refusal, address)
      return false
    }
    tally.singleRecords += 1
    return true
  }

  /** Counts one that has no record of its own. */
  count({ code, reason }: Refusal, address: string): void {
    const { reasons, addresses } = this.#toTally(code)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    addresses.add(address)
  }

  /** Writes the counts of earlier minutes. Those that cannot be written are kept for the next call. */
  async write(): Promise<void> {
    this.#turn()
    const counts = this.#unwritten
    this.#unwritten = []
    while (counts.length > 0) {
      const some = counts.splice(0, WRITES_AT_ONCE)
      const written = await Promise.allSettled(some.map((fields) => this.#options.append(fields)))
      this.#unwritten.push(...some.filter((_fields, index) => written[index]?.status === 'rejected'))
    }
  }

  /** Writes everything, the counts of the current minute too. */
  async end(): Promise<void> {
    this.#finish()
    await this.write()
  }

  #toTally(code: Code): Tally {
    this.#turn()
    const known = this.#tallies.get(code)
    if (known !== undefined) return known
    const tally = { singleRecords: 0, reasons: new Map<Reason, number>(), addresses: new FrequentAddresses() }
    this.#tallies.set(code, tally)
    return tally
  }

  /** Starts a new minute when it is time. */
  #turn(): void {
    const minute = Math.floor(this.#options.unixNow() / MINUTE_MS) * MINUTE_MS
    if (minute !== this.#minute) this.#finish()
    this.#minute = minute
  }

  #finish(): void {
    for (const [code, tally] of this.#tallies) {
      if (tally.reasons.size > 0) this.#unwritten.push(this.#toFields(code, tally))
    }
    this.#tallies = new Map()
  }

  #toFields(code: Code, { reasons, addresses }: Tally): RecordFields {
    const count = [...reasons.values()].reduce((sum, number) => sum + number, 0)
    const detail = {
      minute: new Date(this.#minute).toISOString(),
      reasons: Object.fromEntries(reasons),
      addresses: addresses.top(MAX_ADDRESSES).map(({ address, count: number, maxError }) => ({
        address: this.#options.identify('address', address),
        count: number,
        max_error: maxError,
      })),
    }
    return toEventFields('refusals', { code, count, detail })
  }
}
