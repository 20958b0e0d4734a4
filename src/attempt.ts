/** The facts of one request: guards, issuer and error handler state them, the audit and the log read them. */
import type { ServiceError } from './errors.ts'
import type { Secret } from './secret.ts'

/** One single-use token, without its own id. */
export interface TokenUse {
  /** SHA-256 of issuer and jti, in hex. */
  readonly id: string
  /** From then on the token is expired. */
  readonly untilUnixSeconds: number
}

/** The caller of a valid token. */
export interface Caller {
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Null if the token may be used again. */
  readonly singleUse: TokenUse | null
}

export interface AttemptPreset {
  readonly name: string
  readonly revision: string
  readonly model: string | null
}

/** What is asked of upstream. */
export interface AttemptSession {
  readonly model: string | null
  readonly expiresAfterSeconds: number
  /** Names of the fields that differ from the preset's own. */
  readonly overrides: readonly string[]
}

/** What the audit record says about the call. */
export interface UpstreamReport {
  readonly status: number | null
  /** Upstream's error code, if it is in the closed list. */
  readonly code: string | null
  /** The field that upstream refused, if it is a path of our schema. */
  readonly param: string | null
  /** Upstream's id, which finds the call in its logs; null unless it has the form of one. */
  readonly requestId: string | null
  readonly attempts: number
  readonly ms: number
}

export interface Quota {
  /** `text` is its item in RateLimit-Policy. */
  readonly policy: { readonly name: string; readonly text: string }
  readonly remaining: number
  /** Until `remaining` grows. */
  readonly resetMs: number
}

export class Attempt {
  /** Monotonic milliseconds. */
  readonly startedAtMs: number
  /** The caller's network address as limits and pseudonyms see it: IPv4, or the /64 of an IPv6. */
  readonly address: string
  /** A POST that reached a minting route, and so one record in the audit. */
  readonly audited: boolean
  /** The whole body has arrived: a drain waits for it. */
  accepted = false
  /** A reply is on its way; there is never a second one. */
  answered = false
  /** A listed origin, `other`, or null if the request has none. */
  origin: string | null = null
  /** Null for anonymous callers. */
  caller: Caller | null = null
  preset: AttemptPreset | null = null
  /** The limits that the caller may know about. */
  quotas: readonly Quota[] = []
  session: AttemptSession | null = null
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
}

export type Outcome = 'issued' | 'refused' | 'failed'

export function toOutcome(status: number): Outcome {
  if (status < 400) return 'issued'
  return status < 500 ? 'refused' : 'failed'
}
