// A gateway that sends replies that no request asked for. Each secret names the request that it was minted for.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/**
 * What the gateway sends in addition, `lateMs` after the real reply and on the same connection:
 *
 * - `same`: the reply once more. `different`: a reply with another secret for the same request, as after a retry.
 * - `error`: a 500. `truncated`: the reply once more, without its last 20 bytes. `head`: its head alone.
 * - `body`: its body alone. `interim`: a 100 Continue. `timeout`: a 408, which balancers send before they close.
 */
export const strayKinds = [
  'same',
  'different',
  'error',
  'truncated',
  'head',
  'body',
  'interim',
  'timeout',
] as const

export interface Stray {
  readonly kind: (typeof strayKinds)[number]
  /** 0: in the same write as the real reply. */
  readonly lateMs: number
}

export interface FaultyGatewayOptions {
  /** For the request of this number, which begins with 1. */
  readonly strayOf: (count: number) => Stray | undefined
  /** How long a mint takes. */
  readonly latencyMs?: number
  /** The reply has the shape of the flat endpoint. */
  readonly isFlat?: boolean
  /** Undefined: plain HTTP. */
  readonly tls?: TlsOptions
  readonly port?: number
}

export interface FaultyGateway {
  readonly port: number
  readonly connections: () => number
  readonly close: () => void
}

const LIFETIME_SECONDS = 60

/** The request that `secret` was minted for, by its X-Client-Request-Id. */
export const requestIdOf = (secret: string): string | undefined => /^ek_([0-9a-f-]{36})_/.exec(secret)?.[1]

/** The first whole request in `text`. */
function takeRequest(text: string): { readonly requestId: string; readonly rest: string } | undefined {
  const bodyAt = text.indexOf('\r\n\r\n') + 4
  if (bodyAt < 4) return undefined
  const head = text.slice(0, bodyAt)
  const end = bodyAt + Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (text.length < end) return undefined
  return { requestId: /\nx-client-request-id: *(\S+)/i.exec(head)?.[1] ?? '', rest: text.slice(end) }
}

function toReply(status: string, body: string): string {
  const length = `content-length: ${Buffer.byteLength(body)}`
  const date = `date: ${new Date().toUTCString()}`
  return [`HTTP/1.1 ${status}`, 'content-type: application/json', date, length, '', body].join('\r\n')
}

function toSecretReply(requestId: string, copy: string, isFlat: boolean): string {
  const secret = {
    value: `ek_${requestId}_${copy}`,
    expires_at: Math.floor(Date.now() / 1000) + LIFETIME_SECONDS,
  }
  return toReply('200 OK', JSON.stringify(isFlat ? { client_secret: secret } : secret))
}

function toStray(kind: Stray['kind'], reply: string, other: string): string {
  const bodyAt = reply.indexOf('\r\n\r\n') + 4
  const strays: Readonly<Record<Stray['kind'], string>> = {
    same: reply,
    different: other,
    error: toReply('500 Internal Server Error', '{"error":{}}'),
    truncated: reply.slice(0, -20),
    head: reply.slice(0, bodyAt),
    body: reply.slice(bodyAt),
    interim: 'HTTP/1.1 100 Continue\r\n\r\n',
    timeout: toReply('408 Request Time-out', ''),
  }
  return strays[kind]
}

/** On 127.0.0.1. It answers every POST with a secret, whatever the key or the body. */
export async function startFaultyGateway(options: FaultyGatewayOptions): Promise<FaultyGateway> {
  const { strayOf, latencyMs = 0, isFlat = false, tls, port = 0 } = options
  let requests = 0
  let connections = 0
  const sockets = new Set<Socket>()

  function answer(socket: Socket, requestId: string): void {
    requests += 1
    const stray = strayOf(requests)
    const write = (text: string): unknown => socket.writable && socket.write(text)
    const reply = toSecretReply(requestId, 'first', isFlat)
    const other = toSecretReply(requestId, 'second', isFlat)
    const send = (): void => {
      const extra = stray === undefined ? '' : toStray(stray.kind, reply, other)
      write(stray?.lateMs === 0 ? reply + extra : reply)
      if (stray !== undefined && stray.lateMs > 0) setTimeout(write, stray.lateMs, extra).unref()
    }
    if (latencyMs === 0) send()
    else setTimeout(send, latencyMs)
  }

  function listener(socket: Socket): void {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      for (let next = takeRequest(received); next !== undefined; next = takeRequest(received)) {
        received = next.rest
        answer(socket, next.requestId)
      }
    })
  }

  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    connections: () => connections,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
