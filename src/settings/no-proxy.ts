/** `NO_PROXY`: the hosts that are reached without the proxy. Names, suffixes, ports and `*` are undici's to match. */
import { createAddressMatcher, isRange } from '../address-ranges.ts'

const toEntries = (text: string): readonly string[] => text.split(/[,\s]+/).filter((entry) => entry !== '')

/** True if the host is an address in a CIDR range of the list. undici does not support ranges. */
export const isInRanges = ({ hostname }: URL, list: string): boolean =>
  createAddressMatcher(toEntries(list).filter(isRange))(hostname)

const canMatch = (entry: string): boolean =>
  entry === '*' || isRange(entry) || /^(?:\*?\.)?[\w.:[\]-]+$/.test(entry)

/** One warning for each entry that can match no host. */
export function* toNoProxyWarnings(list: string): Iterable<string> {
  const advice = 'can match no host. Write a name, a .suffix, an address or a CIDR range'
  for (const [index, entry] of toEntries(list).entries())
    if (!canMatch(entry)) yield `NO_PROXY: entry ${index + 1} ${advice}`
}
