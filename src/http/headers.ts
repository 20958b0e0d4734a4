/** The headers of every reply, and the checks on the headers of every request. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'

export const replyHeaders = {
  'cache-control': 'no-store',
  vary: 'Origin',
  'x-content-type-options': 'nosniff',
} as const

/** On every reply, whatever its outcome. */
export function setReplyHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(replyHeaders).header('x-request-id', request.id)
    done()
  })
}

/** Whether a Host header, or what follows the scheme of an origin, names this machine. */
export const isLoopbackAuthority = (authority: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(authority)

/** One bit each. A repeated header may mean one thing here and another to the proxy in front. */
const onceOnly: ReadonlyMap<string, number> = new Map(
  ['host', 'content-type', 'content-length', 'origin', 'authorization'].map((name, index) => [
    name,
    1 << index,
  ]),
)

/** `rawHeaders` alternates names and values. */
function hasRepeatedHeader(rawHeaders: readonly string[]): boolean {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const bit = onceOnly.get(rawHeaders[index]?.toLowerCase() ?? '') ?? 0
    if ((seen & bit) !== 0) return true
    seen |= bit
  }
  return false
}

/** Refuses versions and headers that Node’s parser accepts and no client of ours has a reason to send. */
export function checkHeaders({ headers, rawHeaders, httpVersion }: IncomingMessage): void {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new ServiceError('version_unsupported')
  const isHostMissing = headers.host === undefined && httpVersion !== '1.0'
  if (isHostMissing || hasRepeatedHeader(rawHeaders)) throw new ServiceError('header_malformed')
  const { expect, 'transfer-encoding': coding = 'chunked' } = headers
  if (coding.toLowerCase() !== 'chunked') throw new ServiceError('header_malformed')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new ServiceError('expectation_unsupported')
  }
}
