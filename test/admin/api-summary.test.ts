// What happened in a span of time, and whether the service is minting, asked over HTTP.
import { rm } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { stateReply, summaryReply } from '../../src/admin/api-schemas.ts'
import { createRecordIndex, type Question } from '../../src/admin/record-index.ts'
import { createLogger } from '../../src/logger.ts'
import { keys } from '../audit/fields.ts'
import { writeFiles } from '../audit-reader/chains.ts'
import { inTurn } from '../bench/in-turn.ts'
import { breakAudit, parseRecords } from '../support/service.ts'
import { type AdminService, startAdminService } from './admin-service.ts'
import { shareAuditService } from './audit-service.ts'
import { toBelievableDay } from './believable-day.ts'

const MINUTE_MS = 60_000
const end = Date.UTC(2026, 10, 22, 12)
const flooder = keys.toPseudonym('caller', 'person-7')
const day = toBelievableDay({ end, attempts: 800 })
const records = parseRecords(Object.values(day).join(''))

const toSpan = (since: number, until = end): string =>
  `since=${new Date(since).toISOString()}&until=${new Date(until).toISOString()}`

async function readSummary(service: AdminService, query: string) {
  const reply = await service.ask(`/api/summary?${query}`)
  expect(reply.status).toBe(200)
  return summaryReply.parse(await reply.json())
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

describe('GET /api/summary', () => {
  const service = shareAuditService(day)

  it('counts attempts, those that were only counted too', async () => {
    const summary = await readSummary(service(), toSpan(end - 1440 * MINUTE_MS))
    const { issued, refused, failed, series, presets, codes } = summary
    const count = (outcome: string): number => records.filter((one) => one['outcome'] === outcome).length
    const counted = sum(
      records.filter(({ event }) => event === 'refusals').map((one) => Number(one['count'])),
    )
    expect({ issued, refused, failed }).toStrictEqual({
      issued: count('issued'),
      refused: count('refused') + counted,
      failed: count('failed'),
    })
    expect(Object.values(series).map(sum)).toStrictEqual([issued, refused, failed])
    expect(sum(presets.map((preset) => preset.issued))).toBe(issued)
    expect(sum(codes.map((code) => code.count))).toBe(refused + failed)
  })

  it.each([15, 60, 360, 1_440, 10_080, 43_200, 400 * 1_440])(
    'has at most 121 buckets in %i minutes, the first at or before the start',
    async (minutes) => {
      const since = end - minutes * MINUTE_MS + 12_345
      const { times, bucket_seconds: seconds, until } = await readSummary(service(), toSpan(since))
      expect(times.length).toBeLessThanOrEqual(121)
      expect(times[0]).toBeLessThanOrEqual(since)
      expect((times.at(-1) ?? 0) + seconds * 1000).toBeGreaterThanOrEqual(until)
    },
  )

  it('says since when a preset fails, and that others do not', async () => {
    const { presets } = await readSummary(service(), toSpan(end - 360 * MINUTE_MS))
    const since = new Map(presets.map(({ preset, failing_since: failing }) => [preset, failing]))
    expect(since.get('translator')).toBeGreaterThan(end - 90 * MINUTE_MS)
    expect(since.get('voice-assistant')).toBeNull()
  })

  it('does not say that a preset fails if the filter hides what it issued', async () => {
    const { presets } = await readSummary(service(), `${toSpan(end - 360 * MINUTE_MS)}&outcome=failed`)
    expect(presets.map(({ failing_since: failing }) => failing)).toStrictEqual(presets.map(() => null))
  })

  it('names the caller of a flood first, with the code that it got', async () => {
    const { callers, addresses, codes } = await readSummary(service(), toSpan(end - 60 * MINUTE_MS))
    expect(callers[0]).toMatchObject({ pseudonym: flooder, code: 'rate_limited' })
    expect(addresses[0]?.pseudonym).toBe(keys.toPseudonym('address', '203.0.113.9'))
    expect(codes[0]).toMatchObject({ code: 'rate_limited', reasons: [{ reason: 'limit_per_caller' }] })
  })

  it('has the changes, oldest first', async () => {
    const { changes } = await readSummary(service(), toSpan(end - 1441 * MINUTE_MS))
    expect(changes.map(({ change, detail }) => [change, detail])).toStrictEqual([
      ['started', null],
      ['presets', 'a1b2c3d4e5f60718'],
      ['store_degraded', 'ECONNREFUSED'],
      ['store_restored', null],
      ['key', null],
      ['paused', flooder],
      ['presets', '77aa00bb11cc22dd'],
      ['resumed', flooder],
    ])
  })

  it('has the last changes before the span too', async () => {
    const { changes } = await readSummary(service(), toSpan(end - 10 * MINUTE_MS))
    expect(changes.at(-1)?.change).toBe('resumed')
    expect(changes.map(({ change }) => change)).toContain('key')
  })

  it('counts only what matches a filter', async () => {
    const { issued, refused, failed } = await readSummary(
      service(),
      `${toSpan(end - 1440 * MINUTE_MS)}&outcome=failed&preset=translator`,
    )
    const expected = records.filter((one) => one['outcome'] === 'failed' && one['preset'] === 'translator')
    expect({ issued, refused, failed }).toStrictEqual({ issued: 0, refused: 0, failed: expected.length })
  })

  it.each([toSpan(end, end - 1), toSpan(end - 401 * 1_440 * MINUTE_MS)])(
    'refuses the span %s',
    async (query) => {
      const reply = await service().ask(`/api/summary?${query}`)
      expect(reply.status).toBe(400)
    },
  )
})

async function readState({ ask }: AdminService) {
  return stateReply.parse(await (await ask('/api/state')).json())
}

describe('GET /api/state', () => {
  it('says that the service is minting, and which parts it does not use', async () => {
    const service = await startAdminService()
    const { minting, parts } = await readState(service)
    expect(minting).toStrictEqual({ state: 'yes', causes: [] })
    expect(parts.filter(({ state }) => state === 'not_used').map(({ part }) => part)).toStrictEqual([
      'redis',
      'key_set',
      'api_key_file',
    ])
  })

  it('says that upstream refused the key, since when, and what to do', async () => {
    const service = await startAdminService()
    service.sandbox.behave({ kind: 'status', status: 401 })
    await service.mint()
    const { minting, parts } = await readState(service)
    expect(minting).toStrictEqual({ state: 'no', causes: ['upstream_key'] })
    expect(parts[0]).toMatchObject({
      part: 'upstream',
      state: 'failing',
      last_error: { cause: 'upstream_unauthorized', meaning: 'OpenAI answered 401. Replace the API key.' },
    })
  })

  it('says what the last failed call met, though upstream works', async () => {
    const service = await startAdminService()
    service.sandbox.behave({ kind: 'status', status: 504 })
    await inTurn(Array.from({ length: 5 }), () => service.mint())
    const failing = { state: 'no', causes: ['upstream_failing'] }
    expect((await readState(service)).minting).toStrictEqual(failing)
    service.sandbox.behave({ kind: 'normal' })
    await service.mint()
    const { minting, parts } = await readState(service)
    expect(minting).toStrictEqual({ state: 'yes', causes: [] })
    expect(parts[0]).toMatchObject({
      part: 'upstream',
      state: 'ok',
      last_error: { cause: 'upstream_error' },
    })
  })

  it('says how close each total limit is', async () => {
    const service = await startAdminService({ RATE_LIMIT_TOTAL: '5/minute,100/day' })
    await service.mint()
    await service.mint()
    const state = await readState(service)
    expect(state.total_limits).toStrictEqual([
      { rule: '5/minute', limit: 5, used: 2 },
      { rule: '100/day', limit: 100, used: 2 },
    ])
    expect(state.max_in_flight).toBe(256)
  })

  it('says that the audit cannot be written', async () => {
    const service = await startAdminService()
    await breakAudit(service.auditDirectory)
    await service.mint()
    expect((await readState(service)).minting).toStrictEqual({ state: 'no', causes: ['audit_unavailable'] })
  })

  it('verifies the audit in the background', async () => {
    const service = await startAdminService()
    await service.mint()
    const { audit } = await readState(service)
    expect(audit.verification).toMatchObject({ state: 'running', verdict: null })
    await vi.waitFor(
      async () =>
        expect((await readState(service)).audit.verification).toMatchObject({
          state: 'done',
          verdict: 'whole',
        }),
      { timeout: 10_000, interval: 100 },
    )
  })
})

async function openIndex() {
  const directory = await writeFiles(day)
  const lines: string[] = []
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) })
  return { directory, lines, index: createRecordIndex({ directory, logger }) }
}

