/** Detects a proxy that TRUST_PROXY does not list: most requests then come from one private address. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { attemptOf } from './attempt-of.ts'
import { toPath } from './request-target.ts'

export interface HiddenProxyOptions {
  readonly logger: Logger
  /** Health checks do come from a private address. */
  readonly exemptPaths: ReadonlySet<string>
  readonly isTrusted: (address: string) => boolean
}

/** Enough to tell a proxy from a few requests of a neighbor. */
const SAMPLE = 50

const ADVICE =
  'most requests share one private address, and so one limit: if that is a proxy’s, set TRUST_PROXY to its address'

/** Addresses that no caller from the internet has: https://www.iana.org/assignments/iana-ipv4-special-registry/ and its sister. */
function createPrivateRanges(): BlockList {
  const ranges = new BlockList()
  ranges.addSubnet('10.0.0.0', 8)
  ranges.addSubnet('100.64.0.0', 10)
  ranges.addSubnet('127.0.0.0', 8)
  ranges.addSubnet('169.254.0.0', 16)
  ranges.addSubnet('172.16.0.0', 12)
  ranges.addSubnet('192.168.0.0', 16)
  // IPv6 addresses arrive here as their /64, so ::1 is this one.
  ranges.addAddress('::', 'ipv6')
  ranges.addSubnet('fc00::', 7, 'ipv6')
  ranges.addSubnet('fe80::', 10, 'ipv6')
  return ranges
}

/** The address that more than half of a sample share, if there is one. */
function toMajority(counts: ReadonlyMap<string, number>): string | undefined {
  for (const [address, count] of counts) if (count > SAMPLE / 2) return address
  return undefined
}

/** Warns once, without naming the address. */
export function warnOfHiddenProxy(app: FastifyInstance, options: HiddenProxyOptions): void {
  const { logger, exemptPaths, isTrusted } = options
  const ranges = createPrivateRanges()
  const counts = new Map<string, number>()
  let seen = 0
  let isDone = false

  function count(address: string): void {
    counts.set(address, (counts.get(address) ?? 0) + 1)
    seen += 1
    if (seen < SAMPLE) return
    const majority = toMajority(counts)
    isDone =
      majority !== undefined &&
      isIP(majority) !== 0 &&
      ranges.check(majority, isIPv6(majority) ? 'ipv6' : 'ipv4')
    if (isDone) logger.warn(ADVICE)
    counts.clear()
    seen = 0
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { url, socket } = request.raw
    const isListed = socket.remoteAddress !== undefined && isTrusted(socket.remoteAddress)
    if (!isDone && !isListed && !exemptPaths.has(toPath(url))) count(attemptOf(request).address)
    done()
  })
}
