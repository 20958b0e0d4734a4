import { expect, it } from 'vitest'
import { SeenValues } from '../../src/openai/seen-values.ts'

it('a value is new once, for the next 10,000 values at least', () => {
  const seen = new SeenValues()
  const add = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => seen.add(`ek_${from + index}`)).filter((one) => one === 'new')
      .length
  expect(add(10_000)).toBe(10_000)
  expect([seen.add('ek_0'), add(10_000)]).toStrictEqual(['repeated', 0])
  expect([add(9_999, 10_000), add(1)]).toStrictEqual([9_999, 0])
  expect([add(1, 19_999), add(1)]).toStrictEqual([1, 1])
})

it.each([
  ['one secret', 1],
  ['few secrets in turn', 7],
])('an upstream that has %s keeps working', (_what, count) => {
  const seen = new SeenValues()
  const answers = Array.from({ length: 30 }, (_, index) => seen.add(`ek_${index % count}`))
  expect(answers.filter((answer) => answer === 'repeated')).toStrictEqual([])
  expect(answers.filter((answer) => answer === 'new')).toHaveLength(count)
})

it('an upstream that mostly sends one secret keeps working', () => {
  const seen = new SeenValues()
  const answers = Array.from({ length: 120 }, (_, index) => seen.add(index % 4 === 0 ? `ek_${index}` : 'ek'))
  expect(answers.filter((answer) => answer === 'repeated')).toStrictEqual([])
})

it('an upstream that sends each secret twice is found after a few', () => {
  const seen = new SeenValues()
  const answers = Array.from({ length: 60 }, (_, index) => seen.add(`ek_${Math.floor(index / 2)}`))
  expect(answers.filter((answer) => answer === 'fixed')).toHaveLength(14)
  expect(answers.filter((answer) => answer === 'repeated')).toHaveLength(16)
})
