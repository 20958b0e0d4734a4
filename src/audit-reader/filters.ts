/** Which records are asked for. Plain values of pseudonymous fields are hashed, as they were when they were written. */
import { isIP } from 'node:net'
import type { AuditKeys } from '../audit/keys.ts'
import { toAscii } from '../audit/record.ts'
import { toClientAddress } from '../http/client-address.ts'
import { reasons } from '../reasons.ts'
import type { Secret } from '../secret.ts'

/** A record as it was parsed; its fields may be anything. */
export type ReadRecord = Readonly<Record<string, unknown>>

export interface Filter {
  /** Every line that holds has one of these in it; most that do not have none, and need not be parsed. */
  readonly hints: readonly string[]
  readonly holds: (record: ReadRecord) => boolean
}

const toSorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].toSorted()

/** The fields with a closed set of values. */
export const closedSets = {
  outcome: ['issued', 'refused', 'failed'],
  code: toSorted(Object.values(reasons).map(({ code }) => code)),
  reason: toSorted(Object.keys(reasons)),
  event: [
    'attempt',
    'refusals',
    'config',
    'key',
    'store',
    'pause',
    'open',
    'recovered',
    'gap',
    'removed',
    'heartbeat',
    'close',
  ],
} as const satisfies Record<string, readonly string[]>

const isObject = (value: unknown): value is ReadRecord => typeof value === 'object' && value !== null

/** The reasons that a record of counted refusals counts. */
export const reasonsOf = ({ event, detail }: ReadRecord): ReadRecord =>
  event === 'refusals' && isObject(detail) && isObject(detail['reasons']) ? detail['reasons'] : {}

/** Any of `values`, exactly. */
export function byValue(field: 'code' | 'event' | 'preset' | 'origin', values: readonly string[]): Filter {
  const wanted = new Set<unknown>(values)
  return {
    hints: values.map((value) => `"${field}":${JSON.stringify(value)}`),
    holds: (record) => wanted.has(record[field]),
  }
}

/** Counted refusals have no outcome of their own. */
export const byOutcome = (values: readonly string[]): Filter => ({
  hints: [
    ...values.map((value) => `"outcome":"${value}"`),
    ...(values.includes('refused') ? ['"event":"refusals"'] : []),
  ],
  holds: ({ outcome, event }) =>
    values.some((value) => value === outcome || (value === 'refused' && event === 'refusals')),
})

export const byReason = (values: readonly string[]): Filter => ({
  hints: values.map((value) => `"${value}"`),
  holds: (record) =>
    values.some((value) => value === record['reason'] || Object.hasOwn(reasonsOf(record), value)),
})

/** By its beginning, as tables show it. */
export const byRequestId = (values: readonly string[]): Filter => byBeginning('request_id', values, [])

/** Heartbeats say no more than that the service ran; they are shown to those who ask for them. */
export const withoutHeartbeats: Filter = { hints: [], holds: ({ event }) => event !== 'heartbeat' }

/** A pseudonym, or the beginning of one that is long enough to mean it. */
export const isPseudonym = (value: string): boolean => /^[0-9a-f]{8,32}$/.test(value)

function byBeginning(
  field: 'request_id' | 'caller' | 'address' | 'secret',
  beginnings: readonly string[],
  wholes: readonly string[],
): Filter {
  return {
    hints: [
      ...beginnings.map((value) => `"${field}":"${value}`),
      ...wholes.map((value) => `"${field}":${toAscii(JSON.stringify(value))}`),
    ],
    holds: ({ [field]: value }) =>
      typeof value === 'string' &&
      (wholes.includes(value) || beginnings.some((beginning) => value.startsWith(beginning))),
  }
}

/** Under any of `keys`, or written in clear. */
export const byCaller = (values: readonly string[], keys: readonly AuditKeys[]): Filter =>
  byBeginning('caller', values.filter(isPseudonym), [
    ...keys.flatMap(({ toPseudonym }) => values.map((value) => toPseudonym('caller', value))),
    ...values,
  ])

/** As people write it, in brackets or with the length of a /64 too; undefined where it is no address. */
export function parseAddress(text: string): string | undefined {
  const address = text.replace(/^\[(.*)\]$/, '$1').replace(/\/64$/, '')
  return isIP(address) === 0 ? undefined : toClientAddress(address, undefined)
}

export function byAddress(values: readonly string[], keys: readonly AuditKeys[]): Filter {
  const addresses = values.flatMap((value) => parseAddress(value) ?? [])
  return byBeginning('address', values.filter(isPseudonym), [
    ...keys.flatMap(({ toPseudonym }) => addresses.map((address) => toPseudonym('address', address))),
    ...addresses,
  ])
}

/** By fingerprint, or the beginning of one. */
export const bySecret = (
  secrets: readonly Secret[],
  fingerprints: readonly string[],
  keys: readonly AuditKeys[],
): Filter =>
  byBeginning(
    'secret',
    fingerprints,
    keys.flatMap(({ fingerprint }) => secrets.map((secret) => secret.fingerprint(fingerprint))),
  )
