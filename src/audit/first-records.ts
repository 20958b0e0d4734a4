/** The records that a file begins with: what was there before it. */
import type { Survey } from './earlier-files.ts'
import type { NamedHead } from './format.ts'
import { type RecordFields, toEventFields } from './record.ts'

/** Why nothing was acknowledged between a writer's last file and this one. */
export interface Gap {
  /** The last line that was acknowledged. */
  readonly head: NamedHead
  readonly cause: string
  /** Records that could not be written. */
  readonly lost: number
}

export interface FirstRecordsOptions {
  /** Its own name. */
  readonly file: string
  /** Identifies the key that seals the file. */
  readonly keyId: string
  readonly earlier: Survey
  readonly gap: Gap | undefined
}

/** Keeps each line below 2 KiB; more heads go into further `open` records. */
const HEADS_PER_RECORD = 8

export function toFirstRecords({ file, keyId, earlier, gap }: FirstRecordsOptions): RecordFields[] {
  const heads = earlier.heads.map(({ file: name, seq, mac }) => ({ file: name, seq, mac }))
  const chunks = Array.from({ length: Math.max(1, Math.ceil(heads.length / HEADS_PER_RECORD)) }, (_, index) =>
    heads.slice(index * HEADS_PER_RECORD, (index + 1) * HEADS_PER_RECORD),
  )
  return [
    ...chunks.map((some) => toEventFields('open', { detail: { file, key: keyId, heads: some } })),
    ...earlier.torn.map(({ head, bytes }) =>
      toEventFields('recovered', { detail: { ...head, torn_bytes: bytes } }),
    ),
    ...(gap === undefined
      ? []
      : [toEventFields('gap', { detail: { ...gap.head, cause: gap.cause, lost: gap.lost } })]),
  ]
}
