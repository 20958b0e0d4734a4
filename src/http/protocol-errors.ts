/** Errors below Fastify: what the HTTP parser and its clocks refuse, answered in the same envelope on the bare socket. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { replyHeaders } from './headers.ts'

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

/** A whole HTTP/1.1 reply, for a socket that no framework answers on any more. */
export function toRawReply(error: ServiceError, requestId: string): string {
  const body = error.toEnvelope(requestId)
  const headers = {
    ...replyHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}

export interface ProtocolErrorOptions {
  readonly onRefused: (error: ServiceError, requestId: string) => void
}

/** The `clientError` listener. */
export function createProtocolErrorHandler({ onRefused }: ProtocolErrorOptions) {
  return ({ code }: Error & { code?: string }, socket: Socket): void => {
    // The peer is gone, or a reply is already on its way: anything more would be read as a part of it.
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const error = new ServiceError(toProtocolReason(code))
    const requestId = randomUUID()
    onRefused(error, requestId)
    socket.write(toRawReply(error, requestId))
    socket.destroySoon()
  }
}
