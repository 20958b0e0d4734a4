/** Errors below Fastify: refusals of the HTTP parser and its timeouts, answered in the same envelope. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { attemptOf } from './attempt-of.ts'
import { toErrorHeaders } from './error-handler.ts'
import { replyHeaders } from './headers.ts'
import { STATUS_CODES } from './node-http.ts'
import { logProtocolError } from './request-log.ts'

/** The peer closed its side in the middle of a request. */
const END_INSIDE = 'HPE_INVALID_EOF_STATE'

const reasonsByCode: ReadonlyMap<string, Reason> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_too_slow'],
  ['HPE_INVALID_URL', 'url_malformed'],
  ['HPE_INVALID_HEADER_TOKEN', 'header_malformed'],
  ['HPE_INVALID_CONTENT_LENGTH', 'header_malformed'],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', 'header_malformed'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'header_malformed'],
])

/** The reason behind a code of Node's HTTP parser. */
export const toProtocolReason = (code: string | undefined): Reason =>
  reasonsByCode.get(code ?? '') ?? 'protocol_malformed'

/** A whole HTTP/1.1 reply, for a socket that the framework no longer answers on. */
export function toRawReply(error: ServiceError, requestId: string): string {
  const body = error.toEnvelope(requestId)
  const headers = {
    ...replyHeaders,
    ...toErrorHeaders(error),
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}

export interface ProtocolErrors {
  /** Fastify's `clientErrorHandler`. */
  readonly onClientError: (error: Error & { readonly code?: string }, socket: Socket) => void
  /** Tracks the newest request of each socket. */
  readonly follow: (app: FastifyInstance) => void
}

function refuse(error: ServiceError, socket: Duplex, logger: Logger): void {
  const requestId = randomUUID()
  logProtocolError(logger, error, requestId)
  socket.end(toRawReply(error, requestId), () => socket.destroy())
}

/**
 * Answers what the parser refuses, once. Without a request it writes to the bare socket. An error in a body becomes the
 * reply to its request, so that headers, log and record agree.
 */
export function createProtocolErrors(logger: Logger): ProtocolErrors {
  const newest = new WeakMap<Duplex, FastifyReply>()
  /** Sockets to refuse as soon as their earlier request is answered. */
  const refused = new WeakSet<Socket>()

  function onClientError({ code }: Error & { readonly code?: string }, socket: Socket): void {
    const reply = newest.get(socket)
    if (code === 'ECONNRESET' || !socket.writable || (code === END_INSIDE && reply !== undefined)) {
      socket.destroy()
    } else if (reply === undefined || isOver(reply)) {
      refuse(new ServiceError(toProtocolReason(code)), socket, logger)
    } else if (isAwaitingBody(reply)) {
      reply.header('connection', 'close').send(new ServiceError(toProtocolReason(code)))
    } else if (reply.raw.writableFinished) {
      socket.destroy()
    } else if (!refused.has(socket)) {
      refused.add(socket)
      // An error after a whole request is answered after its reply, if the connection is still open.
      reply.raw.once('finish', () => {
        if (reply.request.raw.complete && socket.writable) {
          refuse(new ServiceError(toProtocolReason(code)), socket, logger)
        } else socket.destroy()
      })
    }
  }

  function follow(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      newest.set(request.raw.socket, reply)
      done()
    })
    app.server.on('connect', (_request, socket: Duplex) => onConnect(socket))
  }

  /** Node gives CONNECT to no route and no longer handles errors of its socket: one would end the process. */
  function onConnect(socket: Duplex): void {
    socket.on('error', () => undefined)
    const reply = newest.get(socket)
    const answer = (): void => {
      refuse(new ServiceError('method_unsupported', { allow: 'GET, HEAD, POST, OPTIONS' }), socket, logger)
    }
    // Earlier requests on this connection are answered first.
    if (reply === undefined || reply.raw.writableFinished) answer()
    else reply.raw.once('finish', answer)
  }

  return { onClientError, follow }
}

/** Answered and completely read: further bytes belong to no request. */
const isOver = ({ raw, request }: FastifyReply): boolean => raw.writableFinished && request.raw.complete

const isAwaitingBody = ({ request }: FastifyReply): boolean =>
  !attemptOf(request).answered && !request.raw.complete
