/** Audits on real directories, with clocks that only tests move. */
import { onTestFinished } from 'vitest'
import { Attempt } from '../../src/attempt.ts'
import type { Audit } from '../../src/audit/audit.ts'
import { type AuditSettings, openAudit } from '../../src/audit/open.ts'
import { ServiceError } from '../../src/errors.ts'
import { createLogger, type LogLevel } from '../../src/logger.ts'
import type { Reason } from '../../src/reasons.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIT_KEY, createTemporaryDirectory } from '../support/service.ts'

export const NOON = Date.parse('2026-11-22T12:00:00.000Z')

export interface TestAudit {
  readonly audit: Audit
  readonly directory: string
  /** Milliseconds, by each clock. */
  readonly clock: { now: number; monotonic: number }
  readonly logText: () => string
}

export interface TestAuditOptions extends Partial<AuditSettings> {
  readonly logLevel?: LogLevel
  readonly startedAt?: number
}

export async function openTestAudit(options: TestAuditOptions = {}): Promise<TestAudit> {
  const { logLevel = 'info', startedAt = NOON, ...settings } = options
  const clock = { now: startedAt, monotonic: 0 }
  const lines: string[] = []
  const logger = createLogger(logLevel, { write: (line: string) => void lines.push(line) })
  const directory = options.directory ?? (await createTemporaryDirectory())
  const defaults = { durability: 'write', key: new Secret(AUDIT_KEY), identities: 'pseudonym' } as const
  const { audit } = await openAudit(
    { ...defaults, retentionDays: 180, copyToLog: false, directory, ...settings },
    {
      logger,
      monotonicNow: () => clock.monotonic,
      unixNow: () => clock.now,
      clockOffsetMs: () => null,
      isRecordDue: () => false,
    },
  )
  onTestFinished(() => audit.close())
  return { audit, directory, clock, logText: () => lines.join('') }
}

export interface TestFailure {
  readonly address?: string | undefined
  /** Whether upstream was asked. */
  readonly asked?: boolean
}

/** Records an attempt that was refused or failed for `reason`. */
export function recordFailure(
  audit: Audit,
  reason: Reason,
  { address = '203.0.113.9', asked = false }: TestFailure = {},
): Promise<void> {
  const failure = new ServiceError(reason)
  const attempt = new Attempt(0, address, true)
  attempt.failure = failure
  if (asked) attempt.upstream = { status: null, code: null, param: null, requestId: null, attempts: 1, ms: 1 }
  return audit.record(attempt, { requestId: 'r', status: failure.status, delivered: true })
}

/** Records an attempt that was issued a secret. */
export function recordIssued(audit: Audit, requestId: string): Promise<void> {
  const attempt = new Attempt(0, '203.0.113.9', true)
  attempt.secret = new Secret(`ek_${requestId}`)
  return audit.record(attempt, { requestId, status: 200, delivered: true })
}
