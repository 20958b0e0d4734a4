import { ServiceError } from '../../errors.ts'
import { valueAt } from '../json.ts'
import type { Preset } from '../preset.ts'

export interface PresetCaller {
  /** Undefined for callers that are not browsers. */
  readonly origin: string | undefined
  /** The claims of a verified token; undefined for anonymous callers. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/**
 * The preset of this name, if this caller has access to it.
 * Throws preset_unknown, preset_origin or preset_claims, which a caller cannot tell apart.
 */
export function resolvePreset(
  presets: ReadonlyMap<string, Preset>,
  name: string,
  caller: PresetCaller,
): Preset {
  const preset = presets.get(name)
  if (preset === undefined) throw new ServiceError('preset_unknown')
  const { origins, claims } = preset.access
  if (origins !== null && (caller.origin === undefined || !origins.has(caller.origin))) {
    throw new ServiceError('preset_origin')
  }
  if (claims !== null && !hasClaims(caller.claims, claims)) throw new ServiceError('preset_claims')
  return preset
}

/** A claim of this whole name takes precedence over a nested one: Keycloak has `realm_access.roles`. */
export function findClaim(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : valueAt(claims, name.split('.'))
}

/** Every claim is required with one of its values. For a claim that is a list, one of its items is enough. */
function hasClaims(
  claims: Readonly<Record<string, unknown>> | undefined,
  needed: ReadonlyMap<string, ReadonlySet<unknown>>,
): boolean {
  return (
    claims !== undefined && [...needed].every(([name, values]) => hasValue(findClaim(claims, name), values))
  )
}

export function hasValue(claim: unknown, values: ReadonlySet<unknown>): boolean {
  const held: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return held.some((value) => values.has(value))
}
