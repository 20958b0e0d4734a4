/** `NO_PROXY`: the hosts that are reached without the proxy. Names, suffixes, ports and `*` are undici's to match. */
import { BlockList, isIP } from 'node:net'

const toFamily = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

const toEntries = (text: string): readonly string[] => text.split(/[,\s]+/).filter((entry) => entry !== '')

/** The address and the prefix of a CIDR range; undefined where it is none. */
export function parseRange(entry: string): readonly [address: string, prefix: number] | undefined {
  const [, address = '', prefix] = /^([0-9a-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(entry) ?? []
  const family = isIP(address)
  return family === 0 || Number(prefix) > (family === 4 ? 32 : 128) ? undefined : [address, Number(prefix)]
}

/** True if the host is an address in a CIDR range of the list. undici does not support ranges. */
export function isInRanges({ hostname }: URL, list: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) === 0) return false
  const ranges = new BlockList()
  for (const range of toEntries(list).map(parseRange))
    if (range !== undefined) ranges.addSubnet(...range, toFamily(range[0]))
  return ranges.check(address, toFamily(address))
}

const canMatch = (entry: string): boolean =>
  entry === '*' || parseRange(entry) !== undefined || /^(?:\*?\.)?[\w.:[\]-]+$/.test(entry)

/** One warning for each entry that can match no host. */
export function* toNoProxyWarnings(list: string): Iterable<string> {
  const advice = 'can match no host. Write a name, a .suffix, an address or a CIDR range'
  for (const [index, entry] of toEntries(list).entries())
    if (!canMatch(entry)) yield `NO_PROXY: entry ${index + 1} ${advice}`
}
