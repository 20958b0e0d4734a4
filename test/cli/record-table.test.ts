import { describe, expect, it } from 'vitest'
import type { ReadRecord } from '../../src/audit-reader/read-record.ts'
import { createTable } from '../../src/cli/record-table.ts'

const issued: ReadRecord = {
  time: '2026-11-22T10:11:12.345Z',
  event: 'attempt',
  outcome: 'issued',
  code: null,
  reason: null,
  delivered: true,
  preset: 'voice-assistant',
  caller: '0123456789abcdef0123456789abcdef',
  address: 'fedcba9876543210fedcba9876543210',
  request_id: '01234567-89ab-4cde-8f01-23456789abcd',
  ms: 123,
}

const refusals: ReadRecord = {
  ...issued,
  event: 'refusals',
  outcome: null,
  code: 'rate_limited',
  count: 42,
  detail: { minute: '2026-11-22T10:10:00.000Z', reasons: { limit_per_address: 40, limit_per_caller: 2 } },
}

const plain = createTable({ columns: undefined, isColoured: false })
const terminal = createTable({ columns: 120, isColoured: false })

describe('a table', () => {
  it('has one line for each record if it goes to a file or a program', () => {
    expect(plain.toRow(issued).split(/ {2,}/)).toStrictEqual([
      '2026-11-22 10:11:12',
      'issued',
      'voice-assistant',
      '123',
      issued['caller'],
      issued['address'],
      issued['request_id'],
    ])
    expect(plain.head.replaceAll(/ {2,}/g, '|')).toBe(
      'time (UTC)|outcome|code|reason|preset|ms|caller|address|request',
    )
  })

  it('cuts no value in a terminal, however narrow it is', () => {
    const record = {
      ...issued,
      outcome: 'refused',
      code: 'authentication_unavailable',
      reason: 'limit_per_preset_and_caller',
      preset: 'p'.repeat(64),
    }
    for (const columns of [20, 80, 120, 300]) {
      const row = createTable({ columns, isColoured: false }).toRow(record)
      for (const name of ['code', 'reason', 'preset', 'caller', 'address', 'request_id']) {
        expect(row).toContain(Object.entries(record).find(([key]) => key === name)?.[1])
      }
    }
  })

  it('puts the ids on a second line in a terminal that is too narrow for one line', () => {
    expect(terminal.head.replaceAll(/ {2,}/g, '|')).toBe('time (UTC)|outcome|code|reason|preset|ms')
    const [first = '', second] = terminal.toRow(issued).split('\n')
    expect(first.slice(terminal.head.indexOf('preset'))).toMatch(/^voice-assistant +123$/)
    expect(second).toBe(
      `    caller ${String(issued['caller'])}  address ${String(issued['address'])}  request ${String(issued['request_id'])}`,
    )
    expect(terminal.toRow({ ...issued, caller: null, address: null, request_id: null })).not.toContain('\n')
    expect(createTable({ columns: 300, isColoured: false }).toRow(issued)).not.toContain('\n')
  })

  it.each([
    ['that a secret was not delivered', { ...issued, delivered: false }, /issued +not delivered/],
    [
      'other events by name, with their cause',
      { ...issued, event: 'gap', detail: { cause: 'ENOSPC' } },
      /gap +ENOSPC/,
    ],
    [
      'whether a pause began or ended',
      { ...issued, event: 'pause', detail: { state: 'resumed', scope: 'preset' } },
      /pause +resumed +voice-assistant/,
    ],
    ['nothing for absent fields', {}, /^$/],
    [
      'how many refusals were counted, by reason',
      refusals,
      /refused +rate_limited +limit_per_address 40, limit_per_caller 2 .* x42 /,
    ],
    ['that counted attempts failed', { ...refusals, code: 'upstream_unavailable' }, / failed +upstream_/],
  ])('shows %s', (_what, record, row) => {
    expect(plain.toRow(record)).toMatch(row)
  })

  it('writes only text to a terminal, whatever is in the record', () => {
    const hostile = Object.fromEntries(Object.keys(issued).map((name) => [name, 'a\u001b[2J\u009b\n\u202eb']))
    for (const table of [plain, terminal]) {
      expect(table.toRow({ ...hostile, event: 'attempt' })).toMatch(/^[\x20-\x7e\n]+$/)
      expect(
        table.toRow({ event: 'refusals', count: '\u001b', detail: { reasons: { '\u001b': '\n' } } }),
      ).toMatch(/^[\x20-\x7e\n]+$/)
    }
  })

  it('colours only outcomes, and only if asked to', () => {
    const { toRow } = createTable({ columns: 120, isColoured: true })
    expect(toRow(issued)).toContain('\u001b[32missued')
    expect(toRow({ ...issued, outcome: 'failed' })).toContain('\u001b[31mfailed')
    expect(toRow(refusals)).toContain('\u001b[33mrefused')
    expect(toRow({ ...issued, event: 'gap', preset: 'issued' })).not.toContain('\u001b')
  })
})
