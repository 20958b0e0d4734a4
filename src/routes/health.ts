import type { FastifyInstance } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import type { CallerGuard } from '../auth/caller.ts'
import type { Lifecycle } from '../lifecycle.ts'

export const healthPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

export interface HealthOptions {
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  /** Undefined where callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
}

/** `/livez` tells only that the process answers: nothing that a restart would not mend makes it fail. */
export function healthRoutes(app: FastifyInstance, { audit, lifecycle, callerGuard }: HealthOptions): void {
  function toUnready(): 'draining' | 'audit_unavailable' | 'authentication_unavailable' | undefined {
    if (lifecycle.phase !== 'serving') return 'draining'
    if (!audit.available) return 'audit_unavailable'
    return callerGuard?.isAvailable() === false ? 'authentication_unavailable' : undefined
  }

  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const unready = toUnready()
    return reply.code(unready === undefined ? 200 : 503).send({ status: unready ?? 'ok' })
  })
}
