import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { type RecordFields, toEventFields } from '../../src/audit/record.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIT_KEY } from '../support/service.ts'

/** Of every audit in the tests. */
export const keys = deriveAuditKeys(new Secret(AUDIT_KEY))

/** The name of a file that no writer of a test creates. */
export const OLD_NAME = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'

/** A refused attempt, as the writer gets it. */
export const attemptFields: RecordFields = {
  ...toEventFields('attempt'),
  request_id: '00000000-0000-4000-8000-000000000000',
  outcome: 'refused',
  code: 'rate_limited',
  reason: 'limit_per_address',
  status: 429,
  delivered: true,
  origin: 'other',
  address: '0123456789abcdef0123456789abcdef',
  ms: 1,
}

/** An attempt that differs from others. */
export const numbered = (number: number): RecordFields => ({ ...attemptFields, ms: number })

/** The fields of a record, in their order. */
export const fieldOrder = ['v', 'time', 'writer', 'seq', ...Object.keys(attemptFields), 'prev', 'mac']
