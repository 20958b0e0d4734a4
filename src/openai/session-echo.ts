/** Whether the session in a reply is the one that was sent. A reply to another mint may show another session. */
import type { Preset } from '../presets/preset.ts'
import type { UpstreamRequest } from '../presets/request/upstream-request.ts'

export interface SessionEcho {
  readonly type: unknown
  readonly model: unknown
  readonly instructions: unknown
}

const isAbsent = (value: unknown): boolean => typeof value !== 'string' || value === ''

/** Upstream may trim a text, and names its own default for one that was not sent. */
function isSent({ body, preset }: UpstreamRequest, field: string, value: unknown): boolean {
  const sent = preset.session[field]
  if (typeof value !== 'string' || typeof sent !== 'string') return true
  if (preset.body !== null) return value.trim() === sent.trim()
  // The preset has variables, and only the body has their values.
  return body.includes(JSON.stringify(value.trim()).slice(1, -1))
}

const isSame = (request: UpstreamRequest, { type, model, instructions }: SessionEcho): boolean =>
  (isAbsent(type) || type === request.preset.type) &&
  isSent(request, 'model', model) &&
  isSent(request, 'instructions', instructions)

/**
 * Gateways may resolve a model's alias or send a canned session. So a preset is checked once upstream has repeated its
 * session word for word.
 */
export class SessionCheck {
  readonly #repeated = new WeakSet<Preset>()

  passes(request: UpstreamRequest, echo: SessionEcho): boolean {
    const { preset, overrides } = request
    if (overrides.length > 0 || Object.values(echo).every(isAbsent)) return true
    if (isSame(request, echo)) {
      this.#repeated.add(preset)
      return true
    }
    return !this.#repeated.has(preset)
  }
}
