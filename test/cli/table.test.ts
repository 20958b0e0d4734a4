import { describe, expect, it } from 'vitest'
import type { ReadRecord } from '../../src/audit-reader/filters.ts'
import { createTable } from '../../src/cli/table.ts'

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
  it('has every cell whole where it goes to a file or a program', () => {
    expect(plain.toRow(issued).split(/ {2,}/)).toStrictEqual([
      '2026-11-22 10:11:12',
      'issued',
      'voice-assistant',
      issued['caller'],
      issued['address'],
      issued['request_id'],
      '123',
    ])
    expect(plain.head.replaceAll(/ {2,}/g, '|')).toBe(
      'time (UTC)|outcome|code|reason|preset|caller|address|request|ms',
    )
  })

  it('fits a terminal of 120 columns, with its columns below their titles', () => {
    const record = {
      ...issued,
      outcome: 'failed',
      code: 'upstream_misconfigured',
      reason: 'upstream_unauthorized',
    }
    const row = terminal.toRow({ ...record, ms: 1_234_567 })
    expect(row.length).toBeLessThanOrEqual(120)
    for (const [title, cell] of [
      ['code', 'upstream_misco'],
      ['reason', 'upstream_unaut'],
      ['address', 'fedcba98'],
      ['request', '01234567'],
    ] as const) {
      expect(row.slice(terminal.head.indexOf(title))).toMatch(new RegExp(`^${cell}`))
    }
  })

  it('gives a wide terminal more of each cell, and does not break on a narrow one', () => {
    const wide = createTable({ columns: 200, isColoured: false })
    expect(wide.toRow({ ...issued, code: 'upstream_misconfigured' })).toContain('upstream_misconfigured ')
    expect(createTable({ columns: 20, isColoured: false }).toRow(issued)).toContain('issued')
  })

  it('counts refusals that were only counted, with their reasons', () => {
    expect(plain.toRow(refusals)).toMatch(
      /refused +rate_limited +limit_per_address 40, limit_per_caller 2 .* x42$/,
    )
  })

  it.each([
    ['that a secret was not delivered', { ...issued, delivered: false }, /issued +not delivered/],
    [
      'other events by name, with their cause',
      { ...issued, event: 'gap', detail: { cause: 'ENOSPC' } },
      /gap +ENOSPC/,
    ],
    ['nothing of what is not there', {}, /^$/],
  ])('tells %s', (_what, record, row) => {
    expect(plain.toRow(record)).toMatch(row)
  })

  it('lets nothing but text onto a terminal, whatever is in the record', () => {
    const hostile = Object.fromEntries(Object.keys(issued).map((name) => [name, 'a\u001b[2J\u009b\n\u202eb']))
    for (const table of [plain, terminal]) {
      expect(table.toRow({ ...hostile, event: 'attempt' })).toMatch(/^[\x20-\x7e]+$/)
      expect(
        table.toRow({ event: 'refusals', count: '\u001b', detail: { reasons: { '\u001b': '\n' } } }),
      ).toMatch(/^[\x20-\x7e]+$/)
    }
  })

  it('colours outcomes where it is asked to, and nothing else', () => {
    const { toRow } = createTable({ columns: 120, isColoured: true })
    expect(toRow(issued)).toContain('\u001b[32missued')
    expect(toRow({ ...issued, outcome: 'failed' })).toContain('\u001b[31mfailed')
    expect(toRow(refusals)).toContain('\u001b[33mrefused')
    expect(toRow({ ...issued, event: 'gap', preset: 'issued' })).not.toContain('\u001b')
  })
})
