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
  it.each([
    '',
    ',',
    '10/minute,',
    ',10/minute',
    '10/minute,,200/day',
    '10/minute;200/day',
    '0/minute',
    '-1/minute',
    '01/minute',
    '1.5/minute',
    '1e3/minute',
    '0x10/minute',
    '1_000/minute',
    '1000000000/day',
    '10',
    '10/',
    '/minute',
    '10 / minute',
    '10/minutes',
    '10/Minute',
    '10/60s',
    '10/month',
    '10/constructor',
    '10 per minute',
    'ten/minute',
    '10/minute x',
    'true',
    'unlimited',
  ])('is refused: %j', (text) => {
    expect(parseRules(text)).toBeUndefined()
  })
})
