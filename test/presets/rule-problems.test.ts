import { describe, expect, test } from 'vitest'
import { faultsOf } from './support.ts'

const realtime = { type: 'realtime' }

describe('a rule is refused that', () => {
  test.each<[string, object, unknown, readonly string[]]>([
    [
      'misspells its path',
      realtime,
      { 'audio.ouput.voice': ['a'] },
      ['audio.ouput.voice: is not a field of a realtime session; did you mean "audio.output.voice"?'],
    ],
    [
      'is for another type of session',
      { type: 'transcription' },
      { 'audio.output.voice': ['a'] },
      ['audio.output.voice: is not a field of a transcription session'],
    ],
    [
      'names an object',
      realtime,
      { 'audio.output': ['a'] },
      ['audio.output: names an object; name a field inside it, such as audio.output.format'],
    ],
    [
      'opens the type',
      realtime,
      { type: ['realtime'] },
      ['type: cannot be opened: a preset mints one type of session'],
    ],
    [
      'goes into a list',
      realtime,
      { 'tools.0.name': ['f'] },
      ['tools.0.name: is not a field of a realtime session'],
    ],
    [
      'goes into made-up keys',
      realtime,
      { 'prompt.variables.city': ['f'] },
      ['prompt.variables.city: is not a field of a realtime session; did you mean "prompt.variables"?'],
    ],
    [
      'lists what the field does not take',
      realtime,
      { 'audio.output.speed': [1, 2, 'fast'] },
      [
        'audio.output.speed[1]: is not a value that this field accepts',
        'audio.output.speed[2]: is not a value that this field accepts',
      ],
    ],
    [
      'lists objects',
      realtime,
      { 'audio.output.voice': [{ id: 'voice_1' }] },
      ['audio.output.voice[0]: is an object; open the fields inside it by their own paths'],
    ],
    ['lists nothing', realtime, { model: [] }, ['model: takes a list of at least 1 item']],
    [
      'goes beyond the range',
      realtime,
      { 'audio.output.speed': { min: 0.1, max: 2 } },
      [
        'audio.output.speed.min: is not a value that this field accepts',
        'audio.output.speed.max: is not a value that this field accepts',
      ],
    ],
    [
      'is upside down',
      realtime,
      { 'audio.output.speed': { min: 1.2, max: 0.8 } },
      ['audio.output.speed: takes a min that is not above max'],
    ],
    [
      'is a range of no number',
      realtime,
      { model: { min: 1 } },
      ['model.min: is not a value that this field accepts'],
    ],
    [
      'is a length of no text',
      realtime,
      { 'audio.output.speed': { max_length: 5 } },
      ['audio.output.speed.max_length: does not go with this field: it takes no free text'],
    ],
    ['is empty', realtime, { model: {} }, ['model: takes an object with min and max, or with max_length']],
    [
      'mixes kinds',
      realtime,
      { model: { min: 1, max_length: 5 } },
      ['model: takes an object with min and max, or with max_length'],
    ],
    [
      'is true for no boolean',
      realtime,
      { model: true },
      ['model: is not a true-or-false field; list its values'],
    ],
    [
      'is false',
      realtime,
      { parallel_tool_calls: false },
      ['parallel_tool_calls: takes true, a list or an object'],
    ],
  ])('%s', (_, session, overrides, faults) => {
    expect(faultsOf({ session, overrides })).toEqual(faults.map((fault) => `overrides.${fault}`))
  })

  test('names what the flat endpoint does not have', () => {
    const overrides = {
      'reasoning.effort': ['low'],
      'audio.input.noise_reduction.strength': { min: 0 },
      'audio.output.voice': ['ash'],
      'audio.input.turn_detection.threshold': { max: 0.9 },
      'audio.input.format.type': ['audio/pcmu'],
    }
    expect(faultsOf({ session: {}, overrides }, { api: 'sessions' })).toEqual([
      'overrides.reasoning.effort: is not a field of the flat endpoint',
      'overrides.audio.input.noise_reduction.strength: is not a field of the flat endpoint',
    ])
  })
})

describe('variables are refused that', () => {
  const greet = { ...realtime, instructions: 'Greet {{guest}}.' }
  test.each<[string, object, object, readonly string[]]>([
    [
      'are not declared',
      greet,
      {},
      ['session.instructions: has the placeholder {{guest}}, which variables do not declare'],
    ],
    [
      'are misspelt',
      greet,
      { gest: { max_length: 9 } },
      [
        'session.instructions: has the placeholder {{guest}}, which variables do not declare; did you mean {{gest}}?',
      ],
    ],
    [
      'are no names',
      { ...realtime, instructions: '{{#if a}} {{}}' },
      {},
      [
        'session.instructions: has a placeholder, which variables do not declare',
        'session.instructions: has a placeholder, which variables do not declare',
      ],
    ],
    [
      'have no bound',
      greet,
      { guest: {} },
      ['variables.guest: takes an object with either enum or max_length'],
    ],
    [
      'have two bounds',
      greet,
      { guest: { max_length: 5, enum: ['a'] } },
      ['variables.guest: takes an object with either enum or max_length'],
    ],
    [
      'have an unknown bound',
      greet,
      { guest: { max_lenght: 5, enum: ['a'] } },
      ['variables.guest.max_lenght: is not a known field; did you mean "max_length"?'],
    ],
    [
      'have a default that is too long',
      greet,
      { guest: { max_length: 2, default: 'Ada' } },
      ['variables.guest.default: is not a value that this variable accepts'],
    ],
    [
      'have a default outside their values',
      greet,
      { guest: { enum: ['Ada'], default: 'Bob' } },
      ['variables.guest.default: is not a value that this variable accepts'],
    ],
    [
      'have invisible values',
      greet,
      { guest: { enum: ['Ada', 'A\u200Bda'] } },
      ['variables.guest.enum[1]: has a control, bidi or zero-width character'],
    ],
    [
      'start with a digit',
      realtime,
      { '1st': { max_length: 2 } },
      ['variables.1st: is not a name of letters, digits and _, which does not start with a digit'],
    ],
  ])('%s', (_, session, variables, faults) => {
    expect(faultsOf({ session, variables })).toEqual(faults)
  })
})
