/** What operators filter by, as the index understands it. Plain values of pseudonymous fields are hashed. */
import { isIP } from 'node:net'
import { stripPort } from '../address-ranges.ts'
import { auditEvents } from '../audit/format.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { toClientAddress } from '../http/client-address.ts'
import { reasons } from '../reasons.ts'
import type { Secret } from '../secret.ts'
import type { RecordFilter, TextMatch } from './index-query.ts'

const toSorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].toSorted()

/** The fields with a closed set of values. */
export const closedSets = {
  outcome: ['issued', 'refused', 'failed'],
  code: toSorted(Object.values(reasons).map(({ code }) => code)),
  reason: toSorted(Object.keys(reasons)),
  event: auditEvents,
} as const satisfies Record<string, readonly string[]>

/** A pseudonym, or enough of its beginning to be meant as one. */
export const isPseudonym = (value: string): boolean => /^[0-9a-f]{8,32}$/.test(value)

/** `plain` as pseudonyms of any of `keys`, or in plain text; what is given may also be a pseudonym. */
const toPseudonymMatch = (
  kind: 'caller' | 'address',
  plain: readonly string[],
  given: readonly string[],
  keys: readonly AuditKeys[],
): TextMatch => ({
  values: [...keys.flatMap(({ toPseudonym }) => plain.map((value) => toPseudonym(kind, value))), ...plain],
  beginnings: given.filter(isPseudonym),
})

/** Accepts a port, brackets and the length of a /64; undefined if it is not an address. */
export function parseAddress(text: string): string | undefined {
  const address = stripPort(text.replace(/\/64$/, ''))
  return isIP(address) === 0 ? undefined : toClientAddress(address)
}

/** As the operations page shows a pseudonym. */
export const isShortened = (value: string): boolean => /^[0-9a-f]{8}$/.test(value)

/** The pseudonym of a subject or of an address, which may be given as one; pseudonyms are taken as they are. */
export function toCallerPseudonym(given: string, { toPseudonym }: AuditKeys): string {
  if (/^[0-9a-f]{32}$/.test(given)) return given
  const address = parseAddress(given)
  return address === undefined ? toPseudonym('caller', given) : toPseudonym('address', address)
}

/** By the fingerprint, or its beginning. */
const toSecretMatch = (
  secrets: readonly Secret[],
  fingerprints: readonly string[],
  keys: readonly AuditKeys[],
): TextMatch => ({
  values: keys.flatMap(({ fingerprint }) => secrets.map((secret) => secret.fingerprint(fingerprint))),
  beginnings: fingerprints,
})

/** What an operator asks for, as given. A field that is undefined filters nothing. */
export interface Wanted {
  /** Unix milliseconds. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** By field; records match any of its values. */
  readonly kind: Readonly<Record<string, readonly (string | number)[] | undefined>>
  /** Plain or as pseudonyms. */
  readonly caller?: readonly string[] | undefined
  readonly address?: readonly string[] | undefined
  /** Secrets and fingerprints; a fingerprint may be cut short. */
  readonly secret?: readonly (Secret | string)[] | undefined
  /** May be cut short. */
  readonly requestId?: readonly string[] | undefined
}

/** The filter for the index. What is pseudonymous is looked for under each of `keys`. */
export function toRecordFilter(wanted: Wanted, keys: readonly AuditKeys[]): RecordFilter {
  const { since, until, kind, caller, address, secret, requestId } = wanted
  const secrets = secret?.filter((one) => typeof one !== 'string') ?? []
  const addresses = address?.flatMap((text) => parseAddress(text) ?? []) ?? []
  const fingerprints = secret?.filter((one) => typeof one === 'string') ?? []
  return {
    since,
    until,
    kind: Object.fromEntries(Object.entries(kind).filter(([, values]) => values !== undefined)),
    caller: caller && toPseudonymMatch('caller', caller, caller, keys),
    address: address && toPseudonymMatch('address', addresses, address, keys),
    secret: secret && toSecretMatch(secrets, fingerprints, keys),
    requestId: requestId && { values: [], beginnings: requestId },
  }
}
