/** Whether the service can mint, as far as it knows without asking upstream. */
import type { Audit } from './audit/audit.ts'
import type { CallerGuard } from './auth/caller.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Limits } from './limits/levels.ts'

export interface ReadinessSources {
  readonly audit: Pick<Audit, 'available'>
  readonly lifecycle: Pick<Lifecycle, 'phase'>
  /** Undefined if callers are anonymous. */
  readonly callerGuard: Pick<CallerGuard, 'isAvailable'> | undefined
  readonly limits: Pick<Limits, 'isAvailable'>
}

export type Unready = 'draining' | 'audit_unavailable' | 'authentication_unavailable' | 'limits_unavailable'

/** Undefined if it can. */
export function findUnready({
  audit,
  lifecycle,
  callerGuard,
  limits,
}: ReadinessSources): Unready | undefined {
  if (lifecycle.phase !== 'serving') return 'draining'
  if (!audit.available) return 'audit_unavailable'
  if (callerGuard?.isAvailable() === false) return 'authentication_unavailable'
  return limits.isAvailable() ? undefined : 'limits_unavailable'
}
