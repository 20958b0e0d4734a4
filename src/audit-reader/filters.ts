/** What operators filter by, as the index understands it. Plain values of pseudonymous fields are hashed. */
import { isIP } from 'node:net'
import { auditEvents } from '../audit/format.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { toClientAddress } from '../http/client-address.ts'
import { reasons } from '../reasons.ts'
import type { Secret } from '../secret.ts'
import type { TextMatch } from './index-query.ts'

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

/** As pseudonyms of any of `keys`, or in plain text. */
export const toCallerMatch = (values: readonly string[], keys: readonly AuditKeys[]): TextMatch => ({
  values: [
    ...keys.flatMap(({ toPseudonym }) => values.map((value) => toPseudonym('caller', value))),
    ...values,
  ],
  beginnings: values.filter(isPseudonym),
})

/** Accepts brackets and the length of a /64; undefined if it is not an address. */
export function parseAddress(text: string): string | undefined {
  const address = text.replace(/^\[(.*)\]$/, '$1').replace(/\/64$/, '')
  return isIP(address) === 0 ? undefined : toClientAddress(address)
}

export function toAddressMatch(values: readonly string[], keys: readonly AuditKeys[]): TextMatch {
  const addresses = values.flatMap((value) => parseAddress(value) ?? [])
  return {
    values: [
      ...keys.flatMap(({ toPseudonym }) => addresses.map((address) => toPseudonym('address', address))),
      ...addresses,
    ],
    beginnings: values.filter(isPseudonym),
  }
}

/** By the fingerprint, or its beginning. */
export const toSecretMatch = (
  secrets: readonly Secret[],
  fingerprints: readonly string[],
  keys: readonly AuditKeys[],
): TextMatch => ({
  values: keys.flatMap(({ fingerprint }) => secrets.map((secret) => secret.fingerprint(fingerprint))),
  beginnings: fingerprints,
})
