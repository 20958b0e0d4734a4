/** The admin listener: what happens to every request, in order, and the routes. Loaded only if ADMIN_PORT is set. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import { Connections } from '../http/connections.ts'
import { toErrorHeaders, toServiceError } from '../http/error-handler.ts'
import { MAX_BODY_BYTES, takeJsonOnly } from '../http/json-body.ts'
import { noSchemas } from '../http/no-schemas.ts'
import { toProtocolReason, toRawReply } from '../http/protocol-errors.ts'
import { toPath } from '../http/request-target.ts'
import { createBoundedServer } from '../http/server.ts'
import type { AdminConfig } from '../settings/admin.ts'
import { AdminError } from './admin-error.ts'
import { guardRequests } from './guards.ts'
import { limitRate } from './rate.ts'
import { createTokenCheck } from './token-check.ts'

export interface AdminDependencies {
  readonly logger: Logger
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Operators and Prometheus need few. */
const MAX_CONNECTIONS = 64
const MAX_PER_ADDRESS = 32

/** A route may replace the policy by its own. */
const replyHeaders = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

const methods = ['GET', 'HEAD', 'POST', 'DELETE'] as const

/** Refusals of the HTTP parser, and its timeouts. */
function onClientError({ code }: Error & { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else {
    const reply = toRawReply(new ServiceError(toProtocolReason(code)), randomUUID())
    socket.end(reply, () => socket.destroy())
  }
}

function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = thrown instanceof AdminError ? thrown : toServiceError(thrown)
    if (error.code === 'internal') {
      logger.error({ request_id: request.id, err: error }, 'admin: unexpected error')
    }
    const headers = error instanceof AdminError ? error.headers : toErrorHeaders(error)
    reply.code(error.status).headers(headers).type('application/json; charset=utf-8')
    reply.send(error.toEnvelope(request.id))
  })
  app.setNotFoundHandler(({ raw }) => {
    const path = toPath(raw.url)
    const allowed = methods.filter((method) => app.hasRoute({ method, url: path }))
    throw allowed.length === 0
      ? new AdminError('route')
      : new AdminError('method', { headers: { allow: allowed.join(', ') } })
  })
}

const toLevel = (method: string, status: number): 'warn' | 'info' | 'debug' => {
  if (status >= 500) return 'warn'
  return status < 400 && method !== 'GET' && method !== 'HEAD' ? 'info' : 'debug'
}

/** Writes are logged at `info`. Reads are not: Prometheus would fill the log. */
function logRequests(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', ({ id, method, routeOptions }: FastifyRequest, reply: FastifyReply, done) => {
    const { statusCode, elapsedTime } = reply
    const route = routeOptions.url ?? null
    logger[toLevel(method, statusCode)](
      { request_id: id, method, route, http_status: statusCode, ms: Math.round(elapsedTime) },
      'admin request',
    )
    done()
  })
}

/** Builds the listener; does not listen yet. */
export function buildAdminApp(
  { token, isLoopback }: AdminConfig,
  { logger, toPseudonym, now }: AdminDependencies,
): FastifyInstance {
  const connections = new Connections({
    max: MAX_CONNECTIONS,
    maxPerAddress: MAX_PER_ADDRESS,
    trustedProxies: [],
    now,
  })
  const app = Fastify({
    serverFactory: (listener) => createBoundedServer(limitRate(listener, now), connections),
    logger: false,
    schemaController: noSchemas,
    bodyLimit: MAX_BODY_BYTES,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    clientErrorHandler: onClientError,
    forceCloseConnections: true,
  })
  answerErrors(app, logger)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(replyHeaders).header('x-request-id', request.id)
    done()
  })
  const checkToken =
    token &&
    createTokenCheck({ token, logger, now, toPseudonym: (address) => toPseudonym('address', address) })
  guardRequests(app, { isLoopback, checkToken })
  takeJsonOnly(app)
  logRequests(app, logger)
  return app
}
