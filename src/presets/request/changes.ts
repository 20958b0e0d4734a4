/** The fields of a requested session that differ from the preset's own: whether it opens them, and its session with them. */
import { ServiceError } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { codePoints, type Fields, isEqual, putAt, toPath, valueAt } from '../json.ts'
import type { Preset } from '../preset.ts'
import type { RuleInput } from '../schema/file.ts'
import { type FlatSession, flatSession, gaPathOf, toFlatPath } from '../schema/flat.ts'
import { gaSessions, isSessionType, requestedSessions, type SessionType } from '../schema/ga.ts'
import { issuesOf } from '../schema/issues.ts'
import { knownPath, type Leaf, leavesOf } from '../schema/paths.ts'
import { toFlatValue, toGaSession } from '../schema/translation.ts'
import { checkSize, type MintRequest, parseField } from './mint-request.ts'

/** A leaf of a request, by dotted GA path. */
export interface Change extends Leaf {
  /** The same field in the request's own shape. */
  readonly param: string
}

/**
 * The leaves that a request changes. Checks its session by the type of the preset.
 * Throws field_* or override_* with the field in the request's own shape as `param`.
 */
export function permittedChanges(
  preset: Preset,
  instructions: string | undefined,
  request: MintRequest,
): readonly Change[] {
  return requestedLeaves(preset, request).filter(({ path, value, param }) => {
    const own = path === 'instructions' ? instructions : valueAt(preset.session, toPath(path))
    if (isEqual(value, own)) return false
    // The rate of a format follows from its type, so the rule of the type decides.
    if (path.endsWith('.format.rate')) return true
    const rule = preset.rules.get(path)
    if (rule === undefined) throw new ServiceError('override_not_open', { param })
    if (!permits(rule, value)) throw new ServiceError('override_outside_rule', { param })
    return true
  })
}

/** True when the rule allows this value of a leaf. */
function permits(rule: RuleInput, value: unknown): boolean {
  if (rule === true) return typeof value === 'boolean'
  if (Array.isArray(rule)) return rule.some((allowed) => isEqual(allowed, value))
  const { min, max, max_length: maxLength } = rule
  if (maxLength !== undefined) return typeof value === 'string' && codePoints(value) <= maxLength
  return typeof value === 'number' && value >= (min ?? value) && value <= (max ?? value)
}

function requestedLeaves(preset: Preset, { shape, session }: MintRequest): readonly Change[] {
  if (session === undefined) return []
  return shape === 'ga' ? gaLeaves(preset, session) : flatLeaves(preset, parseField(flatSession, session, ''))
}

function gaLeaves(preset: Preset, requested: Fields): readonly Change[] {
  const { type = preset.type } = requested
  if (type !== preset.type) {
    throw new ServiceError(isSessionType(type) ? 'override_not_open' : 'field_invalid', {
      param: 'session.type',
    })
  }
  checkSize(requested, 'session')
  const session = parseField(requestedSessions[preset.type], requested, 'session')
  return leavesOf(gaSessions[preset.type], session).map(({ path, value }) => ({
    path,
    value,
    param: `session.${path}`,
  }))
}

function flatLeaves(preset: Preset, requested: FlatSession): readonly Change[] {
  const { session, dropped, unknownTool } = toGaSession(requested, preset.session)
  if (unknownTool) throw new ServiceError('field_invalid', { param: 'tool_choice' })
  const refused = dropped.find(({ path, value }) => !isEqual(preset.dropped.get(path), value))
  if (refused !== undefined) throw new ServiceError('override_not_open', { param: refused.path })
  return leavesOf(gaSessions.realtime, session)
    .filter(({ path }) => path !== 'type')
    .map(({ path, value }) => {
      // One field of the flat shape may be several leaves of the GA shape.
      const param = knownPath(flatSession, toFlatPath(path) ?? []).join('.')
      return { path, value, param }
    })
}

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
