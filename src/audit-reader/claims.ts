/** What records and anchors say about files, and whether a file bears it out as its lines go by. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { FindingReason, Place, Witness } from './findings.ts'

export interface Claim {
  /** Of the record that says so: open, recovered, gap or removed; else `anchor`. */
  readonly event: string
  readonly witness: Witness
  /** Whether it was said at the start of a process, and not by one that ran on. */
  readonly isFromStart: boolean
  /** The file it is about. */
  readonly file: string
  /** The line that the file had at its end, or further on; null where it had no line at all. */
  readonly seq: number | null
  readonly mac: string | null
  /** What stood behind that line, without a line feed. */
  readonly torn: { readonly bytes: number; readonly sha256: string } | null
}

type Named = Pick<Claim, 'file' | 'seq' | 'mac' | 'torn'>

const hex64 = z.string().regex(/^[0-9a-f]{64}$/)
const head = z.object({ file: z.string(), seq: z.int().nullable(), mac: hex64.nullable() })
const one = head.transform((named): Named[] => [{ ...named, torn: null }])

/** The details of the records that name files, as lists of what they name. */
const details: ReadonlyMap<string, z.ZodType<Named[]>> = new Map<string, z.ZodType<Named[]>>([
  [
    'open',
    z
      .object({ heads: z.array(head) })
      .transform(({ heads }): Named[] => heads.map((named) => ({ ...named, torn: null }))),
  ],
  [
    'recovered',
    head
      .extend({ torn_bytes: z.int().nonnegative(), torn_sha256: hex64 })
      .transform(({ torn_bytes: bytes, torn_sha256, ...named }): Named[] => [
        { ...named, torn: { bytes, sha256: torn_sha256 } },
      ]),
  ],
  ['gap', one],
  ['removed', one],
])

const withDetail = z.object({ detail: z.unknown() })
const withOwnName = z.object({ file: z.string() })

function readDetail(line: Buffer): unknown {
  try {
    return withDetail.parse(JSON.parse(line.toString('latin1'))).detail
  } catch {
    return undefined
  }
}

type Speaker = Pick<Claim, 'event' | 'witness' | 'isFromStart'>

/** The claims of a sealed record; none where its event makes none, undefined where it is not of a form that we know. */
export function readClaims(
  line: Buffer,
  { event, witness, isFromStart }: Speaker,
): readonly Claim[] | undefined {
  const form = details.get(event)
  if (form === undefined) return []
  return form.safeParse(readDetail(line)).data?.map(({ file, seq, mac, torn }) => ({
    event,
    witness,
    isFromStart,
    file,
    seq,
    mac,
    torn,
  }))
}

/** The name that the file had when `line`, its first record, was written. */
export const readOwnName = (line: Buffer): string | undefined =>
  withOwnName.safeParse(readDetail(line)).data?.file

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** A claim that a file does not bear out, and where that shows. */
export interface BrokenClaim {
  readonly claim: Claim
  readonly reason: FindingReason
  readonly place: Place
}

/** Holds the claims about one file against it, in one pass over its lines. */
export class ClaimsCheck {
  readonly broken: BrokenClaim[] = []
  readonly #bySeq: Map<number | null, readonly Claim[]>
  /** Torn bytes that have to come next. */
  #next: readonly Claim[] = []
  /** Torn bytes of a file in which no good line was found: all of it, or the end of one under another key. */
  #anywhere: readonly Claim[]

  constructor(claims: readonly Claim[]) {
    this.#bySeq = Map.groupBy(claims, ({ seq }) => seq)
    this.#anywhere = (this.#bySeq.get(null) ?? []).filter(isTorn)
    this.#bySeq.delete(null)
  }

  /** A whole line, in its turn. */
  seeLine(seq: number, mac: string, bytes: Buffer, place: Place): void {
    this.seeBytes(bytes, place)
    const claims = this.#bySeq.get(seq)
    if (claims === undefined) return
    this.#bySeq.delete(seq)
    for (const claim of claims) {
      if (claim.mac !== mac) this.broken.push({ claim, reason: 'line_replaced', place })
    }
    this.#next = claims.filter(isTorn)
  }

  /** What follows the line before. A torn line that was only just being written has become whole since. */
  seeBytes(bytes: Buffer, place: Place): void {
    for (const claim of this.#next) {
      if (!beginsTorn(bytes, claim)) this.broken.push({ claim, reason: 'torn_changed', place })
    }
    this.#next = []
    if (place.line === 1) this.#seeAnywhere(bytes)
  }

  /** What stands behind the last line. */
  seeTorn(bytes: Buffer, place: Place): void {
    this.seeBytes(bytes, place)
    this.#seeAnywhere(bytes)
  }

  /** The end of the file, with the place that a further line would have had. */
  seeEnd(place: Place): void {
    for (const claim of [...this.#next, ...this.#anywhere]) {
      this.broken.push({ claim, reason: 'torn_changed', place })
    }
    for (const claim of [...this.#bySeq.values()].flat())
      this.broken.push({ claim, reason: 'tail_cut', place })
  }

  #seeAnywhere(bytes: Buffer): void {
    this.#anywhere = this.#anywhere.filter((claim) => !beginsTorn(bytes, claim))
  }
}

const isTorn = ({ torn }: Claim): boolean => torn !== null && torn.bytes > 0

const beginsTorn = (bytes: Buffer, { torn }: Claim): boolean =>
  torn !== null && sha256(bytes.subarray(0, torn.bytes)) === torn.sha256
