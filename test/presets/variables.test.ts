import { describe, expect, it } from 'vitest'
import { buildFlat, buildGa, presetOf, refusalOf, sent } from './support.ts'

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

const rendered = (hotel: string, guest = 'the guest'): string =>
  `You are at ${hotel}.\nGreet ${guest} of "${hotel}".`

describe('a request fills the placeholders', () => {
  it.each(['Ada', '', '$& $1 $`', '{{hotel}}', '"},"x":\\', 'Zoë 王 😀', '😀'.repeat(12)])(
    'with %j',
    (guest) => {
      const built = buildGa(preset, { variables: { hotel: 'Astoria', guest } })
      expect(sent(built)).toHaveProperty('session.instructions', rendered('Astoria', guest))
    },
  )

  it('with a default, and changes nothing else of the session', () => {
    const built = buildGa(preset, { variables: { hotel: 'Bristol' }, expires_after: { seconds: 20 } })
    expect(sent(built)).toEqual({
      expires_after: { anchor: 'created_at', seconds: 20 },
      session: { type: 'realtime', model: 'm', instructions: rendered('Bristol') },
    })
  })

  it('that are the whole text', () => {
    const only = presetOf({
      session: { instructions: '{{a}}{{a}}' },
      variables: { a: { max_length: 1 } },
    })
    expect(sent(buildGa(only, { variables: { a: '"' } }))).toHaveProperty('session.instructions', '""')
  })
})

const invalidGuest = 'variable_invalid variables.guest'

describe('variables are refused', () => {
  it.each<[what: string, variables: object, outcome: string]>([
    ['that are missing', {}, 'variable_missing variables.hotel'],
    ['that are not declared', { hotel: 'Astoria', room: '5' }, 'variable_undeclared variables'],
    ['that every object has', { hotel: 'Astoria', constructor: 'x' }, 'variable_undeclared variables'],
    ['that are not listed', { hotel: 'Ritz' }, 'variable_invalid variables.hotel'],
    ['that are too long', { hotel: 'Astoria', guest: 'a'.repeat(13) }, invalidGuest],
    ['that are too long in code points', { hotel: 'Astoria', guest: '😀'.repeat(13) }, invalidGuest],
    ['that are not text', { hotel: 5 }, 'field_invalid variables'],
    ...Object.entries({
      'a control': '\n\t\0\u0085',
      'a lone surrogate': '\uD83D',
      'a zero-width character': '\u200B\u200D\uFEFF\u2060',
      'a bidi control': '\u202E\u2066\u200F\u061C',
      'a line or paragraph separator': '\u2028\u2029',
      'another invisible character': '\u00AD\u{E0041}\uFE0F\u3164',
    }).flatMap(([what, characters]) =>
      Array.from(characters, (character): [string, object, string] => [
        `with ${what}: ${JSON.stringify(character)}`,
        { hotel: 'Astoria', guest: `A${character}da` },
        invalidGuest,
      ]),
    ),
  ])('%s', (_, variables, outcome) => {
    expect(refusalOf(() => buildGa(preset, { variables }))).toBe(outcome)
    expect(refusalOf(() => buildFlat(preset, { variables }))).toBe(outcome)
  })
})

describe('instructions are compared as rendered', () => {
  const variables = { hotel: 'Astoria' }
  it.each([
    [rendered('Astoria'), []],
    [rendered('Bristol'), ['instructions']],
    ['You are at {{hotel}}.', ['instructions']],
  ])('%j', (instructions, overrides) => {
    const built = buildGa(preset, { variables, session: { type: 'realtime', instructions } })
    expect(built.overrides).toEqual(overrides)
    expect(sent(built)).toHaveProperty('session.instructions', instructions)
  })

  it('and stay rendered when something else is changed', () => {
    const built = buildGa(preset, { variables, session: { model: 'n' } })
    expect(sent(built)).toMatchObject({ session: { model: 'n', instructions: rendered('Astoria') } })
  })
})

describe('instructions', () => {
  it.each<readonly [written: string, sent: string]>([
    ...['{{', '}}', '{ {a} }', '{{a\n}}', 'a }} b {{ c', '{ {guest} }'].map((text) => [text, text] as const),
    ['{{{{', '{{'],
    ['{{{{name}}', '{{name}}'],
    ['a {{{{ b {{guest}} c', 'a {{ b Ada c'],
    ['{{{{{{guest}}', '{{Ada'],
    ['{{{{{{{{', '{{{{'],
  ])('%j go upstream as %j', (instructions, text) => {
    const variables = { guest: { max_length: 9, default: 'Ada' } }
    const built = buildGa(presetOf({ session: { type: 'realtime', instructions }, variables }), {})
    expect(sent(built)).toHaveProperty('session.instructions', text)
  })
})
