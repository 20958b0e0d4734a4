/** A line as its bytes lie in a file: which part is sealed, by which mac, and where it says that it stands. */
import type { KeyObject } from 'node:crypto'
import { hmac } from '../secret.ts'

/** The end of a line; `mac` seals all bytes before it. */
export interface Seal {
  readonly prev: string | null
  readonly mac: string
}

/** The beginning of a line. */
export interface Heading {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly writer: string
  readonly seq: number
  readonly event: string
}

const MAC_BYTES = ',"mac":""}'.length + 64
const SEAL_BYTES = ',"prev":""'.length + 64 + MAC_BYTES
const HEADING_BYTES = 160

const PREV = ',"prev":"'
const MAC = '","mac":"'
const NO_PREV_MAC = ',"prev":null,"mac":"'
const END = '"}'

const wholeSeal = /,"prev":(?:null|"[0-9a-f]{64}"),"mac":"[0-9a-f]{64}"\}/
const heading =
  /^\{"v":1,"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","writer":"([0-9a-f]{16})","seq":(0|[1-9]\d{0,14}),"event":"([a-z]+)",/

/**
 * Undefined where the line does not end as all sealed ones do. That the digits are digits is left to the comparison
 * with those that are due.
 */
export function readSeal(line: Buffer): Seal | undefined {
  const text = line.toString('latin1', Math.max(0, line.length - SEAL_BYTES))
  const mac = text.slice(-64 - END.length, -END.length)
  const before = text.slice(0, -64 - END.length)
  if (!text.endsWith(END) || mac.length !== 64) return undefined
  if (before.endsWith(NO_PREV_MAC)) return { prev: null, mac }
  const isChained = before.length === SEAL_BYTES - 64 - END.length && before.startsWith(PREV)
  return isChained && before.endsWith(MAC) ? { prev: before.slice(PREV.length, -MAC.length), mac } : undefined
}

/** Over the bytes as they are: nothing that reads the same but is written otherwise passes. */
export const isSealedBy = (key: KeyObject, line: Buffer, mac: string): boolean =>
  hmac(key, line.subarray(0, line.length - MAC_BYTES)) === mac

/** Undefined where the line is not of the one version that is known here. */
export function readHeading(line: Buffer): Heading | undefined {
  const [, time, writer, seq, event] = heading.exec(line.toString('latin1', 0, HEADING_BYTES)) ?? []
  if (time === undefined || writer === undefined || event === undefined) return undefined
  return { time, writer, seq: Number(seq), event }
}

/** Whether `torn` goes on behind a whole line: a crash leaves the beginning of one, and nothing behind it. */
export function isMoreThanALine(torn: Buffer): boolean {
  const text = torn.toString('latin1')
  const found = wholeSeal.exec(text)
  return found !== null && found.index + found[0].length < text.length
}

/** The id of the key that a file says it was written under, in its first line; undefined where it says none. */
export const readKeyId = (first: Buffer): string | undefined =>
  /"key":"([0-9a-f]{16})"/.exec(first.toString('latin1'))?.[1]
