/** Finds records: the newest first, from the ends of the files, or the oldest first. It reads, and verifies nothing. */
import { listAudit } from './listing.ts'
import {
  type Batch,
  FileSearch,
  type Match,
  readSpan,
  type Search,
  type Span,
  toOpeningTime,
  type UpstreamRequest,
} from './query-file.ts'

export interface QueryOptions extends Search {
  readonly directory: string
  /** Told of bytes read so far, of at most so many. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined
}

/** A file with what was found in it and is not told yet. */
interface Lane {
  readonly batches: AsyncGenerator<Batch>
  matches: readonly Match[]
  told: number
  bound: string
}

/** The time of the next match; until it is known, the time that it has at best. */
const toTime = ({ matches, told, bound }: Lane): string => matches[told]?.time ?? bound

/** Finds more, or takes the lane out of `lanes`. */
async function advance(lane: Lane, lanes: Set<Lane>): Promise<void> {
  const { value, done } = await lane.batches.next()
  if (done === true) {
    lanes.delete(lane)
  } else {
    lane.matches = value.matches
    lane.told = 0
    lane.bound = value.bound
  }
}

const PEEKS_AT_ONCE = 8

/** The files that hold records of the time that is asked for. */
async function findSpans({ directory, since = '', until }: QueryOptions): Promise<readonly Span[]> {
  const { files } = await listAudit(directory)
  const names = files
    .map(({ name }) => name)
    .filter((name) => until === undefined || toOpeningTime(name) < until)
  const spans: Span[] = []
  for (let start = 0; start < names.length; start += PEEKS_AT_ONCE) {
    const some = names.slice(start, start + PEEKS_AT_ONCE)
    const peeked = await Promise.all(some.map((name) => readSpan(directory, name)))
    spans.push(...peeked.flatMap((span) => (span !== undefined && span.to >= since ? [span] : [])))
  }
  return spans
}

const comparators = {
  newest: (one: string, other: string) => one > other,
  oldest: (one: string, other: string) => one < other,
} as const satisfies Record<UpstreamRequest, (one: string, other: string) => boolean>

export class AuditQuery {
  readonly #options: QueryOptions
  readonly #search: FileSearch
  readonly #isBefore: (one: string, other: string) => boolean
  #bytes = 0
  #total = 0

  constructor(options: QueryOptions) {
    this.#options = options
    this.#search = new FileSearch(options)
    this.#isBefore = comparators[options.order]
  }

  /** Lines that were read and are no records, or torn ones. */
  get skipped(): number {
    return this.#search.skipped
  }

  /** All matches in order; of several files, merged by time. Throws what the file system throws. */
  async *matches(): AsyncGenerator<Match> {
    const waiting = await this.#openLanes()
    const lanes = new Set<Lane>()
    try {
      for (let lane = this.#next(lanes, waiting); lane !== undefined; lane = this.#next(lanes, waiting)) {
        const match = lane.matches[lane.told]
        if (match === undefined) {
          await advance(lane, lanes)
        } else {
          lane.told += 1
          yield match
        }
      }
    } finally {
      for (const { batches } of lanes) await batches.return(undefined)
    }
  }

  /** Where the next match is, or may be. Files whose time has not come yet are left alone. */
  #next(lanes: Set<Lane>, waiting: Lane[]): Lane | undefined {
    let first: Lane | undefined
    for (const lane of lanes) {
      if (first === undefined || this.#isBefore(toTime(lane), toTime(first))) first = lane
    }
    const late = waiting.at(-1)
    if (late === undefined || (first !== undefined && this.#isBefore(toTime(first), late.bound))) return first
    waiting.pop()
    lanes.add(late)
    return late
  }

  /** The one whose time comes first is the last of them. */
  async #openLanes(): Promise<Lane[]> {
    const { directory, order } = this.#options
    const spans = await findSpans(this.#options)
    this.#total = spans.reduce((sum, { size }) => sum + size, 0)
    const lanes = spans.map((span): Lane => {
      const batches = this.#search.batches(directory, span, (bytes) => this.#onRead(bytes))
      return { batches, matches: [], told: 0, bound: order === 'newest' ? span.to : span.from }
    })
    return lanes.toSorted((one, other) => (this.#isBefore(other.bound, one.bound) ? -1 : 1))
  }

  #onRead(bytes: number): void {
    this.#bytes += bytes
    this.#options.onProgress?.(this.#bytes, this.#total)
  }
}
