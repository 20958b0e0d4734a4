import type { Caller } from '../auth/token.ts'
import type { ServiceError } from '../errors.ts'
import type { Quota } from '../limits/quota.ts'
import type { UpstreamReport } from '../openai/mint.ts'
import type { Preset } from '../presets/preset.ts'
import type { UpstreamRequest } from '../presets/upstream-request.ts'
import type { Secret } from '../secret.ts'

/**
 * What became of one request. Guards, handler and error handler each state one fact on it; the audit and the request
 * log read it when the reply is ready.
 */
export class Attempt {
  /** Monotonic milliseconds. */
  readonly startedAtMs: number
  /** The caller's network address as limits and pseudonyms see it: IPv4, or the /64 of an IPv6. */
  readonly address: string
  /** A POST that reached a minting route, and so one record in the audit. */
  readonly audited: boolean
  /** Taken in for good: body read, checks under way. A drain waits for it. */
  accepted = false
  /** A reply is on its way; there is never a second one. */
  answered = false
  /** A listed origin, `other`, or null where the request named none. */
  origin: string | null = null
  /** By a token that holds; null for anonymous callers. */
  identity: Caller | null = null
  preset: Preset | null = null
  /** How the limits stand that its caller may know of. */
  quotas: readonly Quota[] = []
  order: UpstreamRequest | null = null
  upstream: UpstreamReport | null = null
  secret: Secret | null = null
  /** Unix seconds. */
  secretExpiresAt: number | null = null
  failure: ServiceError | null = null

  constructor(startedAtMs: number, address: string, audited: boolean) {
    this.startedAtMs = startedAtMs
    this.address = address
    this.audited = audited
  }

  /** The subject of the caller's token, which leaves only as a pseudonym; null for anonymous callers. */
  get caller(): string | null {
    return this.identity?.subject ?? null
  }
}
