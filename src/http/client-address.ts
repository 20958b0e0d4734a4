/** The caller's network address: limits count by it, and pseudonyms are made from it. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { memoize } from '../memoize.ts'

/** IPv4 as it is (also if it is mapped into IPv6), IPv6 by its /64, which is one household. */
export const toClientAddress = (address: string | undefined): string =>
  address === undefined ? 'unknown' : normalizeIP(address)

const withPort = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/

/** An IP address without port and brackets; text that is no address stays as it is. */
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

const MAX_PROXIES_NAMED = 100

/**
 * Reads a request's address. `request.ip` is the nearest value in X-Forwarded-For that is no trusted proxy. If it is no
 * IP address, the peer's own counts, and a warning names the proxy, once.
 */
export function createAddressReader(logger: Logger): (request: FastifyRequest) => string {
  const named = new Set<string>()
  // The library takes 30 µs for an IPv6 address, a tenth of a mint.
  const toKnownAddress = memoize(toClientAddress)

  function warn(proxy: string): void {
    if (named.has(proxy) || named.size >= MAX_PROXIES_NAMED) return
    named.add(proxy)
    logger.warn(
      { proxy },
      'a trusted proxy sends X-Forwarded-For values that are no IP address: its callers share one limit. Fix the proxy',
    )
  }

  return ({ ip, raw: { socket } }) => {
    const address = stripPort(ip)
    if (isIP(address) !== 0) return toKnownAddress(address)
    if (socket.remoteAddress !== undefined) warn(socket.remoteAddress)
    return toClientAddress(socket.remoteAddress)
  }
}
