/** Node’s HTTP server with its clocks, and with bounds on connections in front of the framework. */
import type { RequestListener, Server } from 'node:http'
import type { Connections } from './connections.ts'
import { createServer } from './node-http.ts'

/** For headers and body together. Node enforces it only if all three of its clocks are set. */
const ARRIVAL_MS = 10_000
const ARRIVAL_CHECK_MS = 500

/** Longer than common proxies keep idle connections, so that a proxy never writes into one that we just closed. */
const KEEP_ALIVE_MS = 65_000

/** For clients that do not read their reply; longer than the slowest mint and its record. */
const UNREAD_MS = 20_000

export function createBoundedServer(listener: RequestListener, connections: Connections): Server {
  const paced = connections.pace(listener)
  const server = createServer(
    {
      headersTimeout: ARRIVAL_MS,
      requestTimeout: ARRIVAL_MS,
      connectionsCheckingInterval: ARRIVAL_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Checked with the other headers: Node’s own refusal is a bare 400.
      requireHostHeader: false,
      // Whatever NODE_OPTIONS says.
      insecureHTTPParser: false,
    },
    paced,
  )
  server.setTimeout(UNREAD_MS)
  // Without a listener, Node answers a bare 417 before any check of ours.
  server.on('checkExpectation', paced)
  connections.bound(server)
  return server
}
