/** A CONNECT proxy whose tunnels all end at one loopback port. It closes when its test ends. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Certificate } from './certificates.ts'
import { listen } from './upstream.ts'

export interface TestProxy {
  /** `localhost:PORT` */
  readonly host: string
  /** Every CONNECT request. */
  readonly asked: readonly { readonly target: string | undefined; readonly headers: IncomingHttpHeaders }[]
  /** Every byte that the proxy could read. */
  readonly heard: () => string
  readonly connections: () => number
}

export type Fault = (client: Duplex) => unknown

export interface ProxyOptions {
  /** The port where all tunnels end. */
  readonly port: number
  /** What to do with a CONNECT instead of a tunnel. Undefined makes a tunnel. `count` starts at 1. */
  readonly instead?: (count: number) => Fault | undefined
  /** Undefined means plain HTTP. */
  readonly certificate?: Certificate
}

export async function startProxy({ port, instead, certificate }: ProxyOptions): Promise<TestProxy> {
  let connections = 0
  let heard = ''
  const asked: { target: string | undefined; headers: IncomingHttpHeaders }[] = []
  const server = certificate === undefined ? createServer() : createHttpsServer(certificate)
  server.on('connection', () => (connections += 1))
  server.on(certificate === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
  })
  server.on('connect', ({ url: target, headers }, client: Duplex) => {
    asked.push({ target, headers })
    client.on('error', () => undefined)
    const fault = instead?.(asked.length)
    if (fault !== undefined) return fault(client)
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(onward).pipe(client)
    })
    onward.on('error', () => client.destroy())
    return client.once('close', () => onward.destroy())
  })
  const host = `localhost:${await listen(server)}`
  return { host, asked, heard: () => heard, connections: () => connections }
}
