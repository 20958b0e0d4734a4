/** The paths and their methods, which decide 404s, 405s and preflights. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.ts'
import { checkHeaders } from '../http/headers.ts'
import { createOriginGuard } from '../http/origin.ts'
import { checkTarget, toPath } from '../http/request-target.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { CLIENT_SCRIPT_PATH } from './client-script.ts'
import { healthPaths } from './health.ts'
import { dialects } from './minting.ts'

export const mintingPaths: ReadonlySet<string> = new Set(dialects.map(({ path }) => path))

const readOnlyPaths: ReadonlySet<string> = new Set([...healthPaths, CLIENT_SCRIPT_PATH])

/** The error for a path without a route for the method. */
function toRouteError(path: string): ServiceError {
  if (mintingPaths.has(path)) return new ServiceError('method_unsupported', { allow: 'POST, OPTIONS' })
  if (readOnlyPaths.has(path)) return new ServiceError('method_unsupported', { allow: 'GET, HEAD' })
  return new ServiceError('route_unknown')
}

export interface CheckRoutesOptions {
  readonly allowedOrigins: ReadonlySet<string>
  readonly lifecycle: Lifecycle
}

/** Passes requests that have a route, and answers preflights of those that mint. */
export function checkRoutes(app: FastifyInstance, { allowedOrigins, lifecycle }: CheckRoutesOptions): void {
  const checkOrigin = createOriginGuard({ allowedOrigins })

  function check({ raw, method, headers, is404 }: FastifyRequest): void {
    checkTarget(raw)
    checkHeaders(raw)
    const path = toPath(raw.url)
    if (lifecycle.phase === 'draining' && !healthPaths.has(path)) throw new ServiceError('draining')
    if (is404 || (method === 'OPTIONS' && !mintingPaths.has(path))) throw toRouteError(path)
    if (method === 'OPTIONS') checkOrigin(headers)
  }

  app.addHook('onRequest', (request, reply, done) => {
    check(request)
    if (request.method === 'OPTIONS') reply.code(204).send()
    else done()
  })
}
