/** `/v1/realtime` as a WebSocket: the same session as in a call, with audio in events. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { endWith } from '../answer.ts'
import { failWith, invalidUrl } from '../failures.ts'
import { toBearer } from '../mint.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { toId } from '../session.ts'
import { toModel } from './call.ts'
import type { ConnectionContext } from './context.ts'
import { startConversation } from './conversation.ts'

const PATH = '/v1/realtime'
const SECRET_PROTOCOL = 'openai-insecure-api-key.'
const BETA_PROTOCOL = 'openai-beta.realtime-v1'

/** As for audio of several minutes in one event. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** A page reads why from the error event, and from the close code. */
const INVALID_KEY = 3000
const INVALID_REQUEST = 4000

const toProtocols = ({ headers }: IncomingMessage): readonly string[] =>
  (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())

/** A page has no headers: its secret is in a subprotocol. */
const toSecret = (request: IncomingMessage): string | undefined =>
  toProtocols(request)
    .find((protocol) => protocol.startsWith(SECRET_PROTOCOL))
    ?.slice(SECRET_PROTOCOL.length) ?? toBearer(request.headers)

const isBeta = (request: IncomingMessage): boolean =>
  request.headers['openai-beta'] !== undefined || toProtocols(request).includes(BETA_PROTOCOL)

async function loadServer(): Promise<WebSocketServer | null> {
  try {
    const { WebSocketServer: Server } = await import('ws')
    return new Server({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: (protocols) => (protocols.has('realtime') ? 'realtime' : false),
    })
  } catch {
    return null
  }
}

function refuseSession(socket: WebSocket, { status, error }: Refusal): void {
  const event = { type: 'error', event_id: toId('event'), error: { ...error, event_id: null } }
  socket.send(JSON.stringify(event))
  socket.close(status === 401 ? INVALID_KEY : INVALID_REQUEST, `${error.type}.${error.code}`)
}

function start(context: ConnectionContext, request: IncomingMessage, socket: WebSocket): void {
  // A broken frame closes the socket; without a listener, it would end the process.
  socket.on('error', () => undefined)
  if (isBeta(request)) return refuseSession(socket, failWith(400, { code: 'beta_api_shape_disabled' }))
  const admission = context.secrets.admit(toSecret(request), toModel(request))
  const full = context.live.checkRoom()
  if ('refusal' in admission) return refuseSession(socket, admission.refusal)
  if (full !== undefined) return refuseSession(socket, full)
  const id = toId('ws')
  context.live.add(id, () => socket.terminate())
  context.log({ event: 'socket', id })
  socket.on('close', () => {
    context.live.remove(id)
    context.log({ event: 'socket ended', id })
  })
  const receive = startConversation({
    session: admission.session,
    validator: context.validator(),
    send: (text) => socket.send(text),
    hasTracks: false,
  })
  socket.on('message', (message: Buffer) => receive(message.toString()))
}

/** Serves an HTTP upgrade. */
export async function serveUpgrade(
  context: ConnectionContext,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  if (request.url?.split('?', 1)[0] !== PATH) return endWith(socket, invalidUrl(request))
  const server = await loadServer()
  if (server === null) {
    const message = 'WebSockets need the development dependency ws, which is not installed. Run npm ci.'
    return endWith(socket, refuse(501, null, message, { type: 'server_error' }))
  }
  server.handleUpgrade(request, socket, head, (opened) => start(context, request, opened))
}
