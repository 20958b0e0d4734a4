/** What client secrets open: calls by WebRTC, and WebSockets. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ValidateFunction } from 'ajv'
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime'
import { createEventValidator, type Grant } from '../mint.ts'
import { isCallPath, serveCall } from './call.ts'
import type { ConnectionContext, ConnectionOptions } from './context.ts'
import { createLiveConnections } from './live.ts'
import { createMintedSecrets } from './secrets.ts'
import { serveUpgrade } from './socket.ts'

export interface Connections {
  /** From now on the secret of a grant opens connections, until it expires. */
  readonly allow: (grant: Grant) => void
  /** Lets all secrets expire. Open connections continue. */
  readonly expire: () => void
  readonly isCallPath: (path: string) => boolean
  readonly serveCall: (
    request: IncomingMessage,
    response: ServerResponse,
    readBody: () => Promise<Buffer>,
  ) => Promise<void>
  readonly serveUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>
  /** Ends all connections at once. */
  readonly close: () => Promise<void>
}

export function createConnections({ now, ...options }: ConnectionOptions): Connections {
  let compiled: ValidateFunction<RealtimeClientEvent> | undefined
  const context: ConnectionContext = {
    ...options,
    secrets: createMintedSecrets(now),
    live: createLiveConnections(),
    validator: () => {
      compiled ??= createEventValidator()
      return compiled
    },
  }
  const upgraded = new Set<Duplex>()
  return {
    allow: ({ secret, session }) => {
      if (session !== null) context.secrets.add(secret.value, { expiresAt: secret.expires_at, session })
    },
    expire: context.secrets.expire,
    isCallPath,
    serveCall: (request, response, readBody) => serveCall(context, request, response, readBody),
    serveUpgrade: (request, socket, head) => {
      upgraded.add(socket.once('close', () => upgraded.delete(socket)))
      return serveUpgrade(context, request, socket, head)
    },
    close: async () => {
      await context.live.endAll()
      for (const socket of upgraded) socket.destroy()
    },
  }
}
