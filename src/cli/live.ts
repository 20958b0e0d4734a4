/** `check --live`: what upstream says about each preset. */
import { randomUUID } from 'node:crypto'
import type { UpstreamReport } from '../attempt.ts'
import { ServiceError } from '../errors.ts'
import { createUpstream } from '../openai/mint.ts'
import { fetchShutdownDates } from '../openai/shutdown-dates.ts'
import { type Preset, showBody } from '../presets/preset.ts'
import { meanings } from '../reason-meanings.ts'
import type { Reason } from '../reasons.ts'
import type { UpstreamConfig } from '../settings/upstream.ts'

export interface LiveMint extends Pick<UpstreamReport, 'status' | 'code' | 'param'> {
  readonly preset: string
  /** Null: it minted. */
  readonly reason: Reason | null
}

export const LIVE_SECONDS = 10

/** Mints once for each preset and discards the secrets. Variables are sent as `{{name}}`. */
export async function mintEach(upstream: UpstreamConfig, presets: readonly Preset[]) {
  const { mint, close } = createUpstream({ ...upstream, apiKey: () => upstream.apiKey, maxConnections: 1 })
  const live: LiveMint[] = []
  const problems: string[] = []
  for (const preset of presets) {
    const { name, template, model } = preset
    const body = showBody(template, LIVE_SECONDS)
    const order = { preset, body, model, expiresAfterSeconds: LIVE_SECONDS, overrides: [] }
    // One after another: upstream limits requests.
    const outcome = await mint(order, { requestId: randomUUID(), safetyIdentifier: null }).catch(toUnasked)
    const { status, code, param } = outcome.report
    const reason = 'issued' in outcome ? null : outcome.failure.reason
    live.push({ preset: name, status, code, param, reason })
    if (reason !== null) problems.push(`--live: ${name} (${reason}): ${meanings[reason]}`)
  }
  await close()
  // Upstream itself names them. They may be newer than ours.
  const dates = await fetchShutdownDates(upstream)
  const warnings = presets.flatMap(({ name, model }) => {
    const date = model === null ? undefined : dates.get(model)
    return date === undefined ? [] : [`--live: ${name}: upstream shuts down ${model} on ${date}`]
  })
  return { live, problems, warnings }
}

/** The circuit breaker opened, or upstream limits requests. */
function toUnasked(failure: unknown) {
  if (!(failure instanceof ServiceError)) throw failure
  return { report: { status: null, code: null, param: null }, failure }
}
