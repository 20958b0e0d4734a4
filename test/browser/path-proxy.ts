/** A reverse proxy that serves another server below a path. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { onTestFinished } from 'vitest'
import { portOf } from '../support/ports.ts'

/** Its origin. It closes after the test. */
export async function startPathProxy(path: string, port: number): Promise<string> {
  const server = createServer(({ method, url = '', headers }, reply) => {
    const target = { host: '127.0.0.1', port, method, path: url.slice(path.length), headers }
    const asked = request(target, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      reply.flushHeaders()
      answer.pipe(reply)
    })
    reply.on('close', () => asked.destroy())
    asked.on('error', () => reply.destroy()).end()
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${portOf(server)}`
}
