import { assert, constantFrom, dictionary, jsonValue, pre, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { MAX_BODY_BYTES, parseJsonBody } from '../../src/http/json-body.ts'
import { CANARY } from '../support/replies.ts'

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text))

function errorOf(bytes: Uint8Array): ServiceError {
  try {
    parseJsonBody(bytes)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('a JSON object is accepted', () => {
  it.each<[what: string, text: string, body: object]>([
    ['in an empty body', '', {}],
    ['that is empty', '{}', {}],
    ['with blanks around it', ' \t\r\n{"a" : 1 }\n', { a: 1 }],
    ['with escapes', '{"\\u0061":"\\u00e9\\n\\"\\\\"}', { a: 'é\n"\\' }],
    ['in UTF-8', '{"é":"😀"}', { é: '😀' }],
    ['with half a character, escaped', '{"a":"\\ud800"}', { a: '\ud800' }],
    ['with an empty key', '{"":{"":1}}', { '': { '': 1 } }],
    [
      'with colons, braces and quotes in strings',
      '{"a:b":"{\\"c\\":1,\\"c\\":2}"}',
      { 'a:b': '{"c":1,"c":2}' },
    ],
    ['with a backslash before a quote', '{"a\\\\":"b\\\\","c":":"}', { 'a\\': 'b\\', c: ':' }],
    ['with one key in several objects', '{"a":{"a":[{"a":1},{"a":2}]}}', { a: { a: [{ a: 1 }, { a: 2 }] } }],
    [
      'with names of members of every object',
      '{"constructor":1,"toString":2}',
      { constructor: 1, toString: 2 },
    ],
    ['with keys that differ in case', '{"a":1,"A":2}', { a: 1, A: 2 }],
    ['with keys that only look alike', '{"e\\u0301":1,"\\u00e9":2}', { 'e\u0301': 1, é: 2 }],
    ['with nulls and lists', '{"a":[null,[],{}]}', { a: [null, [], {}] }],
  ])('%s', (_, text, body) => {
    expect(parse(text)).toStrictEqual(body)
  })

  it('nested as deep as 16 KiB allow', () => {
    const lists = (MAX_BODY_BYTES - '{"a":}'.length) / 2
    const text = `{"a":${'['.repeat(lists)}${']'.repeat(lists)}}`
    expect(Buffer.byteLength(text)).toBe(MAX_BODY_BYTES)
    expect(parse(text)).toHaveProperty('a')
  })

  it('with any keys and values', () => {
    const objects = dictionary(string({ unit: 'binary' }), jsonValue({ stringUnit: 'binary' }))
    const allowed = objects.filter((object) => !JSON.stringify(object).includes('__proto__'))
    assert(
      property(allowed, (object) => {
        const text = JSON.stringify(object)
        expect(parse(text)).toStrictEqual(JSON.parse(text))
      }),
      { seed: 1 },
    )
  })
})

describe('any other body is refused', () => {
  it.each<[what: string, reason: string, text: string]>([
    ['a list', 'body_not_object', '[{"preset":"a"}]'],
    ['null', 'body_not_object', 'null'],
    ['text', 'body_not_object', '"{}"'],
    ['a number', 'body_not_object', '1'],
    ['true', 'body_not_object', 'true'],
    ['only blanks', 'body_not_json', ' '],
    ['half an object', 'body_not_json', '{"a":1'],
    ['two objects', 'body_not_json', '{}{}'],
    ['an object and a NUL', 'body_not_json', '{}\0'],
    ['a trailing comma', 'body_not_json', '{"a":1,}'],
    ['single quotes', 'body_not_json', "{'a':1}"],
    ['a comment', 'body_not_json', '{}//'],
    ['NaN', 'body_not_json', '{"a":NaN}'],
    ['a raw line break in a string', 'body_not_json', '{"a":"\n"}'],
    ['a byte order mark', 'body_not_json', '\ufeff{}'],
    ['a form', 'body_not_json', 'preset=a'],
    ['a key twice', 'body_duplicate_key', '{"a":1,"a":1}'],
    ['a key twice, once escaped', 'body_duplicate_key', '{"preset":"a","\\u0070reset":"b"}'],
    ['a key twice, twice escaped', 'body_duplicate_key', '{"\\u0061":1,"\\u0061":2}'],
    ['a key twice further in', 'body_duplicate_key', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ['an empty key twice', 'body_duplicate_key', '{"":1,"":2}'],
    ['a key twice, whose first value is an object', 'body_duplicate_key', '{"a":{"b":1},"a":2}'],
    ['a key twice beside a colon in a string', 'body_duplicate_key', '{"a":":","a":":"}'],
    ['__proto__', 'body_forbidden_key', '{"__proto__":{}}'],
    ['__proto__, escaped', 'body_forbidden_key', '{"\\u005f_proto__":1}'],
    ['__proto__ further in', 'body_forbidden_key', '{"a":[[{"__proto__":null}]]}'],
  ])('%s: %s', (_, reason, text) => {
    expect(errorOf(Buffer.from(text)).reason).toBe(reason)
  })

  it.each<[what: string, bytes: readonly number[]]>([
    ['a byte that UTF-8 never has', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ['a lone continuation byte', [0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['an overlong slash', [0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]],
    ['half a character at the end of a string', [0x7b, 0x22, 0xc3, 0x22, 0x3a, 0x31, 0x7d]],
    ['a surrogate in UTF-8', [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
    ['UTF-16 without a mark', [0x7b, 0, 0x7d, 0]],
  ])('%s', (_, bytes) => {
    expect(errorOf(Uint8Array.from(bytes)).reason).toBe('body_not_json')
  })

  it('a repeated key at any depth', () => {
    const keys = string({ unit: 'binary' }).filter((key) => key !== '__proto__')
    const places = constantFrom(
      (inner: string) => inner,
      (inner: string) => `{"x":${inner}}`,
      (inner: string) => `{"x":[1,${inner}]}`,
    )
    assert(
      property(keys, jsonValue(), places, (key, value, place) => {
        pre(!JSON.stringify(value).includes('__proto__'))
        const member = `${JSON.stringify(key)}:${JSON.stringify(value)}`
        expect(errorOf(Buffer.from(place(`{${member},"y z":0,${member}}`))).reason).toBe('body_duplicate_key')
      }),
      { seed: 1 },
    )
  })

  it.each([`{"${CANARY}`, `[]${CANARY}`, `["${CANARY}"]`, `{"${CANARY}":1,"${CANARY}":2}`])(
    'without a trace of %s in the error',
    (text) => {
      const error = errorOf(Buffer.from(text))
      expect(error.cause).toBeUndefined()
      expect(`${error.message}${error.stack}${JSON.stringify(error)}${error.toEnvelope('id')}`).not.toContain(
        CANARY,
      )
    },
  )
})
