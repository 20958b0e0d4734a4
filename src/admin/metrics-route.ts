/** `GET /metrics`, in Prometheus's text format. */
import type { FastifyInstance } from 'fastify'

export interface MetricsRouteOptions {
  /** The text of all metrics. */
  readonly render: () => Promise<string>
  readonly contentType: string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Rendering costs milliseconds, so a text serves all who ask in this time. */
const FRESH_MS = 1_000

export function metricsRoute(app: FastifyInstance, { render, contentType, now }: MetricsRouteOptions): void {
  let rendered: Promise<string> | undefined
  let renderedAtMs = 0

  app.get('/metrics', async (_request, reply) => {
    if (rendered === undefined || now() - renderedAtMs >= FRESH_MS) {
      renderedAtMs = now()
      rendered = render()
    }
    return reply.type(contentType).send(await rendered)
  })
}
