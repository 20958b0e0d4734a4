/** A record as its line says it, for readers that do not verify it: its fields may be anything. */
import { isAscii } from 'node:buffer'
import { isFailureCode } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Line } from './lines.ts'

export type ReadRecord = Readonly<Record<string, unknown>>

const START = '{"v":1,"time":"'

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Unix milliseconds; undefined where this is not a time as records have it. */
export function toUnixMs(value: unknown): number | undefined {
  if (typeof value !== 'string' || !instant.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}

const TAB = 0x09
const CARRIAGE_RETURN = 0x0d
const DELETE = 0x7f

/** JSON allows no other character that can control a terminal. */
const isPrintable = (bytes: Buffer): boolean =>
  isAscii(bytes) && !bytes.includes(TAB) && !bytes.includes(CARRIAGE_RETURN) && !bytes.includes(DELETE)

export interface TimedRecord {
  readonly record: ReadRecord
  /** Unix milliseconds. */
  readonly time: number
}

/** Undefined where the line is incomplete, or not a record of the one version that is known here. */
export function readRecord({ bytes, end }: Line): TimedRecord | undefined {
  if (end !== 'newline' || !isPrintable(bytes)) return undefined
  const text = bytes.toString('latin1')
  if (!text.startsWith(START)) return undefined
  try {
    const record: unknown = JSON.parse(text)
    if (!isObject(record) || record['v'] !== 1) return undefined
    const time = toUnixMs(record['time'])
    return time === undefined ? undefined : { record, time }
  } catch {
    return undefined
  }
}

/** Counted attempts have one code, which decides their outcome. Their record has none. */
export const outcomeOf = ({ event, outcome, code }: ReadRecord): unknown => {
  if (event !== 'refusals') return outcome
  return isFailureCode(code) ? 'failed' : 'refused'
}

/** Attempts that were counted and have no record of their own. */
export interface CountedAttempts {
  /** Unix milliseconds: the minute of the attempts. */
  readonly minute: number
  readonly reasons: ReadonlyMap<string, number>
  /** The most frequent addresses. */
  readonly addresses: ReadonlyMap<string, number>
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0

function toAddresses(list: unknown): ReadonlyMap<string, number> {
  const addresses = new Map<string, number>()
  for (const item of Array.isArray(list) ? list : []) {
    if (isObject(item) && typeof item['address'] === 'string' && isCount(item['count'])) {
      addresses.set(item['address'], item['count'])
    }
  }
  return addresses
}

/** Undefined for every event but `refusals`. */
export function readCounts({ record, time }: TimedRecord): CountedAttempts | undefined {
  const { event, detail } = record
  if (event !== 'refusals' || !isObject(detail)) return undefined
  const { minute, reasons, addresses } = detail
  return {
    minute: toUnixMs(minute) ?? time,
    reasons: new Map(
      Object.entries(isObject(reasons) ? reasons : {}).flatMap(([name, count]) =>
        isCount(count) ? [[name, count] as const] : [],
      ),
    ),
    addresses: toAddresses(addresses),
  }
}
