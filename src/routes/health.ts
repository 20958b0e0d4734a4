import type { FastifyInstance } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import type { Lifecycle } from '../lifecycle.ts'

export const healthPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

export interface HealthOptions {
  readonly audit: Audit
  readonly lifecycle: Lifecycle
}

/** `/livez` tells only that the process answers: nothing that a restart would not mend makes it fail. */
export function healthRoutes(app: FastifyInstance, { audit, lifecycle }: HealthOptions): void {
  function toUnready(): 'draining' | 'audit_unavailable' | undefined {
    if (lifecycle.phase !== 'serving') return 'draining'
    return audit.available ? undefined : 'audit_unavailable'
  }

  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const unready = toUnready()
    return reply.code(unready === undefined ? 200 : 503).send({ status: unready ?? 'ok' })
  })
}
