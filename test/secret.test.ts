import { createHmac, createSecretKey } from 'node:crypto'
import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { HmacKey } from '../src/hmac.ts'
import { createLogger } from '../src/logger.ts'
import { Secret } from '../src/secret.ts'

const VALUE = 'ek_only_on_purpose'
const secret = new Secret(VALUE)

function logged(value: object): string {
  let text = ''
  createLogger('info', { write: (line) => (text += line) }).info(value, 'a line')
  return text
}

describe('a secret', () => {
  it('is revealed by reveal()', () => {
    expect(secret.reveal()).toBe(VALUE)
  })

  it.each<[by: string, text: string]>([
    ['String()', String(secret)],
    ['joining', [secret, 'x'].join(' ')],
    ['JSON', JSON.stringify({ secret })],
    ['JSON of a list', JSON.stringify([secret])],
    ['inspect', inspect(secret)],
    [
      'inspect with everything shown',
      inspect({ secret }, { showHidden: true, depth: Infinity, getters: true }),
    ],
    ['format %s', format('%s', secret)],
    ['format %o', format('%o', secret)],
    ['format %O', format('%O', secret)],
    ['format %j', format('%j', secret)],
    ['the message of an error', new Error(`no ${secret.toString()}`).message],
    ['the log', logged({ secret, nested: { list: [secret] } })],
  ])('reads [secret] by %s', (_, text) => {
    expect(text).toContain('[secret]')
    expect(text).not.toContain(VALUE)
  })

  it.each<[by: string, value: unknown]>([
    ['its keys', Object.keys(secret)],
    ['its values', Object.values(secret)],
    ['its own properties', Object.getOwnPropertyDescriptors(secret)],
    ['a copy', Object.assign({}, secret)],
    ['a structured clone', structuredClone(secret)],
    ['inspect without its own method', inspect(secret, { customInspect: false, showHidden: true })],
  ])('shows nothing by %s', (_, value) => {
    expect(inspect(value, { showHidden: true, depth: Infinity })).not.toContain(VALUE)
    expect(JSON.stringify(value) ?? '').not.toContain(VALUE)
  })
})

it('a fingerprint is the first 32 hex digits of an HMAC-SHA256', () => {
  const key = 'a key of the audit'
  const expected = createHmac('sha256', key).update(VALUE).digest('hex').slice(0, 32)
  expect(secret.fingerprint(new HmacKey(createSecretKey(Buffer.from(key))))).toBe(expected)
})
