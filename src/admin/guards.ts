/** The checks on every request to the admin listener, in order: host, page that asks, token, media type. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toClientAddress } from '../http/client-address.ts'
import { checkHeaders, isLoopbackAuthority } from '../http/headers.ts'
import { checkBodyHeaders } from '../http/json-body.ts'
import { AdminError } from './admin-error.ts'
import type { CheckToken } from './token-check.ts'

export interface GuardOptions {
  /** Reads need no token, but the name of a loopback host. */
  readonly isLoopback: boolean
  /** Undefined without a token: then nothing can be written. */
  readonly checkToken: CheckToken | undefined
}

const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** A page whose name resolves to 127.0.0.1 has its own name here (DNS rebinding). */
function checkHost({ host = '' }: IncomingHttpHeaders): void {
  if (!isLoopbackAuthority(host)) throw new AdminError('host')
}

/** Passes our own page, links to it, and programs. https://www.w3.org/TR/fetch-metadata/ */
function checkReadingPage(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'] ?? 'none'
  if (site === 'same-origin' || site === 'none') return
  // A link, as in an alert. In a frame, the destination is another one.
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  if (!isLink) throw new AdminError('cross_site')
}

/** Passes our own page and programs. Browsers send Fetch Metadata only to https and localhost, and always an origin. */
function checkWritingPage({ origin, host, ...headers }: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site']
  const isOwn = site === undefined ? isOriginOf(origin, host) : site === 'same-origin'
  if (!isOwn) throw new AdminError('cross_site')
}

/** Programs send no origin. */
const isOriginOf = (origin: string | undefined, host: string | undefined): boolean =>
  origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)

/** A write always needs the JSON media type, which no form of another page can send. */
function checkMediaType(headers: IncomingHttpHeaders): void {
  checkBodyHeaders({ ...headers, 'content-type': headers['content-type'] ?? '' })
}

export function guardRequests(app: FastifyInstance, { isLoopback, checkToken }: GuardOptions): void {
  function check({ raw, headers, method }: FastifyRequest): void {
    checkHeaders(raw)
    if (isLoopback) checkHost(headers)
    const isRead = readMethods.has(method)
    if (isRead) checkReadingPage(headers)
    else checkWritingPage(headers)
    if (isRead && isLoopback) return
    if (checkToken === undefined) throw new AdminError('writes_disabled')
    checkToken(headers.authorization, toClientAddress(raw.socket.remoteAddress))
    if (!isRead) checkMediaType(headers)
  }

  app.addHook('onRequest', (request, _reply, done) => {
    check(request)
    done()
  })
}