describe('the thread of the index', () => {
  const question: Question = { kind: 'attempts', filter: { kind: {} }, limit: 1, after: undefined }

  it('starts again after a fault, and answers the next question', async () => {
    const { index, lines } = await openIndex()
    const fatal: Question = JSON.parse('{"kind":"attempts","filter":null,"limit":1}')
    await expect(index.ask(fatal)).rejects.toMatchObject({ status: 503, code: 'index_unavailable' })
    expect(lines.join('')).toMatch(/the audit’s index ended/)
    expect(JSON.parse((await index.ask(question)).text)).toMatchObject({ records: [{}] })
    await index.close()
  })

  it('says that the directory cannot be read, and answers when it can', async () => {
    const { index, directory, lines } = await openIndex()
    await rm(directory, { recursive: true })
    await expect(index.ask(question)).rejects.toMatchObject({ status: 503, code: 'audit_unreadable' })
    expect(lines.join('')).toMatch(/"cause":"ENOENT"/)
    await writeFiles(day, directory)
    expect(JSON.parse((await index.ask(question)).text)).toMatchObject({ records: [{}] })
    await index.close()
  })

  it('refuses questions beyond those that wait', async () => {
    const { index } = await openIndex()
    const asked = await Promise.allSettled(Array.from({ length: 65 }, () => index.ask(question)))
    expect(asked.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { status: 503, code: 'index_unavailable' } },
    ])
    await index.close()
  })
})
