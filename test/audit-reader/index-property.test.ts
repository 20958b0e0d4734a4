// The index's answers, compared with a plain filter over the lines.
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  shuffledSubarray,
  string,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toAscii } from '../../src/audit/record.ts'
import { groupNames } from '../../src/audit-reader/index-groups.ts'
import type { RecordFilter } from '../../src/audit-reader/index-query.ts'
import { A, B, writeFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'
import { countNaively, filterNaively, rankNaively } from './naive-filter.ts'

const START = Date.UTC(2026, 10, 22)

/** Often the same few times around an hour, so that records are at the ends of spans and of minutes. */
const unixMs = oneof(
  integer({ min: 0, max: 5_000_000 }),
  integer({ min: 118, max: 122 }).map((halfMinutes) => halfMinutes * 30_000),
).map((ms) => START + ms)

const time = unixMs.map((ms) => new Date(ms).toISOString())

/** A value that fields of records often have, or one that they should not have. */
const odd = oneof(
  constantFrom(null, 1, 1.5, true, '', 'ada', 'Ada', 'a"\\\n', [], {}, { status: '200' }),
  string(),
)

const mostly = <Value>(...values: readonly Value[]) =>
  oneof({ weight: 9, arbitrary: constantFrom(...values) }, { weight: 1, arbitrary: odd })

const count = oneof(integer({ min: -1, max: 5 }), constantFrom(0.5, '3', null))

const address = constantFrom('0123456789abcdef', '0123456700000000', 'f'.repeat(32))

const detail = record(
  {
    minute: oneof(time, odd),
    reasons: oneof(record({ limit_total: count, draining: count }, { requiredKeys: [] }), odd),
    addresses: oneof(
      array(oneof(record({ address: oneof(address, odd), count }), odd), { maxLength: 3 }),
      odd,
    ),
  },
  { requiredKeys: [] },
)

const fields = record({
  time: oneof({ weight: 9, arbitrary: time }, { weight: 1, arbitrary: odd }),
  event: mostly('attempt', 'attempt', 'refusals', 'heartbeat'),
  request_id: mostly('11111111-2222', '11111133-2222'),
  outcome: mostly('issued', 'refused', 'failed'),
  code: mostly(null, 'rate_limited', 'internal'),
  reason: mostly(null, 'limit_total', 'draining'),
  status: mostly(200, 429),
  preset: mostly('one', 'two'),
  model: mostly('m1', 'm2'),
  origin: mostly('https://a.example', 'other'),
  caller: mostly('ada', 'bob'),
  address: mostly('0123456789abcdef', '0123456700000000'),
  secret: mostly(null, 'fedcba9876543210'),
  upstream: mostly<unknown>(null, { status: 200 }, { status: 429, code: 'x' }),
  detail: oneof({ weight: 9, arbitrary: detail }, { weight: 1, arbitrary: odd }),
})

const toLine = (values: object): string => `${toAscii(JSON.stringify({ v: 1, ...values }))}\n`

/** What a crash, an editor or an attacker leaves. */
const toDamaged = (text: string) =>
  constantFrom(
    text.slice(0, 40),
    `${text.slice(0, -3)}\n`,
    text.replace('{"v":1', '{ "v":1'),
    text.replace('"v":1', '"v":2'),
    text.replace('}', ',"event":"attempt"}'),
    text.replace('{', '{"v":1,"time":"2026-11-22T00:00:00.000Z","code":"internal",'),
    text.replace('\n', '\r\n'),
    text.replace(':', ':\t'),
    `\u007f${text}`,
  )

const line = oneof(
  { weight: 8, arbitrary: fields.map(toLine) },
  { weight: 1, arbitrary: fields.map(toLine).chain(toDamaged) },
  { weight: 1, arbitrary: string().map((text) => `${text}\n`) },
)

const some = <Value>(...values: readonly Value[]) =>
  array(constantFrom(...values), { minLength: 1, maxLength: 2 })

const match = (...values: readonly string[]) =>
  option(
    record({
      values: array(constantFrom(...values), { maxLength: 2 }),
      beginnings: array(constantFrom('01234567', '1111', '01234567898', 'fe'), { maxLength: 1 }),
    }),
    { nil: undefined },
  )

const moment = option(unixMs, { nil: undefined })

const conditions = {
  event: some('attempt', 'refusals', 'heartbeat'),
  outcome: some('issued', 'refused', 'failed'),
  code: some('rate_limited', 'internal'),
  reason: some('limit_total', 'draining'),
  status: some(200, 429),
  preset: some('one', ''),
  upstream_status: some(200),
}

const others = {
  since: moment,
  until: moment,
  exceptEvents: constantFrom(['heartbeat']),
  caller: match('ada', 'bob'),
  address: match('0123456789abcdef'),
  requestId: match('11111111-2222'),
  secret: match('fedcba9876543210'),
}

/** A few of the properties. All of them at once would leave nothing to compare. */
const fewOf = (most: number) => (properties: object) =>
  shuffledSubarray(Object.entries(properties), { maxLength: most }).map((chosen): object =>
    Object.fromEntries(chosen),
  )

const filter = record({ kind: record(conditions).chain(fewOf(2)), rest: record(others).chain(fewOf(1)) }).map(
  ({ kind, rest }): RecordFilter => Object.assign({ kind }, rest),
)

const files = array(
  array(line, { maxLength: 30 }).map((lines) => lines.join('')),
  { minLength: 1, maxLength: 2 },
)

const toNamed = (texts: readonly string[]) =>
  Object.fromEntries(
    texts.map((text, index) => [`audit-20261122T00000000${index}Z-${[A, B][index] ?? ''}.jsonl`, text]),
  )

describe('the index', () => {
  it('selects, counts and ranks what a plain filter over the lines does, also after files have grown', async () => {
    const cut = integer({ min: 0, max: 3_000 })
    const order = constantFrom('newest' as const, 'oldest' as const)
    const groups = array(constantFrom(...groupNames), { maxLength: 2 })
    await assert(
      asyncProperty(files, cut, filter, order, groups, async (texts, length, asked, from, by) => {
        const directory = await writeFiles(toNamed(texts.map((text) => text.slice(0, length))))
        const index = await openIndex(directory)
        await writeFiles(toNamed(texts), directory)
        await index.update()
        const lines = await listLines(index, asked, { order: from, limit: 7 })
        expect(lines).toStrictEqual(filterNaively(texts, asked, from))
        const counts = await index.count(asked, by)
        expect(new Map(counts.map((group) => [JSON.stringify(group.values), group.count]))).toStrictEqual(
          countNaively(texts, asked, by),
        )
        expect(await index.frequent(asked, 3)).toStrictEqual({
          caller: rankNaively(texts, asked, 'caller').slice(0, 3),
          address: rankNaively(texts, asked, 'address').slice(0, 3),
        })
        index.close()
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('is compared over lines that are records often enough', () => {
    let records = 0
    assert(
      property(array(line, { minLength: 30, maxLength: 30 }), (lines) => {
        records += filterNaively([lines.join('')], { kind: {} }, 'oldest').length
      }),
      { numRuns: 20 },
    )
    expect(records).toBeGreaterThan(300)
  })
})
