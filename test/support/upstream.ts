/** Upstreams that the sandbox cannot play. Each closes when its test ends. */
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { portOf } from './ports.ts'

/** Makes a server listen on loopback. Returns its port. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return portOf(server)
}

const toBaseUrl = (port: number): string => `http://127.0.0.1:${port}/v1`

/** An upstream that replies in HTTP. `count` is the number of the request, from 1. Returns its base URL. */
export async function startReplier(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => unknown,
): Promise<string> {
  let count = 0
  const server = createHttpServer((request, response) => {
    count += 1
    request.resume()
    answer(request, response, count)
  })
  return toBaseUrl(await listen(server))
}

const isWhole = (request: string): boolean => {
  const [head = '', body] = request.split('\r\n\r\n', 2)
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  return body !== undefined && body.length >= length
}

/** An upstream that calls `speak` with its socket for each request. Returns its base URL. */
export async function startSpeaker(speak: (socket: Socket, request: string) => void): Promise<string> {
  const server = createServer((socket) => {
    let request = ''
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1')
      if (!isWhole(request)) return
      speak(socket, request)
      request = ''
    })
  })
  return toBaseUrl(await listen(server))
}

/** The bytes of a reply with a body, and with its length unless `headers` have one. */
export function toReply(body: string, statusLine = '200 OK', ...headers: readonly string[]): string {
  const length = headers.some((header) => /^(content-length|transfer-encoding):/.test(header))
    ? []
    : [`content-length: ${Buffer.byteLength(body)}`]
  return [`HTTP/1.1 ${statusLine}`, ...headers, ...length, '', body].join('\r\n')
}

/** The body of a good reply, valid for a minute. */
export const toSecretBody = (value = 'ek_of_the_upstream'): string =>
  JSON.stringify({ value, expires_at: Math.floor(Date.now() / 1000) + 60 })
