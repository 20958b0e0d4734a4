/** Pages of records, as JSON and as CSV. */
import type { SelectedPage } from '../audit-reader/audit-index.ts'
import type { Cursor } from '../audit-reader/index-query.ts'
import { outcomeOf, type ReadRecord } from '../audit-reader/read-record.ts'
import { isObject } from '../json.ts'
import { toMeaning } from '../reason-meanings.ts'
import { type AttemptsReply, outcome } from './api-schemas.ts'

export const toCursorText = ({ time, file, offset }: Cursor): string => `${time}/${file}/${offset}`

export const toAttempts = (
  { records, next }: SelectedPage,
  { skipped, version }: { readonly skipped: number; readonly version: string },
): AttemptsReply => ({
  records: records.map((found) => ({
    id: toCursorText(found),
    outcome: outcome.safeParse(outcomeOf(found.record)).data ?? null,
    meaning: toMeaning(found.record.reason),
    record: { ...found.record },
  })),
  next: next === undefined ? null : toCursorText(next),
  skipped_lines: skipped,
  version,
})

/** In the order of the file; what is within another field is named after it. */
const columns = [
  'time',
  'event',
  'outcome',
  'code',
  'reason',
  'status',
  'delivered',
  'preset',
  'model',
  'origin',
  'caller',
  'address',
  'secret',
  'secret_expires_at',
  'ms',
  'request_id',
  'upstream.status',
  'upstream.code',
  'upstream.param',
  'upstream.ms',
  'upstream.attempts',
  'upstream.request_id',
  'count',
] as const

function toField(record: ReadRecord, column: string): unknown {
  const [name = '', inner] = column.split('.')
  const value = record[name]
  if (inner === undefined) return value
  return isObject(value) ? value[inner] : null
}

/** A spreadsheet would run text that begins like a formula. */
const formula = /^\s*[=+\-@＝＋－＠]/

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return JSON.stringify(value)
  const shown = value.replaceAll(/\p{C}/gu, '?')
  const text = formula.test(shown) ? `'${shown}` : shown
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** RFC 4180, with the names of the columns if it is the first page. */
export const toCsv = ({ records }: SelectedPage, isFirst: boolean): string =>
  [
    ...(isFirst ? [columns.join(',')] : []),
    ...records.map(({ record }) => columns.map((column) => toCell(toField(record, column))).join(',')),
  ]
    .map((line) => `${line}\r\n`)
    .join('')
