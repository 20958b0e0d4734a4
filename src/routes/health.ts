import type { FastifyInstance } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import type { CallerGuard } from '../auth/caller.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Limits } from '../limits/levels.ts'

export const healthPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

export interface HealthOptions {
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  /** Undefined if callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly limits: Limits
}

type Unready = 'draining' | 'audit_unavailable' | 'authentication_unavailable' | 'limits_unavailable'

/** `/livez` tells only that the process answers: it fails only if a restart would help. */
export function healthRoutes(app: FastifyInstance, options: HealthOptions): void {
  const { audit, lifecycle, callerGuard, limits } = options

  function toUnready(): Unready | undefined {
    if (lifecycle.phase !== 'serving') return 'draining'
    if (!audit.available) return 'audit_unavailable'
    if (callerGuard?.isAvailable() === false) return 'authentication_unavailable'
    return limits.isAvailable() ? undefined : 'limits_unavailable'
  }

  app.get('/livez', { exposeHeadRoute: true }, () => ({ status: 'ok' }))
  app.get('/readyz', { exposeHeadRoute: true }, (_request, reply) => {
    const unready = toUnready()
    return reply.code(unready === undefined ? 200 : 503).send({ status: unready ?? 'ok' })
  })
}
