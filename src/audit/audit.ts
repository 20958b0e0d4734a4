/** Turns an attempt into its record: the one place that decides what is written. */
import { type Attempt, toOutcome } from '../attempt.ts'
import type { HmacKey } from '../hmac.ts'
import type { Secret } from '../secret.ts'
import type { Anchors } from './anchors.ts'
import { type RecordFields, toEventFields } from './record.ts'
import type { Refusal, Refusals } from './refusals.ts'
import type { Retention } from './retention.ts'
import type { AuditWriter } from './writer.ts'

export interface AuditOptions {
  readonly writer: AuditWriter
  readonly anchors: Anchors
  readonly refusals: Refusals
  readonly retention: Retention
  readonly fingerprintKey: HmacKey
  /** Puts the key file back if it was lost. */
  readonly keepKey: () => Promise<void>
  /** A caller or an address as records show it. */
  readonly identify: (kind: 'caller' | 'address', value: string) => string
  /** Milliseconds. */
  readonly monotonicNow: () => number
}

export interface ReplyFacts {
  readonly requestId: string
  readonly status: number
  readonly delivered: boolean
}

export interface PresetsFacts {
  readonly revision: string
  readonly presets: { readonly size: number }
}

export interface PauseFacts {
  readonly state: 'paused' | 'resumed' | 'expired'
  readonly scope: 'all' | 'preset' | 'origin' | 'caller'
  /** Null if it expired. */
  readonly by: string | null
  /** ISO 8601; null if it has no end. */
  readonly until: string | null
  /** At most one of the last three is set: the one that the scope names. */
  readonly preset: string | null
  readonly origin: string | null
  readonly caller: string | null
}

const TICK_MS = 1_000

export class Audit {
  readonly #options: AuditOptions
  readonly #writer: AuditWriter
  #ticking: NodeJS.Timeout | undefined

  constructor(options: AuditOptions) {
    this.#options = options
    this.#writer = options.writer
  }

  /** Opens the first file. Rejects with what the file system says. */
  async open(): Promise<void> {
    await this.#writer.open()
    this.#tick()
    this.#ticking = setInterval(() => this.#tick(), TICK_MS)
    this.#ticking.unref()
  }

  /** Whether a secret issued now could be recorded. */
  get available(): boolean {
    return this.#writer.available
  }

  /** Records that wait for the next commit. */
  get queueDepth(): number {
    return this.#writer.queueDepth
  }

  /** Unix milliseconds at which the head of the chain was last printed; null if it was not. */
  get lastAnchorAtMs(): number | null {
    return this.#options.anchors.lastAnchorAtMs
  }

  /**
   * Resolves when the attempt's record is durable. An attempt that did not reach upstream cost nothing and got no
   * secret: beyond the first few of a code it is only counted, and so it is if its record cannot be written.
   */
  record(attempt: Attempt, reply: ReplyFacts): Promise<void> {
    const { failure, upstream, address } = attempt
    if (failure === null || upstream !== null) return this.#writer.append(this.#toFields(attempt, reply))
    const { refusals } = this.#options
    if (!refusals.admit(failure, address)) return Promise.resolve()
    return this.#writer.append(this.#toFields(attempt, reply)).catch(() => refusals.count(failure, address))
  }

  /** Counts a refused request that is not an attempt, such as a preflight. */
  countRefusal(refusal: Refusal, address: string): void {
    this.#options.refusals.count(refusal, address)
  }

  /** Resolves when the record of the presets in effect is durable. */
  recordPresets({ revision, presets }: PresetsFacts): Promise<void> {
    return this.#writer.append(toEventFields('config', { revision, detail: { presets: presets.size } }))
  }

  /** Resolves when the record of the API key in effect is durable. */
  recordKey(apiKey: Secret): Promise<void> {
    return this.#writer.append(
      toEventFields('key', { secret: apiKey.fingerprint(this.#options.fingerprintKey) }),
    )
  }

  /** Resolves when the record that the limits left the shared store, or returned to it, is durable. */
  recordStore(state: 'degraded' | 'restored', cause: string | null): Promise<void> {
    return this.#writer.append(
      toEventFields('store', { detail: cause === null ? { state } : { state, cause } }),
    )
  }

  /** Resolves when the record that a pause began, changed or ended is durable. */
  recordPause({ preset, origin, caller, ...detail }: PauseFacts): Promise<void> {
    const { state, scope, by, until } = detail
    return this.#writer.append(
      toEventFields('pause', { preset, origin, caller, detail: { state, scope, by, until } }),
    )
  }

  /** Writes all counts and waiting records, and a last one. */
  async close(): Promise<void> {
    clearInterval(this.#ticking)
    await this.#options.refusals.end()
    await this.#writer.close()
    await this.#options.keepKey()
  }

  /** Once a second. */
  #tick(): void {
    const { refusals, retention } = this.#options
    this.#writer.tick()
    if (!this.#writer.available) return
    void refusals.write()
    void retention.run()
  }

  #toFields(attempt: Attempt, { requestId, status, delivered }: ReplyFacts): RecordFields {
    const { preset, session, failure, upstream, secret, caller } = attempt
    const { identify, fingerprintKey, monotonicNow } = this.#options
    return {
      event: 'attempt',
      request_id: requestId,
      outcome: toOutcome(status),
      code: failure?.code ?? null,
      reason: failure?.reason ?? null,
      status,
      delivered,
      preset: preset?.name ?? null,
      revision: preset?.revision ?? null,
      model: session?.model ?? preset?.model ?? null,
      expires_after_seconds: session?.expiresAfterSeconds ?? null,
      overrides: session?.overrides ?? null,
      origin: attempt.origin,
      caller: caller === null ? null : identify('caller', caller.subject),
      address: identify('address', attempt.address),
      secret: secret === null ? null : secret.fingerprint(fingerprintKey),
      secret_expires_at: attempt.secretExpiresAt,
      upstream:
        upstream === null
          ? null
          : {
              status: upstream.status,
              code: upstream.code,
              param: upstream.param,
              request_id: upstream.requestId,
              attempts: upstream.attempts,
              ms: upstream.ms,
            },
      ms: Math.round(monotonicNow() - attempt.startedAtMs),
      count: null,
      detail: null,
    }
  }
}
