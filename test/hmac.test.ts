import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HmacKey } from '../src/hmac.ts'

const toExpected = (key: Uint8Array, data: string | Uint8Array): string =>
  createHmac('sha256', key).update(data).digest('hex')

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string().map((part) => part.repeat(300)),
)
const data = fc.oneof(text, fc.uint8Array({ maxLength: 200 }))

it('signs as createHmac does, whatever it signed before', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.array(data, { minLength: 1 }),
      (key, list) => {
        const hmacKey = new HmacKey(createSecretKey(key))
        expect(list.map((one) => hmacKey.sign(one))).toEqual(list.map((one) => toExpected(key, one)))
      },
    ),
  )
})

it('takes no key of more than a block', () => {
  expect(() => new HmacKey(createSecretKey(new Uint8Array(65)))).toThrow(RangeError)
})
