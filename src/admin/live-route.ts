/** `GET /api/live`: server-sent events that say what the state is, and when there are other records to ask for. */
import type { FastifyInstance } from 'fastify'
import type { StateReply } from './api-schemas.ts'
import { LiveStreams } from './live-streams.ts'

export interface LiveRouteOptions {
  readonly readState: () => StateReply
  /** Rejects while the audit cannot be read. */
  readonly readVersion: () => Promise<string>
}

export function liveRoute(app: FastifyInstance, options: LiveRouteOptions): void {
  const streams = new LiveStreams(options)
  app.addHook('preClose', async () => streams.close())

  app.get('/api/live', { exposeHeadRoute: false }, ({ headers }, reply) => {
    const known = headers['last-event-id']
    // A proxy must not collect events before it passes them on.
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
    return reply.send(streams.open(typeof known === 'string' ? known : ''))
  })
}
