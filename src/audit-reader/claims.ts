/** What records and anchors say about files, and whether the lines of a file agree. */
import { z } from 'zod'
import { type Mention, readMentions } from '../audit/format.ts'
import type { FindingReason, Place, Witness } from './findings.ts'

export interface Claim extends Mention {
  /** The event of the record that makes the claim: open, recovered, gap or removed. Otherwise `anchor`. */
  readonly event: string
  readonly witness: Witness
  /** Whether the record is from the start of a process, and not from a later rotation. */
  readonly isFromStart: boolean
}

const withDetail = z.object({ detail: z.unknown() })

/** The detail of a sealed record; undefined if there is none. */
export function readDetail(line: Buffer): unknown {
  try {
    return withDetail.parse(JSON.parse(line.toString('latin1'))).detail
  } catch {
    return undefined
  }
}

type Speaker = Pick<Claim, 'event' | 'witness' | 'isFromStart'>

/** The claims of a record; undefined if its detail has a form that is not known here. */
export const toClaims = (speaker: Speaker, detail: unknown): readonly Claim[] | undefined =>
  readMentions(speaker.event, detail)?.map((mention) => Object.assign(mention, speaker))

/** A claim that is not true of a file, and where that shows. */
export interface BrokenClaim {
  readonly claim: Claim
  readonly reason: FindingReason
  readonly place: Place
}

/** Compares the claims about one file with its lines, in one pass. */
export class ClaimsCheck {
  readonly broken: BrokenClaim[] = []
  readonly #bySeq: Map<number | null, readonly Claim[]>

  constructor(claims: readonly Claim[]) {
    this.#bySeq = Map.groupBy(claims, ({ seq }) => seq)
    // The file had no line yet, so its content cannot disagree.
    this.#bySeq.delete(null)
  }

  /** To be called for each line, in order. */
  seeLine(seq: number, mac: string, place: Place): void {
    const claims = this.#bySeq.get(seq)
    if (claims === undefined) return
    this.#bySeq.delete(seq)
    for (const claim of claims) {
      if (claim.mac !== mac) this.broken.push({ claim, reason: 'line_forged', place })
    }
  }

  /** To be called at the end of the file, with the place of a next line. */
  seeEnd(place: Place): void {
    for (const claim of [...this.#bySeq.values()].flat()) {
      this.broken.push({ claim, reason: 'tail_cut', place })
    }
  }
}
