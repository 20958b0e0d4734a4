/** Builds the upstream request from a preset and a mint request. */
import { ServiceError } from '../../errors.ts'
import { modelOf, type Preset, renderBody, toBodyTemplate } from '../preset.ts'
import { fill, isValueOf, type Variables } from '../variables.ts'
import { merge, permittedChanges } from './changes.ts'
import type { MintRequest } from './mint-request.ts'

export interface UpstreamRequest {
  readonly preset: Preset
  /** JSON, ready to be sent. */
  readonly body: string
  readonly model: string | null
  readonly expiresAfterSeconds: number
  /** GA paths of the session's fields that differ from the preset's own; never their values. */
  readonly overrides: readonly string[]
}

/**
 * Applies a request's variables and overrides to its preset.
 * Throws a ServiceError: expiry_raised, variable_*, override_* or field_*.
 */
export function buildUpstreamRequest(preset: Preset, request: MintRequest): UpstreamRequest {
  const expiresAfterSeconds = toExpiry(preset, request)
  const values = resolveVariables(preset.variables, request.variables)
  if (request.session !== undefined) {
    const instructions = preset.instructions && fill(preset.instructions, values)
    const changes = permittedChanges(preset, instructions, request)
    if (changes.length > 0) {
      const { session, sent } = merge(preset, instructions, changes)
      const body = renderBody(toBodyTemplate(preset.endpoint, sent), expiresAfterSeconds, values)
      const overrides = changes.map(({ path }) => path)
      return { preset, body, model: modelOf(session), expiresAfterSeconds, overrides }
    }
  }
  const ready = expiresAfterSeconds === preset.expiresAfterSeconds ? preset.body : null
  const body = ready ?? renderBody(preset.template, expiresAfterSeconds, values)
  return { preset, body, model: preset.model, expiresAfterSeconds, overrides: [] }
}

/**
 * The value of every variable: from the request, or the default.
 * Throws a ServiceError that names a declared variable, never a key that the caller chose.
 */
function resolveVariables(
  variables: Variables,
  given: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  for (const name of given?.keys() ?? []) {
    if (!variables.has(name)) throw new ServiceError('variable_undeclared', { param: 'variables' })
  }
  const values = new Map<string, string>()
  for (const [name, variable] of variables) {
    const value = given?.get(name) ?? variable.default
    const param = `variables.${name}`
    if (value === undefined) throw new ServiceError('variable_missing', { param })
    if (!isValueOf(variable, value)) throw new ServiceError('variable_invalid', { param })
    values.set(name, value)
  }
  return values
}

function toExpiry(preset: Preset, { expiry }: MintRequest): number {
  if (expiry === undefined) return preset.expiresAfterSeconds
  const { seconds, param } = expiry
  if (seconds > preset.expiresAfterSeconds) throw new ServiceError('expiry_raised', { param })
  return seconds
}
