/** From a request to a client secret, whatever protocol the request came by. States the facts on its attempt. */
import type { Attempt } from './attempt.ts'
import { releaseToken, reserveToken, type UsedTokens } from './auth/used-tokens.ts'
import { ServiceError } from './errors.ts'
import type { Limits } from './limits/levels.ts'
import type { Upstream } from './openai/mint.ts'
import type { ClientSecret } from './openai/reply.ts'
import type { Pauses } from './pauses/pauses.ts'
import type { Catalog } from './presets/load/catalog.ts'
import type { Preset } from './presets/preset.ts'
import { resolvePreset } from './presets/request/access.ts'
import { choosePreset, type MintRequest } from './presets/request/mint-request.ts'
import { buildUpstreamRequest, type UpstreamRequest } from './presets/request/upstream-request.ts'

interface IssuerOptions {
  /** The catalog in effect. */
  readonly catalog: () => Catalog
  readonly defaultPreset: string | undefined
  readonly pauses: Pick<Pauses, 'check'>
  readonly upstream: Upstream
  readonly limits: Limits
  readonly maxConcurrentMints: number
  /** Whether a secret issued now could be recorded. */
  readonly isAuditAvailable: () => boolean
  /** Tokens that may be used once. */
  readonly usedTokens: UsedTokens
  /** Identifies the caller to upstream: 64 hex, from the subject. */
  readonly toSafetyIdentifier: (subject: string) => string
}

export interface WantedSecret {
  readonly request: MintRequest
  /** From the query; a repeated parameter is an array. */
  readonly queryPreset: unknown
  /** Undefined for callers that are not browsers. */
  readonly origin: string | undefined
  readonly requestId: string
}

export interface Issuer {
  /** Throws a ServiceError if a check refuses or upstream fails. Consumes the caller's token if it is single-use. */
  readonly issue: (attempt: Attempt, wanted: WantedSecret) => Promise<ClientSecret>
  /** Makes the token usable again if the secret does not leave. */
  readonly release: (attempt: Attempt) => Promise<void>
}

/** Mints with the caller's token, which stays usable unless a secret is issued. */
function createTokenMint({ upstream, usedTokens, toSafetyIdentifier }: IssuerOptions) {
  async function release({ caller }: Attempt): Promise<void> {
    if (caller?.singleUse) await releaseToken(usedTokens, caller.singleUse)
  }

  async function mint(attempt: Attempt, session: UpstreamRequest, requestId: string): Promise<ClientSecret> {
    const { caller } = attempt
    if (caller?.singleUse) await reserveToken(usedTokens, caller.singleUse)
    try {
      const safetyIdentifier = caller && toSafetyIdentifier(caller.subject)
      const { report, ...outcome } = await upstream.mint(session, { requestId, safetyIdentifier })
      attempt.upstream = report
      if ('failure' in outcome) throw outcome.failure
      return outcome.issued
    } catch (error) {
      await release(attempt)
      throw error
    }
  }

  return { mint, release }
}

/** Runs at most `max` at a time and refuses the rest at once: a queue would only delay everyone. */
function createGate(max: number) {
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= max) throw new ServiceError('mints_in_flight')
    running += 1
    try {
      return await work()
    } finally {
      running -= 1
    }
  }
}

export function createIssuer(options: IssuerOptions): Issuer {
  const { catalog, defaultPreset, pauses, upstream, limits, isAuditAvailable } = options
  const pass = createGate(options.maxConcurrentMints)
  const { mint, release } = createTokenMint(options)

  /** A known outage consumes no limit. */
  function checkOutages(): void {
    if (!isAuditAvailable()) throw new ServiceError('audit_down')
    upstream.checkAvailable()
  }

  async function countMint(attempt: Attempt, preset: Preset): Promise<void> {
    const { caller, address } = attempt
    const { quotas, refusal } = await limits.countMint({ preset, subject: caller?.subject ?? null, address })
    attempt.quotas = [...attempt.quotas, ...quotas]
    if (refusal !== undefined) throw refusal
  }

  async function issue(attempt: Attempt, wanted: WantedSecret): Promise<ClientSecret> {
    const { request, queryPreset, origin, requestId } = wanted
    const name = choosePreset(request, queryPreset, defaultPreset)
    const preset = resolvePreset(catalog().presets, name, { origin, claims: attempt.caller?.claims })
    attempt.preset = { name, revision: preset.revision, model: preset.model }
    const session = buildUpstreamRequest(preset, request)
    const { model, expiresAfterSeconds, overrides } = session
    attempt.session = { model, expiresAfterSeconds, overrides }
    pauses.check(attempt)
    checkOutages()
    const issued = await pass(async () => {
      await countMint(attempt, preset)
      return mint(attempt, session, requestId)
    })
    attempt.secret = issued.value
    attempt.secretExpiresAt = issued.expiresAt
    return issued
  }

  return { issue, release }
}
