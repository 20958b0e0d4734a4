/** The format of audit files: their names, their events, how records name other files, and how a line is sealed. */
import { z } from 'zod'
import type { HmacKey } from '../hmac.ts'

export const auditEvents = [
  'open',
  'recovered',
  'gap',
  'attempt',
  'refusals',
  'config',
  'key',
  'store',
  'pause',
  'heartbeat',
  'removed',
  'close',
] as const

export type AuditEvent = (typeof auditEvents)[number]

/** More than any record has. A longer line is not one of ours, and is not kept in memory. */
export const MAX_LINE_BYTES = 1024 * 1024

const fileName = /^audit-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-f]{16})\.jsonl$/

export const toFileName = (openedAtMs: number, writer: string): string =>
  `audit-${new Date(openedAtMs).toISOString().replaceAll(/[-:.]/g, '')}-${writer}.jsonl`

export const isFileName = (name: string): boolean => fileName.test(name)

/** Whether it looks like the name of an audit file, but may not be one. */
export const isLikeFileName = (name: string): boolean => /^audit-.*\.jsonl$/s.test(name)

/** The index of all files, which readers make and may remove. */
export const INDEX_FILE_NAME = 'index.sqlite'

/** The folder of the pauses in effect. */
export const PAUSES_NAME = 'pauses'

/** The process that wrote the file, by its name. */
export const toWriter = (name: string): string | undefined => fileName.exec(name)?.[8]

/** Unix milliseconds at which a file was opened, by its name; NaN if the name has no such time. */
export const toOpenedAt = (name: string): number =>
  Date.parse(name.replace(fileName, '$1-$2-$3T$4:$5:$6.$7Z'))

export const DAY_MS = 86_400_000

/** The number of a day, in UTC: a file is of one day, and is kept for whole days. */
export const toDay = (ms: number): number => Math.floor(ms / DAY_MS)

const hex64 = z.string().regex(/^[0-9a-f]{64}$/)

const namedHead = z.object({ file: z.string(), seq: z.int().nonnegative().nullable(), mac: hex64.nullable() })

/** The last good line of a file, as records name it; nulls if the file has none. */
export type NamedHead = Readonly<z.infer<typeof namedHead>>

/** What a record says about another file. */
export interface Mention extends NamedHead {
  /** Bytes after the line, without a newline; null if the record does not say. */
  readonly tornBytes: number | null
}

const one = namedHead.transform((head): Mention[] => [{ ...head, tornBytes: null }])

/** The details of the records that name files. */
const details: ReadonlyMap<string, z.ZodType<Mention[]>> = new Map<string, z.ZodType<Mention[]>>([
  [
    'open',
    z
      .object({ heads: z.array(namedHead) })
      .transform(({ heads }): Mention[] => heads.map((head) => ({ ...head, tornBytes: null }))),
  ],
  [
    'recovered',
    namedHead
      .extend({ torn_bytes: z.int().nonnegative() })
      .transform(({ torn_bytes: tornBytes, ...head }): Mention[] => [{ ...head, tornBytes }]),
  ],
  ['gap', one],
  ['removed', one],
])

/** Whether records of this event name files. */
export const namesFiles = (event: string): boolean => details.has(event)

/** The files that a record names: none for most events, undefined if the detail has another form than ours. */
export function readMentions(event: string, detail: unknown): readonly Mention[] | undefined {
  const form = details.get(event)
  return form === undefined ? [] : form.safeParse(detail).data
}

const openDetail = z.object({ file: z.string() })

/** The name that a file had when it was opened, by the detail of its first record. */
export const readOwnName = (detail: unknown): string | undefined => openDetail.safeParse(detail).data?.file

/** A line's place in the chain, as later lines and files name it. */
export interface Head {
  readonly seq: number
  /** 64 hex. */
  readonly mac: string
}

export interface SealedLine {
  /** With its newline. */
  readonly line: string
  readonly mac: string
}

/**
 * Seals a line whose bytes so far are `open`: an object in ASCII, not closed yet. Its `mac` is the HMAC-SHA256 of all
 * bytes before it, and so of `prev`, the mac of the line before; null in a file's first line.
 */
export function sealLine(open: string, prev: string | null, key: HmacKey): SealedLine {
  const sealed = `${open},"prev":${prev === null ? 'null' : `"${prev}"`}`
  const mac = key.sign(sealed)
  return { line: `${sealed},"mac":"${mac}"}\n`, mac }
}

/** The end of a line; `mac` seals all bytes before it. */
export interface Seal {
  readonly prev: string | null
  readonly mac: string
}

const MAC_BYTES = ',"mac":""}'.length + 64
const SEAL_BYTES = ',"prev":""'.length + 64 + MAC_BYTES

const PREV = ',"prev":"'
const MAC = '","mac":"'
const NO_PREV_MAC = ',"prev":null,"mac":"'
const END = '"}'

/** Undefined unless the line ends as sealed lines do. Whether its digits are digits shows when they are compared. */
export function readSeal(line: Buffer): Seal | undefined {
  const text = line.toString('latin1', Math.max(0, line.length - SEAL_BYTES))
  const mac = text.slice(-64 - END.length, -END.length)
  const before = text.slice(0, -64 - END.length)
  if (!text.endsWith(END) || mac.length !== 64) return undefined
  if (before.endsWith(NO_PREV_MAC)) return { prev: null, mac }
  const isChained = before.length === SEAL_BYTES - 64 - END.length && before.startsWith(PREV)
  return isChained && before.endsWith(MAC) ? { prev: before.slice(PREV.length, -MAC.length), mac } : undefined
}

/** Over the bytes as they are: a line that reads the same but is written otherwise does not pass. */
export const isSealedBy = (key: HmacKey, line: Buffer, mac: string): boolean =>
  key.sign(line.subarray(0, line.length - MAC_BYTES)) === mac

const wholeSeal = /,"prev":(?:null|"[0-9a-f]{64}"),"mac":"[0-9a-f]{64}"\}/

/** Whether a whole line is in `torn`, with more after it: a crash leaves only the start of one line. */
export function isMoreThanALine(torn: Buffer): boolean {
  const text = torn.toString('latin1')
  const found = wholeSeal.exec(text)
  return found !== null && found.index + found[0].length < text.length
}

/** The start of a line. */
export interface Heading {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly writer: string
  readonly seq: number
  readonly event: string
}

const HEADING_BYTES = 160

const heading =
  /^\{"v":1,"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","writer":"([0-9a-f]{16})","seq":(0|[1-9]\d{0,14}),"event":"([a-z]+)",/

/** Undefined if the line is not of the one version that is known here. */
export function readHeading(line: Buffer): Heading | undefined {
  const [, time, writer, seq, event] = heading.exec(line.toString('latin1', 0, HEADING_BYTES)) ?? []
  if (time === undefined || writer === undefined || event === undefined) return undefined
  return { time, writer, seq: Number(seq), event }
}

/** The id of the key that a file says it was written under, in its first line. */
export const readKeyId = (first: Buffer): string | undefined =>
  /"key":"([0-9a-f]{16})"/.exec(first.toString('latin1'))?.[1]
