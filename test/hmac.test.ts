import { createHmac, createSecretKey } from 'node:crypto'
import { array, assert, oneof, property, string, uint8Array } from 'fast-check'
import { expect, it } from 'vitest'
import { HmacKey } from '../src/hmac.ts'

const toExpected = (key: Uint8Array, data: string | Uint8Array): string =>
  createHmac('sha256', key).update(data).digest('hex')

const text = oneof(
  string({ unit: 'binary', maxLength: 200 }),
  string().map((part) => part.repeat(300)),
)
const data = oneof(text, uint8Array({ maxLength: 200 }))

it('signs as createHmac does, whatever it signed before', () => {
  assert(
    property(uint8Array({ minLength: 1, maxLength: 64 }), array(data, { minLength: 1 }), (key, list) => {
      const hmacKey = new HmacKey(createSecretKey(key))
      expect(list.map((one) => hmacKey.sign(one))).toEqual(list.map((one) => toExpected(key, one)))
    }),
  )
})

it('takes no key of more than a block', () => {
  expect(() => new HmacKey(createSecretKey(new Uint8Array(65)))).toThrow(RangeError)
})
