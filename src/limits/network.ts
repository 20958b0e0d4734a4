/**
 * A site with one IPv6 /48 has 65,536 networks of the /64 that an address counts as. So the /48 has a limit of its own.
 */
export const NETWORK_FACTOR = 8

/** The /48 of a client address; undefined for IPv4. `address` is in canonical form and ends with its /64. */
export function toNetwork(address: string): string | undefined {
  const [start, end] = address.split('::')
  if (start === undefined || end === undefined) return undefined
  const [first = '', second = '0', third = '0'] = start.split(':')
  return `${first === '' ? '0' : first}:${second}:${third}::/48`
}
