/** Puts permitted changes into a preset's session and checks the result as a whole. */
import { ServiceError } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { type Fields, putAt, toPath, valueAt } from '../json.ts'
import type { Preset } from '../preset.ts'
import { flatSession, gaPathOf, toFlatPath } from '../schema/flat.ts'
import { gaSessions, type SessionType } from '../schema/ga.ts'
import { issuesOf } from '../schema/issues.ts'
import { toFlatValue } from '../schema/translation.ts'
import type { Change } from './changes.ts'

export interface Merged {
  /** In GA terms. */
  readonly session: Fields
  /** In the shape that the preset's endpoint takes. */
  readonly sent: Fields
}

/**
 * Puts changes into a preset's session; `instructions` are the preset's own, filled in.
 * Throws override_outside_rule when the changes and the rest are not a valid session together.
 */
export function merge(preset: Preset, instructions: string | undefined, changes: readonly Change[]): Merged {
  const session: Record<string, unknown> = structuredClone(preset.session)
  if (instructions !== undefined) session['instructions'] = instructions
  for (const { path, value } of changes) putAt(session, toPath(path), value)
  dropStale(session, preset.type)
  const flat = preset.flatSession && flatten(preset.flatSession, session, instructions, changes)
  const isValid =
    gaSessions[preset.type].safeParse(session).success &&
    (flat === null || flatSession.safeParse(flat).success)
  if (!isValid) throw new ServiceError('override_outside_rule', { param: changes[0]?.param ?? '' })
  return { session, sent: flat ?? session }
}

/** Removes the fields of the old type when a change selects another type of turn detection or format. */
function dropStale(session: Record<string, unknown>, type: SessionType): void {
  for (const { kind, path } of issuesOf(gaSessions[type], session)) {
    const around = valueAt(session, path.slice(0, -1))
    if (kind === 'unknown' && isObject(around)) delete around[String(path.at(-1))]
  }
}

/** The session as the operator wrote it, with the changed fields. */
function flatten(
  own: Fields,
  session: Fields,
  instructions: string | undefined,
  changes: readonly Change[],
): Fields {
  const sent: Record<string, unknown> = { ...own }
  if (instructions !== undefined) sent['instructions'] = instructions
  for (const { path } of changes) {
    const [field] = toFlatPath(path) ?? []
    if (field !== undefined) sent[field] = toFlatValue(field, valueAt(session, toPath(gaPathOf[field] ?? '')))
  }
  return sent
}
