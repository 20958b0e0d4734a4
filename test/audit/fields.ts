import type { RecordFields } from '../../src/audit/record.ts'

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
export const fieldOrder = [
  'v',
  'time',
  'writer',
  'seq',
  'event',
  'request_id',
  'outcome',
  'code',
  'reason',
  'status',
  'delivered',
  'preset',
  'revision',
  'model',
  'expires_after_seconds',
  'overrides',
  'origin',
  'caller',
  'address',
  'secret',
  'secret_expires_at',
  'upstream',
  'ms',
  'count',
  'detail',
  'prev',
  'mac',
] as const
