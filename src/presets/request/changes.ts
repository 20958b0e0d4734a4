/** Which fields of a requested session differ from the preset's own, and whether the preset opens them. */
import { ServiceError } from '../../errors.ts'
import { codePoints, type Fields, isEqual, toPath, valueAt } from '../json.ts'
import type { Preset } from '../preset.ts'
import type { RuleInput } from '../schema/file.ts'
import { type FlatSession, flatSession, toFlatPath } from '../schema/flat.ts'
import { gaSessions, isSessionType, requestedSessions } from '../schema/ga.ts'
import { knownPath, type Leaf, leavesOf } from '../schema/paths.ts'
import { toGaSession } from '../schema/translation.ts'
import { checkSize, parseField } from './field-errors.ts'
import type { MintRequest } from './mint-request.ts'

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
