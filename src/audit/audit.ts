/** Turns an attempt into its record: the one place that knows what is written, and in which words. */
import { codeOf } from '../errors.ts'
import type { Catalog } from '../presets/catalog.ts'
import type { Secret } from '../secret.ts'
import type { Attempt } from './attempt.ts'
import type { AuditKeys } from './keys.ts'
import { type AuditEvent, type EventFacts, type Outcome, type RecordFields, toEventFields } from './record.ts'
import type { Refusals } from './refusals.ts'
import type { Retention } from './retention.ts'
import type { AuditWriter } from './writer.ts'

export type Identities = 'pseudonym' | 'plain'

export interface AuditOptions {
  readonly writer: AuditWriter
  readonly refusals: Refusals
  readonly retention: Retention
  readonly keys: AuditKeys
  /** Puts the key file back if it was lost. */
  readonly keepKey: () => Promise<void>
  /** Whether caller and address are written as pseudonyms or in clear. */
  readonly identities: Identities
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told the cause when files whose time is over cannot be removed. */
  readonly onKept: (cause: string) => void
}

/** What others record than the audit itself. */
export type ServiceEvent = Extract<AuditEvent, 'config' | 'key' | 'store' | 'pause'>

export interface ReplyFacts {
  readonly requestId: string
  readonly status: number
  readonly delivered: boolean
}

const toOutcome = (status: number): Outcome => {
  if (status < 400) return 'issued'
  return status < 500 ? 'refused' : 'failed'
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

  /** Resolves when the attempt's record is durable; for a refusal, which hands nothing out, when it is counted at least. */
  record(attempt: Attempt, reply: ReplyFacts): Promise<void> {
    const { failure } = attempt
    if (failure === null || toOutcome(reply.status) !== 'refused') {
      return this.#writer.append(this.#toFields(attempt, reply))
    }
    const { refusals } = this.#options
    if (!refusals.admit(failure.code, failure.reason)) return Promise.resolve()
    return this.#writer
      .append(this.#toFields(attempt, reply))
      .catch(() => refusals.count(failure.code, failure.reason))
  }

  /** Resolves when it is on record which presets are in force. */
  recordPresets({ revision, presets }: Catalog): Promise<void> {
    return this.recordEvent('config', { revision, detail: { presets: presets.size } })
  }

  /** Resolves when it is on record which API key is in force. */
  recordKey(apiKey: Secret): Promise<void> {
    return this.recordEvent('key', { secret: apiKey.fingerprint(this.#options.keys.fingerprint) })
  }

  /** Resolves when it is on record that limits left the shared store, or are back in it. */
  recordStore(state: 'degraded' | 'restored', cause: string | null): Promise<void> {
    return this.recordEvent('store', { detail: cause === null ? { state } : { state, cause } })
  }

  /** Resolves when what happened to the service itself is on record. */
  recordEvent(event: ServiceEvent, facts: EventFacts): Promise<void> {
    return this.#writer.append(toEventFields(event, facts))
  }

  /** Writes what is counted and waits, and a last record. */
  async close(): Promise<void> {
    clearInterval(this.#ticking)
    await this.#options.refusals.end()
    await this.#writer.close()
    await this.#options.keepKey()
  }

  /** Once a second. */
  #tick(): void {
    const { refusals, retention, onKept } = this.#options
    this.#writer.tick()
    if (!this.#writer.available) return
    void refusals.write()
    retention.run().catch((error: unknown) => onKept(codeOf(error) ?? 'unknown'))
  }

  #identify(kind: 'caller' | 'address', value: string): string {
    const { identities, keys } = this.#options
    return identities === 'plain' ? value : keys.toPseudonym(kind, value)
  }

  #toFields(attempt: Attempt, { requestId, status, delivered }: ReplyFacts): RecordFields {
    const { preset, order, failure, upstream, secret } = attempt
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
      model: order?.model ?? preset?.model ?? null,
      expires_after_seconds: order?.expiresAfterSeconds ?? null,
      overrides: order?.overrides ?? null,
      origin: attempt.origin,
      caller: attempt.caller === null ? null : this.#identify('caller', attempt.caller),
      address: this.#identify('address', attempt.address),
      secret: secret === null ? null : secret.fingerprint(this.#options.keys.fingerprint),
      secret_expires_at: attempt.secretExpiresAt,
      upstream:
        upstream === null
          ? null
          : {
              status: upstream.status,
              request_id: upstream.requestId,
              attempts: upstream.attempts,
              ms: upstream.ms,
            },
      ms: Math.round(this.#options.now() - attempt.startedAtMs),
      count: null,
      detail: null,
    }
  }
}
