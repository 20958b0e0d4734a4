// The page's list of records, asked over HTTP.
import { record as arbitraryRecord, array, assert, asyncProperty, constantFrom } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptsReply } from '../../src/admin/api-schemas.ts'
import { toCsv } from '../../src/admin/record-pages.ts'
import { meanings } from '../../src/reason-meanings.ts'
import { attemptFields, keys } from '../audit/fields.ts'
import { Chain, toFiles } from '../audit-reader/chains.ts'
import { parseRecords } from '../support/service.ts'
import type { AdminService } from './admin-service.ts'
import { shareAuditService } from './audit-service.ts'
import { toBelievableDay } from './believable-day.ts'

type Fields = Readonly<Record<string, unknown>>

const end = Date.UTC(2026, 10, 22, 12)
const day = toBelievableDay({ end, attempts: 400 })
const newestFirst: readonly Fields[] = parseRecords(Object.values(day).join('')).toReversed()
const isAttempt = ({ event }: Fields): boolean => event === 'attempt' || event === 'refusals'

/** The records of the service itself are newer. */
const UNTIL = `until=${new Date(end + 3_600_000).toISOString()}`

/** Without a socket, because a listener takes only so many requests per second. */
async function readPage({ adminApp }: AdminService, query: string) {
  const url = `/api/attempts?${UNTIL}&${query}`
  const reply = await adminApp?.inject({ url, headers: { host: 'localhost' } })
  expect(reply?.statusCode).toBe(200)
  return attemptsReply.parse(reply?.json())
}

async function readAll(service: AdminService, query: string, limit = 200): Promise<Fields[]> {
  const found: Fields[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(
      service,
      `${query}&limit=${limit}${after}`,
    )
    found.push(...page.records.map(({ record }) => record))
    cursor = page.next
  } while (cursor !== null)
  return found
}

const values = {
  outcome: ['issued', 'refused', 'failed'],
  code: ['rate_limited', 'upstream_unavailable', 'unauthenticated'],
  preset: ['support-agent', 'translator', 'nothing'],
  origin: ['other', 'https://app.example.com'],
  status: ['200', '429', '503'],
  event: ['attempt', 'refusals', 'config', 'store'],
  caller: ['person-7', 'person-1'].map((name) => keys.toPseudonym('caller', name)),
} as const

/** What this day counts was refused. */
const toValue = (fields: Fields, name: string): unknown =>
  name === 'outcome' && fields['event'] === 'refusals' ? 'refused' : fields[name]

const isMatch = (fields: Fields, filters: Readonly<Record<string, readonly string[]>>): boolean =>
  Object.entries(filters).every(
    ([name, wanted]) => wanted.length === 0 || wanted.includes(String(toValue(fields, name))),
  )

const some = (options: readonly string[]) => array(constantFrom(...options), { maxLength: 2 })

