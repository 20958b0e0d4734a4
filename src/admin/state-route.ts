/** `GET /api/state`: whether the service is minting, and if not, why. */
import { formatRules } from '../limits/rules.ts'
import { isFaultOfPreset } from '../openai/states.ts'
import { findUnready } from '../readiness.ts'
import { toMeaning } from '../reason-meanings.ts'
import { readVersion } from '../version.ts'
import type { StateReply } from './api-schemas.ts'
import type { AdminParts } from './parts.ts'
import { toPausesReply } from './pause-routes.ts'
import type { RecordIndex } from './record-index.ts'
import type { Verifier } from './verification.ts'

interface Readers {
  readonly index: RecordIndex
  readonly verifier: Verifier
  /** Milliseconds. */
  readonly unixNow: () => number
}

/** Each part, and whether this service has it. */
const toUsed = ({ redis, callerGuard, hasApiKeyFile }: AdminParts) =>
  [
    ['upstream', true],
    ['redis', redis !== null],
    ['key_set', callerGuard !== undefined],
    ['presets_file', true],
    ['api_key_file', hasApiKeyFile],
    ['audit', true],
  ] as const

const toParts = (parts: AdminParts): StateReply['parts'] =>
  toUsed(parts).map(([part, isUsed]) => {
    const { state, sinceMs, lastError } = parts.conditions.of(part)
    return {
      part,
      state: isUsed ? state : 'not_used',
      since: sinceMs,
      last_error: lastError && {
        cause: lastError.cause,
        meaning: toMeaning(lastError.cause),
        at: lastError.atMs,
      },
    }
  })

/** A preset that upstream refuses fails alone. Any other cause stops all mints, but for most pauses. */
function toMinting(parts: AdminParts): StateReply['minting'] {
  const { conditions, pauses, upstream } = parts
  const { breaker } = upstream
  const faults = conditions.faults('upstream')
  const unready = findUnready(parts)
  const scopes = new Set(pauses.list().map(({ scope }) => scope))
  const causes: StateReply['minting']['causes'] = [
    ...(scopes.has('all') ? (['paused_all'] as const) : []),
    ...(unready === undefined ? [] : [unready]),
    ...(faults.has('key') ? (['upstream_key'] as const) : []),
    ...(faults.has('credit') ? (['upstream_credit'] as const) : []),
    ...(breaker.isOpen ? (['upstream_breaker'] as const) : []),
    ...(faults.has('failing') && !breaker.isOpen ? (['upstream_failing'] as const) : []),
    ...(breaker.coolDownMs > 0 ? (['upstream_cool_down'] as const) : []),
  ]
  if (causes.length > 0) return { state: 'no', causes }
  const hasRefusedPreset = [...faults].some(isFaultOfPreset)
  // The pause of a caller concerns no one else.
  const isPartlyPaused = scopes.has('preset') || scopes.has('origin')
  const some = [
    ...(isPartlyPaused ? (['paused_partly'] as const) : []),
    ...(hasRefusedPreset ? (['upstream_preset'] as const) : []),
  ]
  return { state: some.length > 0 ? 'partly' : 'yes', causes: some }
}

export function createStateReader(
  parts: AdminParts,
  { index, verifier, unixNow }: Readers,
): () => StateReply {
  const { audit, lifecycle, limits, maxConcurrentMints, presets, pauses } = parts
  const version = readVersion()
  return () => {
    const catalog = presets.current()
    return {
      now: unixNow(),
      version,
      minting: toMinting(parts),
      ...toPausesReply(pauses),
      in_flight: lifecycle.mints.count,
      max_in_flight: maxConcurrentMints,
      total_limits: limits
        .totals()
        .map(({ used, ...rule }) => ({ rule: formatRules([rule]), limit: rule.limit, used })),
      presets: { count: catalog.presets.size, revision: catalog.revision },
      parts: toParts(parts),
      audit: {
        last_anchor: audit.lastAnchorAtMs,
        verification: verifier.look(),
        index_progress: index.progress(),
      },
    }
  }
}
