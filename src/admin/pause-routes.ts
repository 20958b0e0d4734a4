/** `/api/pauses`: what an operator paused, and pausing and resuming it. */
import type { FastifyInstance } from 'fastify'
import type { AuditKeys } from '../audit/keys.ts'
import { isShortened, toCallerPseudonym } from '../audit-reader/filters.ts'
import { type GivenScope, parsePauseDuration, type Scoped, toScope } from '../pauses/pause.ts'
import { type Pauses, toStoredReply } from '../pauses/pauses.ts'
import { AdminError, parse } from './admin-error.ts'
import { type PausesReply, pauseBody, resumeQuery, type StoredReply } from './api-schemas.ts'
import type { AdminParts } from './parts.ts'

export const toPausesReply = (pauses: Pauses): PausesReply => ({
  pauses: pauses.list().map(({ scope, value, at, until, by, note }) => ({
    scope,
    value,
    since: at,
    until,
    by,
    note,
  })),
})

/** Throws an AdminError unless one scope is given. */
function toOneScope(given: GivenScope, auditKeys: AuditKeys): Scoped {
  const one = toScope(given)
  if (one === undefined) throw new AdminError('scope')
  return one.scope === 'caller' ? { ...one, value: toCallerPseudonym(one.value ?? '', auditKeys) } : one
}

/** A pause that could stop nothing is a mistake. Throws an AdminError. */
function checkScope(given: GivenScope, { presets, allowedOrigins }: AdminParts): void {
  const { preset, origin, caller } = given
  if (preset !== undefined && !presets.current().presets.has(preset))
    throw new AdminError('preset', { param: 'preset' })
  if (origin !== undefined && !allowedOrigins.has(origin)) throw new AdminError('origin', { param: 'origin' })
  if (caller !== undefined && isShortened(caller)) throw new AdminError('caller', { param: 'caller' })
}

export function pauseRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { pauses, auditKeys } = parts

  app.get('/api/pauses', () => toPausesReply(pauses))

  app.post('/api/pauses', async ({ body }): Promise<StoredReply> => {
    const { for: duration, note = null, ...given } = parse(pauseBody, body ?? {}, 'field')
    const scope = toOneScope(given, auditKeys)
    checkScope(given, parts)
    const forMs = parsePauseDuration(duration ?? '') ?? null
    const stored = await pauses.pause({ ...scope, forMs, note, by: 'ADMIN_TOKEN' })
    if (stored === 'too_many') throw new AdminError('too_many_pauses')
    return toStoredReply(stored)
  })

  app.delete('/api/pauses', async ({ query }): Promise<StoredReply> => {
    const scope = toOneScope(parse(resumeQuery, query, 'query'), auditKeys)
    const stored = await pauses.resume({ ...scope, by: 'ADMIN_TOKEN' })
    if (stored === 'not_paused') throw new AdminError('not_paused')
    return toStoredReply(stored)
  })
}