describe('GET /api/attempts', () => {
  const service = shareAuditService(day)

  it('lists all attempts, newest first, page by page', async () => {
    expect(await readAll(service(), '', 37)).toStrictEqual(newestFirst.filter(isAttempt))
    expect(await readAll(service(), 'event=any')).toStrictEqual(newestFirst)
  })

  it('names the outcome, also of attempts that were only counted', async () => {
    const { records } = await readPage(service(), 'limit=200&event=any')
    expect(records.some(({ record }) => record['event'] === 'refusals')).toBe(true)
    expect(records.map(({ outcome }) => outcome)).toStrictEqual(
      records.map(({ record }) => toValue(record, 'outcome')),
    )
  })

  it('any filters together find what a plain filter over the records finds', async () => {
    const filters = arbitraryRecord({
      outcome: some(values.outcome),
      code: some(values.code),
      preset: some(values.preset),
      origin: some(values.origin),
      status: some(values.status),
      event: some(values.event),
      caller: some(values.caller),
    })
    await assert(
      asyncProperty(filters, async (given) => {
        const query = Object.entries(given).flatMap(([name, wanted]) => wanted.map((value) => [name, value]))
        const found = await readAll(service(), new URLSearchParams(query).toString())
        const expected = newestFirst.filter(
          (fields) => isMatch(fields, given) && (given.event.length > 0 || isAttempt(fields)),
        )
        expect(found).toStrictEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['a caller in plain text', 'caller=person-7', ['caller', keys.toPseudonym('caller', 'person-7')]],
    [
      'an address in plain text',
      'address=198.51.100.3',
      ['address', keys.toPseudonym('address', '198.51.100.3')],
    ],
  ])('finds %s by its pseudonym', async (_what, query, [name = '', pseudonym]) => {
    const found = await readAll(service(), query)
    expect(found).toStrictEqual(
      newestFirst.filter((fields) => isAttempt(fields) && fields[name] === pseudonym),
    )
    expect(found).not.toHaveLength(0)
  })

  it('finds a secret by the beginning of its fingerprint', async () => {
    const secret = String(newestFirst.find(({ outcome }) => outcome === 'issued')?.['secret'])
    const found = await readAll(service(), `secret=${secret.slice(0, 12)}`)
    expect(found.map((fields) => fields['secret'])).toStrictEqual([secret])
  })

  it('says what the reason of an attempt means', async () => {
    const { records } = await readPage(service(), 'reason=upstream_breaker_open&limit=1')
    expect(records.map(({ meaning }) => meaning)).toStrictEqual([meanings.upstream_breaker_open])
  })

  it.each([
    ['code=nothing', 'code'],
    ['outcome=', 'outcome'],
    ['since=yesterday', 'since'],
    ['until=2026-02-30', 'until'],
    ['limit=201', 'limit'],
    ['cursor=1/../../etc/passwd/1', 'cursor'],
    ['secret=ek_0123456789abcdef', 'secret'],
    ['address=here', 'address'],
    ['status=99', 'status'],
  ])('refuses %s and names the parameter', async (query, param) => {
    const reply = await service().ask(`/api/attempts?${query}`)
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: 'invalid_request', param } })
  })

  it.each(['since=yesterday', 'until=2026-02-30'])('says how to write a time: %s', async (query) => {
    const reply = await service().ask(`/api/attempts?${query}`)
    expect(await reply.text()).toContain(
      'has an invalid value. Write it like 15m, 1h or 7d (ago), or as a time in UTC: 2026-11-22T10:00:00Z.',
    )
  })

  it('refuses a parameter that does not exist, without repeating it', async () => {
    const reply = await service().ask('/api/attempts?canary=1')
    expect(reply.status).toBe(400)
    const text = await reply.text()
    expect(text).not.toMatch(/canary/)
    expect(text).toContain('Take it out. These exist: since, until, outcome,')
  })
})

describe('GET /api/attempts.csv', () => {
  const service = shareAuditService(day)

  it('has a line for each record of the filtered list, in its order', async () => {
    const reply = await service().ask(`/api/attempts.csv?${UNTIL}&outcome=failed`)
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(reply.headers.get('content-disposition')).toMatch(
      /^attachment; filename="attempts-[\dT-]+Z\.csv"$/,
    )
    const [head = '', ...lines] = (await reply.text()).trimEnd().split('\r\n')
    expect(head).toMatch(/^time,event,outcome,code,reason,/)
    const failed = newestFirst.filter(({ outcome }) => outcome === 'failed')
    expect(lines.map((line) => line.split(',')[0])).toStrictEqual(failed.map(({ time }) => time))
  })
})

it('a page of CSV names the columns only if it is the first', () => {
  const empty = { records: [], next: undefined }
  expect([toCsv(empty, true).split(',')[0], toCsv(empty, false)]).toStrictEqual(['time', ''])
})

describe('GET /api/attempts.csv of an audit in plain text', () => {
  const chain = new Chain().open()
  for (const caller of [
    '=HYPERLINK("https://evil.example","a,b")',
    '\t=1+1',
    '＝1+1',
    'a;=1+1',
    'a\u001b[2J\r\n\u202eb',
  ])
    chain.add('attempt', { ...attemptFields, caller })
  const service = shareAuditService(toFiles(chain.close()))

  it('quotes what has separators, and makes no formula of a caller', async () => {
    const text = await (await service().ask('/api/attempts.csv?code=rate_limited')).text()
    expect(text).toContain(`,"'=HYPERLINK(""https://evil.example"",""a,b"")",`)
    for (const cell of ['?=1+1', "'＝1+1", '"a;=1+1"', 'a?[2J???b']) expect(text).toContain(`,${cell},`)
  })
})
