/** One line of the audit, field by field, and its bytes. */
import type { Outcome } from '../attempt.ts'
import type { HmacKey } from '../hmac.ts'
import { type AuditEvent, type Head, sealLine } from './format.ts'

export interface RecordFields {
  readonly event: AuditEvent
  readonly request_id: string | null
  readonly outcome: Outcome | null
  /** The public code; null if a secret was issued. */
  readonly code: string | null
  /** From a finer, closed set for operators. */
  readonly reason: string | null
  readonly status: number | null
  /** False if the connection was already gone when the record was written; a later loss cannot be known. */
  readonly delivered: boolean | null
  /** Only names of presets that exist. */
  readonly preset: string | null
  /** Hash of the preset as sent; of a `config` event, of all presets. */
  readonly revision: string | null
  readonly model: string | null
  readonly expires_after_seconds: number | null
  /** Names of the fields that the request changed, never their values. */
  readonly overrides: readonly string[] | null
  /** A listed origin, else `other`. */
  readonly origin: string | null
  /** Pseudonym, 32 hex. */
  readonly caller: string | null
  /** Pseudonym, 32 hex. */
  readonly address: string | null
  /** Fingerprint, 32 hex; of a `key` event, the API key's. */
  readonly secret: string | null
  /** Unix seconds. */
  readonly secret_expires_at: number | null
  readonly upstream: {
    readonly status: number | null
    /** From a closed list. */
    readonly code: string | null
    /** A path of our schema. */
    readonly param: string | null
    readonly request_id: string | null
    readonly attempts: number
    readonly ms: number
  } | null
  readonly ms: number | null
  readonly count: number | null
  readonly detail: Readonly<Record<string, DetailValue>> | null
}

/** Names and numbers of our own, never text from outside. */
export type DetailValue =
  | string
  | number
  | null
  | readonly DetailValue[]
  | { readonly [name: string]: DetailValue }

/** Where and when a record is written. */
export interface RecordPlace {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly writer: string
  readonly seq: number
  /** The mac of the line before; null in a file's first line. */
  readonly prev: string | null
}

const VERSION = 1

const unprintable = /[^\x20-\x7e]/g

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JSON in printable ASCII: other characters are escaped. */
export const toAscii = (json: string): string => json.replace(unprintable, toEscape)

export interface Lines {
  readonly text: string
  /** The head after the last line. */
  readonly head: Head
}

/** The lines of consecutive records, sealed with `key`, the first of them at `place`. Each is one JSON object in ASCII. */
export function toLines(
  batch: readonly RecordFields[],
  { time, writer, seq: first, prev }: RecordPlace,
  key: HmacKey,
): Lines {
  let head: Head | undefined
  let text = ''
  for (const fields of batch) {
    const seq = head === undefined ? first : head.seq + 1
    // Joined as text because this runs for each attempt.
    const start = `{"v":${VERSION},"time":"${time}","writer":"${writer}","seq":${seq},`
    const open = toAscii(`${start}${JSON.stringify(fields).slice(1, -1)}`)
    const { line, mac } = sealLine(open, head?.mac ?? prev, key)
    head = { seq, mac }
    text += line
  }
  if (head === undefined) throw new RangeError('there is no record to write')
  return { text, head }
}

type EventFacts = Partial<
  Pick<RecordFields, 'preset' | 'revision' | 'origin' | 'caller' | 'secret' | 'code' | 'count' | 'detail'>
>

/** The fields of an event other than an attempt; missing ones are null. */
export function toEventFields(event: AuditEvent, facts: EventFacts = {}): RecordFields {
  return { ...blank, event, ...facts }
}

const blank = {
  event: 'open',
  request_id: null,
  outcome: null,
  code: null,
  reason: null,
  status: null,
  delivered: null,
  preset: null,
  revision: null,
  model: null,
  expires_after_seconds: null,
  overrides: null,
  origin: null,
  caller: null,
  address: null,
  secret: null,
  secret_expires_at: null,
  upstream: null,
  ms: null,
  count: null,
  detail: null,
} as const satisfies RecordFields
