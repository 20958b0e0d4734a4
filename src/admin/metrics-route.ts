/** `GET /metrics`, in Prometheus's text format. */
import type { FastifyInstance } from 'fastify'
import { addGauges } from './gauges.ts'
import type { AdminParts } from './parts.ts'

/** Rendering costs milliseconds, so a text serves all who ask in this time. */
const FRESH_MS = 1_000

export function metricsRoute(app: FastifyInstance, parts: AdminParts, monotonicNow: () => number): void {
  const { registry } = parts.metrics
  addGauges(parts)
  let rendered: Promise<string> | undefined
  let renderedAtMs = 0

  app.get('/metrics', async (_request, reply) => {
    if (rendered === undefined || monotonicNow() - renderedAtMs >= FRESH_MS) {
      renderedAtMs = monotonicNow()
      rendered = registry.metrics()
    }
    return reply.type(registry.contentType).send(await rendered)
  })
}
