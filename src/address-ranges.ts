/** IP addresses as text, and the addresses and CIDR ranges that a setting lists. */
import { BlockList, isIP, isIPv6 } from 'node:net'

const withPort = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/

/** An IP address without port and brackets; text that is not an address stays as it is. */
export function stripPort(text: string): string {
  if (isIP(text) !== 0) return text
  const [, bracketed, plain] = withPort.exec(text) ?? []
  const address = bracketed ?? plain ?? ''
  return isIP(address) === (bracketed === undefined ? 4 : 6) ? address : text
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')

/** Whether an address is in one of these addresses and CIDRs. */
export function createAddressMatcher(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return (address) => {
    // A link-local address can name its interface, as in fe80::1%eth0.
    const [plain = ''] = stripPort(address).split('%')
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain))
  }
}

/** Whether a text is a CIDR range. */
export function isRange(text: string): boolean {
  const [, address = '', prefix] = /^([0-9a-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(text) ?? []
  return isIP(address) !== 0 && Number(prefix) <= (isIPv6(address) ? 128 : 32)
}
