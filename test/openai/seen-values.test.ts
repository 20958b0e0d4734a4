import { expect, it } from 'vitest'
import { SeenValues } from '../../src/openai/seen-values.ts'

it('a value is new once, for the next 10,000 values at least', () => {
  const seen = new SeenValues()
  const add = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => seen.add(`ek_${from + index}`)).filter(Boolean).length
  expect([add(1), add(1)]).toStrictEqual([1, 0])
  expect([add(9_999, 1), add(10_000)]).toStrictEqual([9_999, 0])
  expect([add(9_999, 10_000), add(1)]).toStrictEqual([9_999, 0])
  expect([add(1, 19_999), add(1)]).toStrictEqual([1, 1])
})
