/** The records that a file begins with: what was there before it. */
import type { NamedHead, Survey } from './earlier-files.ts'
import { type RecordFields, toEventFields } from './record.ts'

/** Why nothing was acknowledged between a writer's last file and this one. */
export interface Gap {
  /** The last line that was. */
  readonly head: NamedHead
  readonly cause: string
  /** Records that could not be written. */
  readonly lost: number
}

export interface Opening {
  /** Its own name. */
  readonly file: string
  /** Tells the key that it is sealed with. */
  readonly key: string
  readonly past: Survey
  readonly gap: Gap | undefined
}

/** So that no line is longer than 2 KiB; where there are more, further `open` records follow the first. */
const HEADS_PER_RECORD = 8

function chunk<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

export function toOpening({ file, key, past: { heads, torn }, gap }: Opening): RecordFields[] {
  const [first = [], ...more] = chunk(
    heads.map(({ file: name, seq, mac }) => ({ file: name, seq, mac })),
    HEADS_PER_RECORD,
  )
  return [
    ...[first, ...more].map((some) => toEventFields('open', { detail: { file, key, heads: some } })),
    ...torn.map(({ head, torn: { bytes, sha256 } }) =>
      toEventFields('recovered', { detail: { ...head, torn_bytes: bytes, torn_sha256: sha256 } }),
    ),
    ...(gap === undefined
      ? []
      : [toEventFields('gap', { detail: { ...gap.head, cause: gap.cause, lost: gap.lost } })]),
  ]
}
