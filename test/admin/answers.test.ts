// What the worker answers, computed in this thread and compared with the records themselves.
import { describe, expect, it, onTestFinished } from 'vitest'
import { attemptsReply, summaryReply } from '../../src/admin/api-schemas.ts'
import { toAttempts, toCsv } from '../../src/admin/record-pages.ts'
import { summarize } from '../../src/admin/summary.ts'
import { AuditIndex } from '../../src/audit-reader/audit-index.ts'
import { meanings } from '../../src/reason-meanings.ts'
import { writeFiles } from '../audit-reader/chains.ts'
import { parseRecords } from '../support/service.ts'
import { toBelievableDay } from './believable-day.ts'

const end = Date.UTC(2026, 10, 22, 12)
const day = toBelievableDay({ end, attempts: 300 })
const records = parseRecords(Object.values(day).join(''))
const attempts = records.filter(({ event }) => event === 'attempt')
const span = { filter: { kind: {} }, since: end - 86_400_000, until: end }

async function openIndex(): Promise<AuditIndex> {
  const index = await AuditIndex.open({ directory: await writeFiles(day) })
  onTestFinished(() => index.close())
  await index.update()
  return index
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

describe('a summary', () => {
  it('has its schema, and counts the issued attempts by time and by preset alike', async () => {
    const summary = summaryReply.parse(await summarize(await openIndex(), span))
    const issued = attempts.filter(({ outcome }) => outcome === 'issued').length
    expect(issued).toBeGreaterThan(0)
    expect([
      summary.issued,
      sum(summary.series.issued),
      sum(summary.presets.map((preset) => preset.issued)),
    ]).toStrictEqual([issued, issued, issued])
  })

  it('counts what was not issued by code', async () => {
    const { refused, failed, codes } = await summarize(await openIndex(), span)
    expect(sum(codes.map(({ count }) => count))).toBe(refused + failed)
  })

  it('names what changed, in order', async () => {
    const { changes } = await summarize(await openIndex(), span)
    expect(changes[0]?.change).toBe('started')
    expect(changes.map(({ time }) => time)).toStrictEqual(
      changes.map(({ time }) => time).toSorted((one, other) => one - other),
    )
  })
})

describe('a page of records', () => {
  const filter = { kind: { event: ['attempt'] } } as const

  it('has each attempt once, newest first, with the sentence of its reason', async () => {
    const index = await openIndex()
    const page = await index.select({ filter, limit: 10_000, order: 'newest' })
    const { records: listed, next } = attemptsReply.parse(toAttempts(page, { skipped: 0, version: '1' }))
    expect(next).toBeNull()
    expect(listed.map(({ record }) => record['request_id'])).toStrictEqual(
      attempts.map((one) => one['request_id']).toReversed(),
    )
    expect(new Set(listed.map(({ meaning }) => meaning)).size).toBeGreaterThan(1)
    expect(listed.every(({ meaning }) => meaning === null || Object.values(meanings).includes(meaning))).toBe(
      true,
    )
  })

  it('has a cursor where there are more, and names the columns of a CSV once', async () => {
    const index = await openIndex()
    const page = await index.select({ filter, limit: 2, order: 'newest' })
    expect(toAttempts(page, { skipped: 0, version: '1' }).next).toMatch(/^\d+\/audit-.+\.jsonl\/\d+$/)
    const lines = toCsv(page, true).split('\r\n')
    expect(lines[0]).toMatch(/^time,event,outcome,code,reason,/)
    expect(lines).toHaveLength(4)
    expect(toCsv(page, false)).toBe(lines.slice(1).join('\r\n'))
  })
})
