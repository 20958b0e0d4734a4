import type { FastifyInstance } from 'fastify'
import { findUnready, type ReadinessSources } from '../readiness.ts'

export const healthPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/** `/livez` tells only that the process answers: it fails only if a restart would help. */
export function healthRoutes(app: FastifyInstance, sources: ReadinessSources): void {
  app.get('/livez', { exposeHeadRoute: true }, () => ({ status: 'ok' }))
  app.get('/readyz', { exposeHeadRoute: true }, (_request, reply) => {
    const unready = findUnready(sources)
    return reply.code(unready === undefined ? 200 : 503).send({ status: unready ?? 'ok' })
  })
}
