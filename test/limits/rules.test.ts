import { describe, expect, it } from 'vitest'
import { type LimitRule, parseRules } from '../../src/limits/rules.ts'

const rule = (limit: number, windowMs: number): LimitRule => ({ limit, windowMs })

describe('the text of a limit', () => {
  it.each<[text: string, rules: readonly LimitRule[]]>([
    ['1/second', [rule(1, 1_000)]],
    ['60/minute', [rule(60, 60_000)]],
    ['1000/hour', [rule(1_000, 3_600_000)]],
    ['200/day', [rule(200, 86_400_000)]],
    ['10/minute,200/day', [rule(10, 60_000), rule(200, 86_400_000)]],
    [' 10/minute , 200/day ', [rule(10, 60_000), rule(200, 86_400_000)]],
    ['5/second,5/second', [rule(5, 1_000)]],
    ['10/minute,5/second,7/minute', [rule(5, 1_000), rule(7, 60_000)]],
    ['999999999/day', [rule(999_999_999, 86_400_000)]],
  ])('is accepted: %s', (text, rules) => {
    expect(parseRules(text)).toEqual(rules)
  })
})

describe('any other text', () => {
  const lists = ['', ',', '10/minute,', ',10/minute', '10/minute,,200/day', '10/minute;200/day']
  const numbers = ['0', '-1', '01', '1.5', '1e3', '0x10', '1_000', 'ten', ''].map((text) => `${text}/minute`)
  const windows = ['', 'minutes', 'Minute', '60s', 'month', 'constructor'].map((text) => `10/${text}`)
  const others = ['1000000000/day', '10', '10 / minute', '10 per minute', '10/minute x', 'true', 'unlimited']

  it.each([...lists, ...numbers, ...windows, ...others])('is refused: %j', (text) => {
    expect(parseRules(text)).toBeUndefined()
  })
})
