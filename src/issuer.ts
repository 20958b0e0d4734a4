/** Preset and request in, client secret out; knows no HTTP of the caller's side. */

import type { Caller } from './auth/token.ts'
import { releaseToken, reserveToken, type UsedTokens } from './auth/used-tokens.ts'
import { ConcurrencyGate } from './concurrency.ts'
import { ServiceError } from './errors.ts'
import type { MintOutcome, Upstream } from './openai/mint.ts'
import { type PresetCaller, resolvePreset } from './presets/access.ts'
import type { Catalog } from './presets/catalog.ts'
import type { Preset } from './presets/preset.ts'
import { choosePreset, type MintRequest } from './presets/request.ts'
import { buildUpstreamRequest, type UpstreamRequest } from './presets/upstream-request.ts'

export interface IssuerOptions {
  /** The one in force. */
  readonly catalog: () => Catalog
  readonly defaultPreset: string | undefined
  readonly upstream: Upstream
  readonly maxConcurrentMints: number
  /** Whether a secret issued now could be recorded. */
  readonly isAuditAvailable: () => boolean
  /** Of tokens that may be used once. */
  readonly usedTokens: UsedTokens
  /** What upstream is told of who asks: 64 hex, by the caller's subject. */
  readonly toSafetyIdentifier: (subject: string) => string
}

export interface Issuer {
  /** The preset that is asked for, if it is for this caller. */
  readonly resolve: (wanted: MintRequest, queryPreset: unknown, caller: PresetCaller) => Preset
  /** Exactly what goes upstream. */
  readonly order: (preset: Preset, wanted: MintRequest) => UpstreamRequest
  /** Uses the caller's token up, where it may be used once. */
  readonly issue: (order: UpstreamRequest, requestId: string, caller: Caller | null) => Promise<MintOutcome>
  /** Undoes that for an attempt whose secret does not leave after all. */
  readonly release: (caller: Caller | null) => Promise<void>
}

/** Each step throws a ServiceError where it refuses; what fails upstream comes back as an outcome. */
export function createIssuer(options: IssuerOptions): Issuer {
  const { catalog, defaultPreset, upstream, isAuditAvailable, usedTokens, toSafetyIdentifier } = options
  const gate = new ConcurrencyGate(options.maxConcurrentMints)

  return {
    resolve: (wanted, queryPreset, caller) =>
      resolvePreset(catalog(), choosePreset(wanted, queryPreset, defaultPreset), caller),
    order: buildUpstreamRequest,
    issue: (order, requestId, caller) =>
      gate.run(async () => {
        if (!isAuditAvailable()) throw new ServiceError('audit_down')
        if (caller?.singleUse) await reserveToken(usedTokens, caller.singleUse)
        const safetyIdentifier = caller && toSafetyIdentifier(caller.subject)
        try {
          return await upstream.mint(order, { requestId, safetyIdentifier })
        } catch (error) {
          // Upstream was not asked.
          if (caller?.singleUse) await releaseToken(usedTokens, caller.singleUse)
          throw error
        }
      }),
    release: async (caller) => {
      if (caller?.singleUse) await releaseToken(usedTokens, caller.singleUse)
    },
  }
}
