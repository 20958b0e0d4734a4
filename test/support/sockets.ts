/** HTTP by hand over node:net, for requests that no HTTP client sends. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { portOf } from './ports.ts'
import type { AnyReply } from './replies.ts'
import { type Defer, ORIGIN } from './service.ts'

/** Listens on a free port of loopback, unless it already does. */
export async function listen(app: FastifyInstance): Promise<number> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  return portOf(app.server)
}

/** A connected socket, and what it received so far. */
export interface Peer {
  readonly socket: Socket
  readonly received: () => string
  /** Resolves when `pattern` has been received. */
  readonly seen: (pattern: RegExp) => Promise<void>
  /** Resolves when the other side has closed. */
  readonly closed: Promise<unknown>
}

/** The socket is destroyed after the test, unless `defer` says otherwise. */
export async function openPeer(port: number, defer: Defer = onTestFinished): Promise<Peer> {
  const socket = connect(port, '127.0.0.1')
  defer(async () => void socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  // A reset during a write also closes it.
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  async function seen(pattern: RegExp): Promise<void> {
    while (!pattern.test(text)) await once(socket, 'data')
  }
  return { socket, received: () => text, seen, closed }
}

/** All replies in `text` without interim ones. All but 204s have a Content-Length. */
export function parseReplies(text: string): AnyReply[] {
  const replies: AnyReply[] = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) throw new Error(`not a reply: ${rest}`)
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(lines.map(toHeader))
    const length = Number(headers['content-length'] ?? 0)
    const statusCode = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1])
    const body = rest.slice(end + 4, end + 4 + length)
    if (statusCode !== 100)
      replies.push({ statusCode, headers, body: Buffer.from(body, 'latin1').toString() })
    rest = rest.slice(end + 4 + length)
  }
  return replies
}

function toHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** Sends text and returns all replies when the other side has closed. The text must make it close. */
export async function exchange(port: number, text: string | Buffer): Promise<AnyReply[]> {
  const peer = await openPeer(port)
  peer.socket.write(text)
  await peer.closed
  return parseReplies(peer.received())
}

/** The only reply to a request that is written by hand. */
export async function send(
  { app }: { readonly app: FastifyInstance },
  startLine: string,
  headers?: readonly string[],
  body?: string,
): Promise<AnyReply> {
  const [reply, ...others] = await exchange(await listen(app), toRequest(startLine, headers, body))
  if (reply === undefined || others.length > 0) throw new Error('there is not exactly one reply')
  return reply
}

/** A request's text: start line, headers, body. Asks to close the connection unless a header says otherwise. */
export function toRequest(startLine: string, headers: readonly string[] = [], body = ''): string {
  const all = ['Host: localhost', ...headers]
  if (!all.some((header) => /^connection:/i.test(header))) all.push('Connection: close')
  return `${startLine} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`
}

/** The headers of a page of an allowed origin. */
export const pageHeaders = [`Origin: ${ORIGIN}`, 'Content-Type: application/json'] as const

export const mintBody = '{"preset":"assistant"}'

/** The headers of a mint with that body. */
export const mintHeaders = [...pageHeaders, `Content-Length: ${mintBody.length}`] as const
