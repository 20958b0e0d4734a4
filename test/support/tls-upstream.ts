/** An upstream with TLS that grants every request. It closes when its test ends. */
import type { IncomingHttpHeaders } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { Certificate } from './certificates.ts'
import { listen, toSecretBody } from './upstream.ts'

export interface TlsUpstream {
  readonly port: number
  /** `https://localhost:PORT/v1` */
  readonly baseUrl: string
  /** All connections, also failed ones. */
  readonly connections: () => number
  /** The headers of every request. */
  readonly requests: readonly IncomingHttpHeaders[]
  /** All bytes that it received, decrypted. */
  readonly heard: () => string
  /** Uses another certificate from now on. */
  readonly renew: (certificate: Certificate) => void
}

export async function startTlsUpstream(options: ServerOptions): Promise<TlsUpstream> {
  let connections = 0
  let heard = ''
  const requests: IncomingHttpHeaders[] = []
  const server = createServer(options, (request, response) => {
    requests.push(request.headers)
    request.resume()
    response.end(toSecretBody(`ek_number_${requests.length}`))
  })
  server.on('connection', () => (connections += 1))
  server.on('secureConnection', (socket) => {
    socket.prependListener('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
  })
  const port = await listen(server)
  return {
    port,
    baseUrl: `https://localhost:${port}/v1`,
    connections: () => connections,
    requests,
    heard: () => heard,
    renew: (certificate) => server.setSecureContext(certificate),
  }
}
