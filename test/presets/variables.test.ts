import { describe, expect, test } from 'vitest'
import { valueAt } from '../../src/presets/json.ts'
import { orderFlat, orderGa, presetOf, refusalOf, sent } from './support.ts'

const preset = presetOf({
  session: {
    type: 'realtime',
    instructions: 'You are at {{hotel}}.\nGreet {{ guest }} of "{{hotel}}".',
    model: 'm',
  },
  variables: {
    hotel: { enum: ['Astoria', 'Bristol'] },
    guest: { max_length: 12, default: 'the guest' },
  },
  overrides: { model: ['n'], instructions: { max_length: 100 } },
})

function instructionsFor(variables: object): unknown {
  return valueAt(sent(orderGa(preset, { variables })), ['session', 'instructions'])
}

describe('variables fill the holes', () => {
  test.each([
    [{ hotel: 'Bristol' }, 'You are at Bristol.\nGreet the guest of "Bristol".'],
    [{ hotel: 'Astoria', guest: 'Ada' }, 'You are at Astoria.\nGreet Ada of "Astoria".'],
    [{ hotel: 'Astoria', guest: '' }, 'You are at Astoria.\nGreet  of "Astoria".'],
    [{ hotel: 'Astoria', guest: '$& $1 $`' }, 'You are at Astoria.\nGreet $& $1 $` of "Astoria".'],
    [{ hotel: 'Astoria', guest: '{{hotel}}' }, 'You are at Astoria.\nGreet {{hotel}} of "Astoria".'],
    [{ hotel: 'Astoria', guest: '"},"x":\\' }, 'You are at Astoria.\nGreet "},"x":\\ of "Astoria".'],
    [{ hotel: 'Astoria', guest: 'Zoë 王 😀' }, 'You are at Astoria.\nGreet Zoë 王 😀 of "Astoria".'],
    [
      { hotel: 'Astoria', guest: '😀'.repeat(12) },
      `You are at Astoria.\nGreet ${'😀'.repeat(12)} of "Astoria".`,
    ],
  ])('%j', (variables, instructions) => {
    expect(instructionsFor(variables)).toBe(instructions)
  })

  test('and nothing else of the session changes', () => {
    expect(
      sent(orderGa(preset, { variables: { hotel: 'Bristol' }, expires_after: { seconds: 20 } })),
    ).toEqual({
      expires_after: { anchor: 'created_at', seconds: 20 },
      session: {
        type: 'realtime',
        model: 'm',
        instructions: 'You are at Bristol.\nGreet the guest of "Bristol".',
      },
    })
  })
})

describe('variables are refused', () => {
  test.each<[string, object, string]>([
    ['that are missing', {}, 'variable_missing variables.hotel'],
    ['that are not declared', { hotel: 'Astoria', room: '5' }, 'variable_undeclared variables'],
    ['that objects have anyway', { hotel: 'Astoria', constructor: 'x' }, 'variable_undeclared variables'],
    ['that are not listed', { hotel: 'Ritz' }, 'variable_invalid variables.hotel'],
    ['that are too long', { hotel: 'Astoria', guest: 'a'.repeat(13) }, 'variable_invalid variables.guest'],
    [
      'that are too long in code points',
      { hotel: 'Astoria', guest: '😀'.repeat(13) },
      'variable_invalid variables.guest',
    ],
    ['that are no text', { hotel: 5 }, 'field_invalid variables'],
    ...[
      ['a line break', '\n'],
      ['a tab', '\t'],
      ['a null', '\0'],
      ['a C1 control', '\u0085'],
      ['a lone surrogate', '\uD83D'],
      ['a zero-width space', '\u200B'],
      ['a zero-width joiner', '\u200D'],
      ['a byte order mark', '\uFEFF'],
      ['a word joiner', '\u2060'],
      ['a bidi override', '\u202E'],
      ['a bidi isolate', '\u2066'],
      ['a right-to-left mark', '\u200F'],
      ['an Arabic letter mark', '\u061C'],
      ['a soft hyphen', '\u00AD'],
      ['a line separator', '\u2028'],
      ['a paragraph separator', '\u2029'],
      ['a tag character', '\u{E0041}'],
      ['a variation selector', '\uFE0F'],
      ['a Hangul filler', '\u3164'],
    ].map(([what = '', character = '']): [string, object, string] => [
      `that hold ${what}`,
      { hotel: 'Astoria', guest: `A${character}da` },
      'variable_invalid variables.guest',
    ]),
  ])('%s', (_, variables, outcome) => {
    expect(refusalOf(() => orderGa(preset, { variables }))).toBe(outcome)
    expect(refusalOf(() => orderFlat(preset, { variables }))).toBe(outcome)
  })

  test('by a preset that has none', () => {
    const plain = presetOf({ session: { type: 'realtime' } })
    expect(refusalOf(() => orderGa(plain, { variables: { a: 'b' } }))).toBe('variable_undeclared variables')
  })
})

describe('instructions are compared as rendered', () => {
  const variables = { hotel: 'Astoria' }
  test.each([
    ['You are at Astoria.\nGreet the guest of "Astoria".', []],
    ['You are at Bristol.\nGreet the guest of "Bristol".', ['instructions']],
    ['You are at {{hotel}}.', ['instructions']],
  ])('%j', (instructions, overrides) => {
    const order = orderGa(preset, { variables, session: { type: 'realtime', instructions } })
    expect(order.overrides).toEqual(overrides)
    expect(sent(order)).toHaveProperty('session.instructions', instructions)
  })

  test('and stay rendered when something else is changed', () => {
    expect(sent(orderGa(preset, { variables, session: { model: 'n' } }))).toMatchObject({
      session: { model: 'n', instructions: 'You are at Astoria.\nGreet the guest of "Astoria".' },
    })
  })
})

test.each(['{{', '}}', '{ {a} }', '{{a\n}}', 'a }} b {{ c'])('%j is no hole', (instructions) => {
  const plain = presetOf({ session: { type: 'realtime', instructions } })
  expect(sent(orderGa(plain, {}))).toHaveProperty('session.instructions', instructions)
})

test('a hole may be all that the instructions are', () => {
  const only = presetOf({
    session: { instructions: '{{a}}{{a}}' },
    variables: { a: { max_length: 1 } },
  })
  expect(sent(orderGa(only, { variables: { a: '"' } }))).toHaveProperty('session.instructions', '""')
})
