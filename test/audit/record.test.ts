import { createHmac } from 'node:crypto'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RecordFields, type RecordPlace, toLine as toSealedLine } from '../../src/audit/record.ts'
import { startTestService } from '../support/service.ts'
import { attemptFields, fieldOrder, keys } from './fields.ts'

const place: RecordPlace = {
  time: '2026-11-22T10:11:12.345Z',
  writer: 'b0a1',
  seq: 7,
  prev: 'c'.repeat(64),
}

const toLine = (fields: RecordFields, at = place): string => toSealedLine(fields, at, keys.chain).line

const everyString = (text: string): RecordFields => ({
  ...attemptFields,
  model: text,
  preset: text,
  origin: text,
  overrides: [text, text],
  upstream: { status: 200, code: text, param: text, request_id: text, attempts: 1, ms: 2 },
  detail: { [`key ${text}`]: text },
})

const hostile = [
  ['a line feed', 'a\n{"v":1}\nb'],
  ['a carriage return', 'a\r\nb'],
  ['NUL and ESC', '\u0000\u001b[31m'],
  ['DEL', '\u007f'],
  ['C1 controls', '\u0085\u009b'],
  ['line and paragraph separators', '\u2028\u2029'],
  ['bidirectional overrides', '\u202e\u2066'],
  ['a byte order mark', '\ufeff'],
  ['umlauts', 'Zürich'],
  ['characters beyond the first plane', '🏴‍☠️'],
  ['a lone surrogate', '\ud800'],
  ['the other half of one', '\udc00a'],
  ['quotes and backslashes', '"\\"\\\\u0041'],
  ['markup', '</script><!--'],
  ['a replacement pattern', "$& $1 $' $`"],
] as const

describe('a line', () => {
  it('is one JSON object of these fields, in this order', () => {
    const line = toLine(attemptFields)
    const mac = createHmac('sha256', keys.chain)
      .update(line.slice(0, line.indexOf(',"mac":')))
      .digest('hex')
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

  it.each(hostile)('with %s is printable ASCII, and has the same text when parsed', (_name, text) => {
    const line = toLine(everyString(text))
    expect(line).toMatch(/^[\x20-\x7e]+\n$/)
    expect(JSON.parse(line)).toMatchObject({
      model: text,
      overrides: [text, text],
      detail: { [`key ${text}`]: text },
    })
    expect(Object.keys(JSON.parse(line))).toStrictEqual([...fieldOrder])
  })

  it('is printable ASCII, whatever the text', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const line = toLine(everyString(text))
        expect(line).toMatch(/^[\x20-\x7e]+\n$/)
        expect(JSON.parse(line).model).toBe(text)
      }),
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
    const text = await service.auditText()
    expect(text).toMatch(/^([\x20-\x7e]+\n)+$/)
    const records = await service.records()
    expect(records.length).toBeGreaterThan(4)
    for (const record of records) expect(Object.keys(record)).toStrictEqual([...fieldOrder])
  })
})
