/** Turns an attempt into its record: the one place that knows what is written, and in which words. */
import type { Catalog } from '../presets/catalog.ts'
import type { Secret } from '../secret.ts'
import type { Attempt } from './attempt.ts'
import type { AuditKeys } from './keys.ts'
import { type Outcome, type RecordFields, toEventFields } from './record.ts'
import type { AuditWriter } from './writer.ts'

export interface AuditOptions {
  readonly writer: AuditWriter
  readonly keys: AuditKeys
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export interface ReplyFacts {
  readonly requestId: string
  readonly status: number
  readonly delivered: boolean
}

const toOutcome = (status: number): Outcome => {
  if (status < 400) return 'issued'
  return status < 500 ? 'refused' : 'failed'
}

export class Audit {
  readonly #writer: AuditWriter
  readonly #keys: AuditKeys
  readonly #now: () => number

  constructor({ writer, keys, now }: AuditOptions) {
    this.#writer = writer
    this.#keys = keys
    this.#now = now
  }

  /** Whether a secret issued now could be recorded. */
  get available(): boolean {
    return this.#writer.available
  }

  /** Resolves when the attempt's record is durable. */
  record(attempt: Attempt, reply: ReplyFacts): Promise<void> {
    return this.#writer.append(this.#toFields(attempt, reply))
  }

  /** Resolves when it is on record which presets are in force. */
  recordPresets(catalog: Catalog): Promise<void> {
    const { revision, presets } = catalog
    return this.#writer.append(toEventFields('config', { revision, detail: { presets: presets.size } }))
  }

  /** Resolves when it is on record which API key is in force. */
  recordKey(apiKey: Secret): Promise<void> {
    const secret = apiKey.fingerprint(this.#keys.fingerprint)
    return this.#writer.append(toEventFields('key', { secret }))
  }

  close(): Promise<void> {
    return this.#writer.close()
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
      caller: null,
      address: this.#keys.toPseudonym('address', attempt.address),
      secret: secret === null ? null : secret.fingerprint(this.#keys.fingerprint),
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
      ms: Math.round(this.#now() - attempt.startedAtMs),
      count: null,
      detail: null,
    }
  }
}
