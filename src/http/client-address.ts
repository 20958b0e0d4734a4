/** The caller's network address: limits count by it, and pseudonyms are made from it. */
import { isIP } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { stripPort } from '../address-ranges.ts'
import { memoize } from '../memoize.ts'

/** IPv4 as it is (also if it is mapped into IPv6), IPv6 by its /64, which is one household. */
export const toClientAddress = (address: string | undefined): string =>
  address === undefined ? 'unknown' : normalizeIP(address)

const MAX_PROXIES_NAMED = 100

/**
 * Reads a request's address. `request.ip` is the nearest value in X-Forwarded-For that is not a trusted proxy. If it is
 * not an IP address, the peer's own counts, and a warning names the proxy, once.
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
