/** Detects a proxy that TRUST_PROXY does not list: most requests then come from one private address. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { createAddressMatcher } from '../address-ranges.ts'
import { attemptOf } from './attempt-of.ts'
import { isLoopbackAuthority } from './headers.ts'
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

/**
 * Addresses that no caller from the internet has: https://www.iana.org/assignments/iana-ipv4-special-registry/ and the
 * registry for IPv6.
 */
const privateRanges = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  // IPv6 addresses arrive here as their /64, so ::1 is this one.
  '::',
  'fc00::/7',
  'fe80::/10',
]

/** True for somebody who tries the service on this machine. A proxy forwards the name of a page or of the service. */
const isLocalUse = ({ headers }: IncomingMessage): boolean =>
  headers['x-forwarded-for'] === undefined &&
  isLoopbackAuthority((headers.origin ?? headers.host ?? '').replace(/^https?:\/\//i, ''))

/** Warns once, without naming the address. */
export function warnOfHiddenProxy(app: FastifyInstance, options: HiddenProxyOptions): void {
  const { logger, exemptPaths, isTrusted } = options
  const isPrivate = createAddressMatcher(privateRanges)
  const counts = new Map<string, number>()
  let seen = 0
  let isDone = false

  function count(address: string): void {
    counts.set(address, (counts.get(address) ?? 0) + 1)
    seen += 1
    if (seen < SAMPLE) return
    isDone = [...counts].some(([one, times]) => times > SAMPLE / 2 && isPrivate(one))
    if (isDone) logger.warn(ADVICE)
    counts.clear()
    seen = 0
  }

  const isExempt = ({ raw }: FastifyRequest): boolean =>
    exemptPaths.has(toPath(raw.url)) || isTrusted(raw.socket.remoteAddress ?? '') || isLocalUse(raw)

  app.addHook('onRequest', (request, _reply, done) => {
    if (!isDone && !isExempt(request)) count(attemptOf(request).address)
    done()
  })
}
