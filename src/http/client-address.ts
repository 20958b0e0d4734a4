/** Who asks, as a network address: what limits count by and pseudonyms are made from. */
import { isIP } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'

/**
 * IPv4 as it is (also where it comes mapped into IPv6), IPv6 by its /64: one household, one key.
 *
 * `forwarded` is the address that Fastify found behind the trusted proxies, taken verbatim from X-Forwarded-For;
 * anything there that is no IP address counts as the peer itself.
 */
export function toClientAddress(forwarded: string, peer: string | undefined): string {
  const address = isIP(forwarded) === 0 ? peer : forwarded
  return address === undefined ? 'unknown' : normalizeIP(address)
}
