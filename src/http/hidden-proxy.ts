/** Notices a proxy in front that nobody told us of: most requests then seem to come from one private address. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { toPath } from './request-target.ts'

export interface HiddenProxyOptions {
  readonly logger: Logger
  /** Health checks come from where they come from. */
  readonly exemptPaths: ReadonlySet<string>
}

/** Enough to tell a proxy from a few requests of somebody nearby. */
const SAMPLE = 50

const ADVICE =
  'most requests share one private address, and so one limit: if that is a proxy’s, set TRUST_PROXY to its address'

/** What no caller from the internet has: https://www.iana.org/assignments/iana-ipv4-special-registry/ and its sister. */
function createPrivateRanges(): BlockList {
  const ranges = new BlockList()
  ranges.addSubnet('10.0.0.0', 8)
  ranges.addSubnet('100.64.0.0', 10)
  ranges.addSubnet('127.0.0.0', 8)
  ranges.addSubnet('169.254.0.0', 16)
  ranges.addSubnet('172.16.0.0', 12)
  ranges.addSubnet('192.168.0.0', 16)
  // Of IPv6 addresses only the /64 is known here: ::1 has become this.
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

/** Says so once, without naming the address. */
export function warnOfHiddenProxy(app: FastifyInstance, { logger, exemptPaths }: HiddenProxyOptions): void {
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

  app.addHook('onRequest', ({ attempt, raw }, _reply, done) => {
    if (!isDone && !exemptPaths.has(toPath(raw.url))) count(attempt.address)
    done()
  })
}
