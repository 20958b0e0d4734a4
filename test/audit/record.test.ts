// What is written and printed: lines, anchors, and who is named how.
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RecordFields, toLines } from '../../src/audit/record.ts'
import { Secret } from '../../src/secret.ts'
import { startTestService } from '../support/service.ts'
import { openTestAudit, recordIssued } from './audits.ts'
import { attemptFields, fieldOrder, keys } from './fields.ts'
import { headOf, linesIn, readChains } from './writers.ts'

const place = { time: '2026-11-22T10:11:12.345Z', writer: 'b0a1', seq: 7, prev: 'c'.repeat(64) }

const toLine = (fields: RecordFields): string => toLines([fields], place, keys.chain).text

/** A line with `text` in every field that could have it. */
const toLineOf = (text: string): string =>
  toLine({
    ...attemptFields,
    model: text,
    preset: text,
    origin: text,
    overrides: [text, text],
    upstream: { status: 200, code: text, param: text, request_id: text, attempts: 1, ms: 2 },
    detail: { [`key ${text}`]: text },
  })

describe('a line', () => {
  it('is one JSON object of these fields, in this order', () => {
    const line = toLine(attemptFields)
    const mac = keys.chain.sign(line.slice(0, line.indexOf(',"mac":')))
    expect(line).toBe(
      '{"v":1,"time":"2026-11-22T10:11:12.345Z","writer":"b0a1","seq":7,"event":"attempt",' +
        '"request_id":"00000000-0000-4000-8000-000000000000","outcome":"refused","code":"rate_limited",' +
        '"reason":"limit_per_address","status":429,"delivered":true,"preset":null,"revision":null,"model":null,' +
        '"expires_after_seconds":null,"overrides":null,"origin":"other","caller":null,' +
        '"address":"0123456789abcdef0123456789abcdef","secret":null,"secret_expires_at":null,"upstream":null,' +
        '"ms":1,"count":null,"detail":null,"prev":"' +
        `${'c'.repeat(64)}","mac":"${mac}"}\n`,
    )
  })

  it('is printable ASCII with all fields, and has the same text when parsed, whatever the text', () => {
    const examples = [
      'a\n{"v":1}\nb',
      'a\r\nb',
      '\u0000\u001b[31m',
      'DEL \u007f, and C1 \u0085\u009b',
      'separators \u2028\u2029',
      'bidirectional overrides \u202e\u2066',
      '\ufeff',
      'Zürich 🏴‍☠️',
      'half a surrogate \ud800',
      '\udc00a',
      '"\\"\\\\u0041',
      '</script><!--',
      "$& $1 $' $`",
    ].map((text): [string] => [text])
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const line = toLineOf(text)
        expect(line).toMatch(/^[\x20-\x7e]+\n$/)
        const record = JSON.parse(line)
        expect(record).toMatchObject({ model: text, overrides: [text, text] })
        expect(record.detail).toStrictEqual({ [`key ${text}`]: text })
        expect(Object.keys(record)).toStrictEqual(fieldOrder)
      }),
      { examples },
    )
  })
})

describe('the records of a service', () => {
  it('have the same fields in the same order, whatever the event and the outcome', async () => {
    const service = await startTestService({
      presets: 'presets: { assistant: { session: { type: realtime, model: "gpt – Zürich\u2028" } } }',
    })
    service.sandbox.behave({ kind: 'status', status: 503 }, 1)
    await service.mint()
    await service.mint()
    await service.mint({ preset: 'nobody' })
    await service.mint({ preset: 'assistant' }, { origin: 'https://evil.example' })
    expect(await service.auditText()).toMatch(/^([\x20-\x7e]+\n)+$/)
    const records = await service.records()
    expect(records.length).toBeGreaterThan(4)
    for (const record of records) expect(Object.keys(record)).toStrictEqual(fieldOrder)
  })

  it.each([
    ['pseudonyms', 'pseudonym', keys.toPseudonym('address', '203.0.113.9')],
    ['plain text with AUDIT_IDENTITIES=plain', 'plain', '203.0.113.9'],
  ] as const)('name addresses by %s', async (_what, identities, address) => {
    const { audit, directory } = await openTestAudit({ identities })
    await recordIssued(audit, 'a')
    expect((await linesIn(directory)).at(-1)).toMatchObject({ address })
  })

  it('include events of the store and of the key', async () => {
    const { audit, directory } = await openTestAudit()
    await audit.recordStore('degraded', 'ECONNREFUSED')
    await audit.recordKey(new Secret('sk-a'))
    expect((await linesIn(directory)).slice(-2)).toMatchObject([
      { event: 'store', outcome: null, detail: { state: 'degraded', cause: 'ECONNREFUSED' } },
      { event: 'key', outcome: null, secret: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ])
  })
})

describe('an anchor', () => {
  it.each(['info', 'silent', 'fatal'] as const)(
    'is a log line, whatever the log level: %s',
    async (logLevel) => {
      const { audit, directory, logText } = await openTestAudit({ logLevel })
      await recordIssued(audit, 'a')
      await audit.close()
      const [file] = await readChains(directory)
      const line = /^.*audit anchor.*$/m.exec(logText())?.[0] ?? ''
      expect(JSON.parse(line)).toStrictEqual({
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        writer: file?.lines[0]?.writer,
        ...(file && headOf(file)),
        msg: 'audit anchor',
      })
      const inOrder = /^\{"level":.*"time":.*"writer":.*"file":.*"seq":.*"mac":.*"msg":"audit anchor"\}$/
      expect(line).toMatch(inOrder)
    },
  )
})
