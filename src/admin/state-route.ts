/** `GET /api/state`: whether the service is minting, and if not, why. */
import type { FastifyInstance } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import type { Conditions, Part } from '../conditions.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Limits } from '../limits/levels.ts'
import { formatRules } from '../limits/rules.ts'
import type { Upstream } from '../openai/mint.ts'
import type { Pauses } from '../pauses/pauses.ts'
import type { Catalog } from '../presets/load/catalog.ts'
import type { Unready } from '../readiness.ts'
import { toMeaning } from '../reason-meanings.ts'
import { readVersion } from '../version.ts'
import type { StateReply } from './api-schemas.ts'
import { toPausesReply } from './pause-routes.ts'
import type { RecordIndex } from './record-index.ts'
import type { Verifier } from './verification.ts'

export interface StateOptions {
  readonly conditions: Conditions
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  readonly limits: Pick<Limits, 'totals'>
  readonly maxConcurrentMints: number
  readonly breaker: Upstream['breaker']
  readonly findUnready: () => Unready | undefined
  readonly presets: () => Catalog
  readonly pauses: Pauses
  /** The parts that this service has. */
  readonly usedParts: ReadonlySet<Part>
  readonly index: RecordIndex
  readonly verifier: Verifier
  /** Milliseconds. */
  readonly unixNow: () => number
}

const parts = ['upstream', 'redis', 'key_set', 'presets_file', 'api_key_file', 'audit'] as const

function toPart(part: Part, { conditions, usedParts }: StateOptions): StateReply['parts'][number] {
  const { state, sinceMs, lastError } = conditions.of(part)
  return {
    part,
    state: usedParts.has(part) ? state : 'not_used',
    since: sinceMs,
    last_error: lastError && {
      cause: lastError.cause,
      meaning: toMeaning(lastError.cause),
      at: lastError.atMs,
    },
  }
}

/** A preset that upstream refuses fails alone. Any other cause stops all mints, but for most pauses. */
function toMinting({ conditions, breaker, findUnready, pauses }: StateOptions): StateReply['minting'] {
  const faults = conditions.faults('upstream')
  const unready = findUnready()
  const scopes = new Set(pauses.list().map(({ scope }) => scope))
  const causes: StateReply['minting']['causes'] = [
    ...(scopes.has('all') ? (['paused_all'] as const) : []),
    ...(unready === undefined ? [] : [unready]),
    ...(faults.has('key') ? (['upstream_key'] as const) : []),
    ...(faults.has('credit') ? (['upstream_credit'] as const) : []),
    ...(breaker.isOpen ? (['upstream_breaker'] as const) : []),
    ...(breaker.coolDownMs > 0 ? (['upstream_cool_down'] as const) : []),
  ]
  if (causes.length > 0) return { state: 'no', causes }
  const hasRefusedPreset = [...faults].some((fault) => fault.startsWith('preset '))
  // The pause of a caller concerns no one else.
  const isPartlyPaused = scopes.has('preset') || scopes.has('origin')
  const some = [
    ...(isPartlyPaused ? (['paused_partly'] as const) : []),
    ...(hasRefusedPreset ? (['upstream_preset'] as const) : []),
  ]
  return { state: some.length > 0 ? 'partly' : 'yes', causes: some }
}

export function createStateReader(options: StateOptions): () => StateReply {
  const { audit, lifecycle, limits, maxConcurrentMints, presets, index, verifier, unixNow } = options
  const version = readVersion()
  return () => {
    const catalog = presets()
    return {
      now: unixNow(),
      version,
      minting: toMinting(options),
      ...toPausesReply(options.pauses),
      in_flight: lifecycle.mints.count,
      max_in_flight: maxConcurrentMints,
      total_limits: limits
        .totals()
        .map(({ used, ...rule }) => ({ rule: formatRules([rule]), limit: rule.limit, used })),
      presets: { count: catalog.presets.size, revision: catalog.revision },
      parts: parts.map((part) => toPart(part, options)),
      audit: {
        last_anchor: audit.lastAnchorAtMs,
        verification: verifier.look(),
        index_progress: index.progress(),
      },
    }
  }
}

export function stateRoute(app: FastifyInstance, readState: () => StateReply): void {
  app.get('/api/state', readState)
}
