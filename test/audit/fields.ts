import { deriveAuditKeys } from '../../src/audit/keys.ts'
import type { RecordFields } from '../../src/audit/record.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIT_KEY } from '../support/service.ts'

/** Of every audit in the tests. */
export const keys = deriveAuditKeys(new Secret(AUDIT_KEY))

/** The name of a file that no writer of a test creates. */
export const OLD_NAME = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'

/** A refused attempt, as the writer gets it. */
export const attemptFields: RecordFields = {
  event: 'attempt',
  request_id: '00000000-0000-4000-8000-000000000000',
  outcome: 'refused',
  code: 'rate_limited',
  reason: 'limit_per_address',
  status: 429,
  delivered: true,
  preset: null,
  revision: null,
  model: null,
  expires_after_seconds: null,
  overrides: null,
  origin: 'other',
  caller: null,
  address: '0123456789abcdef0123456789abcdef',
  secret: null,
  secret_expires_at: null,
  upstream: null,
  ms: 1,
  count: null,
  detail: null,
}

/** An attempt that differs from others. */
export const numbered = (number: number): RecordFields => ({ ...attemptFields, ms: number })

/** The fields of a record, in their order. */
export const fieldOrder = ['v', 'time', 'writer', 'seq', ...Object.keys(attemptFields), 'prev', 'mac']
