/** A front end of another origin: serves one page, the client as a bundler would ship it, and nothing else. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { portOf } from '../support/ports.ts'
import { type Defer, ROOT } from '../support/service.ts'

export interface PageServer {
  /** `http://127.0.0.1:PORT`. The tests list this origin. */
  readonly listed: string
  /** The same page as `http://localhost:PORT`: another origin, which they do not list. */
  readonly unlisted: string
  /** Serves `/example`, a page that runs this script under this Content Security Policy. */
  readonly publish: (script: string, policy: string) => void
}

const client = readFileSync(join(ROOT, 'src/client/client.js'))
const html = '<!doctype html><title>A page</title><link rel="icon" href="data:,">'
const exampleHtml = `${html}<div id="root"></div><script type="module" src="/example.js"></script>`

export async function startPageServer(defer: Defer): Promise<PageServer> {
  const example = { script: '', policy: '' }
  const server = createServer(({ url }, reply) => {
    const [type, body] =
      url === '/client.js'
        ? ['text/javascript', client]
        : url === '/example.js'
          ? ['text/javascript', example.script]
          : ['text/html', url === '/example' ? exampleHtml : html]
    if (url === '/example') reply.setHeader('content-security-policy', example.policy)
    reply.setHeader('content-type', type)
    reply.end(body)
  })
  server.listen(0)
  await once(server, 'listening')
  defer(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const port = portOf(server)
  return {
    listed: `http://127.0.0.1:${port}`,
    unlisted: `http://localhost:${port}`,
    publish: (script, policy) => void Object.assign(example, { script, policy }),
  }
}
