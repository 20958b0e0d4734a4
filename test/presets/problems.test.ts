import { describe, expect, test } from 'vitest'
import { fileOf, problemsOf } from './support.ts'

/** `path: message` of everything wrong with a single entry, its path without the `presets.only.` before it. */
function faultsOf(entry: object, options: Parameters<typeof problemsOf>[1] = {}): readonly string[] {
  return problemsOf(fileOf(entry), options).map(
    ({ path, message }) => `${path.replace(/^presets\.only\.?/, '')}: ${message}`,
  )
}

const realtime = { type: 'realtime' }

test('all problems of a file are told at once, each with its place and path', () => {
  const text = `presets:
  Concierge:
    session: { type: realtime }
  classic:
    session:
      model: gpt-realtime-2.1
      voise: ash
      speed: 3
    limits: { per_caller: 5 per minute }
  other:
    session:
      type: realtime
      audio: { output: { voice: [marin] } }
    overrides:
      audio.output.spede: { min: 1 }
    variables:
      guest: {}
prests: {}
`
  expect(problemsOf(text).map((problem) => problem.text)).toEqual([
    'presets.yaml:2:3 presets.Concierge: is not a name of 1 to 64 of a-z, 0-9, _ and -, which starts with neither _ nor -',
    'presets.yaml:7:7 presets.classic.session.voise: is not a known field; did you mean "voice"?',
    'presets.yaml:8:14 presets.classic.session.speed: takes a number of at most 1.5',
    'presets.yaml:9:27 presets.classic.limits.per_caller: takes limits such as 5/minute or 10/minute,200/day',
    'presets.yaml:13:33 presets.other.session.audio.output.voice: takes text or an object',
    'presets.yaml:15:7 presets.other.overrides.audio.output.spede: is no field of a realtime session; did you mean "audio.output.speed"?',
    'presets.yaml:17:14 presets.other.variables.guest: takes an object with either enum or max_length',
    'presets.yaml:18:1 prests: is not a known field; did you mean "presets"?',
  ])
})

test('a problem has its parts beside its text', () => {
  expect(problemsOf('presets:\n  a: { session: { type: live } }')).toEqual([
    {
      path: 'presets.a.session.type',
      line: 2,
      column: 25,
      message: 'takes realtime, transcription or translation',
      text: 'presets.yaml:2:25 presets.a.session.type: takes realtime, transcription or translation',
    },
  ])
})

describe('a text is refused that', () => {
  test.each([
    ['is empty', '', ['presets.yaml:1:1 is empty']],
    ['is a comment', '# later', ['presets.yaml:1:1 is empty']],
    ['has no presets', '{}', ['presets.yaml:1:1 presets: is missing; it takes an object']],
    ['names no preset', 'presets: {}', ['presets.yaml:1:10 presets: names no preset']],
    ['is a list', '- a', ['presets.yaml:1:1 takes an object']],
    [
      'is not closed',
      'presets: [1',
      ['presets.yaml:1:12 the indentation does not fit, or a bracket is not closed'],
    ],
    ['is indented with tabs', 'presets:\n\ta: 1', ['presets.yaml:2:1 a tab is no indentation; use spaces']],
    [
      'is two documents',
      'presets: {}\n---\npresets: {}',
      ['presets.yaml:2:1 there is a second document; a presets file holds one'],
    ],
    ['has tags', 'presets: !secret x', ['presets.yaml:1:10 tags (!…) are not taken']],
    ['has keys that are not text', '? [a]\n: 1', ['presets.yaml:1:3 a key is not text']],
    ['is something else', 'presets: "a" b', ['presets.yaml:1:14 this is neither YAML nor JSON']],
    [
      'has a key twice',
      'presets:\n  a: { session: { type: realtime } }\n  a: { session: {} }',
      ['presets.yaml:3:3 presets.a: is there twice'],
    ],
    [
      'has a key twice, as JSON',
      '{"presets": {"a": {"session": {"voice": "a", "voice": "b"}}}}',
      ['presets.yaml:1:46 presets.a.session.voice: is there twice'],
    ],
    [
      'has aliases',
      'presets:\n  a: { session: { type: realtime, instructions: &i hello } }\n  b: { session: { instructions: *i } }',
      ['presets.yaml:3:33 presets.b.session.instructions: aliases (*…) are not taken; write the value out'],
    ],
    [
      'has a __proto__ key',
      'presets:\n  a: { session: { type: realtime, __proto__: { voice: b } } }',
      ['presets.yaml:2:35 presets.a.session.__proto__: is never allowed as a key'],
    ],
    [
      'has a merge key',
      'presets:\n  a: { session: { type: realtime, <<: { model: b } } }',
      ['presets.yaml:2:35 presets.a.session["<<"]: is not a known field'],
    ],
    [
      'has numbers that JSON has not',
      'presets: { a: { session: { speed: .nan, max_response_output_tokens: .inf } } }',
      [
        'presets.yaml:1:35 presets.a.session.speed: takes a number',
        'presets.yaml:1:69 presets.a.session.max_response_output_tokens: takes a number or inf',
      ],
    ],
  ])('%s', (_, text, lines) => {
    expect(problemsOf(text).map((problem) => problem.text)).toEqual(lines)
  })
})

describe('an unknown field of a session is told where it went', () => {
  test.each([
    [
      { ...realtime, voice: 'marin' },
      'session.voice: is not a known field; in a GA session this is "audio.output.voice"',
    ],
    [
      { ...realtime, turn_detection: null },
      'session.turn_detection: is not a known field; in a GA session this is "audio.input.turn_detection"',
    ],
    [
      { ...realtime, temperature: 0.8 },
      'session.temperature: is not a known field; the GA API has no equivalent, so leave it out',
    ],
    [
      { ...realtime, client_secret: {} },
      'session.client_secret: is not a known field; beside session, write expires_after_seconds',
    ],
    [
      { ...realtime, instuctions: 'x' },
      'session.instuctions: is not a known field; did you mean "instructions"?',
    ],
    [
      { ...realtime, audio: { inptu: {} } },
      'session.audio.inptu: is not a known field; did you mean "input"?',
    ],
    [{ ...realtime, quite: 'new' }, 'session.quite: is not a known field'],
    [{ ...realtime, constructor: 1 }, 'session.constructor: is not a known field'],
    [
      { ...realtime, tools: [{ type: 'function', name: 'f', descripton: 'x' }] },
      'session.tools[0].descripton: is not a known field; did you mean "description"?',
    ],
    [
      { max_output_tokens: 5 },
      'session.max_output_tokens: is not a known field; in a flat session this is "max_response_output_tokens"',
    ],
    [
      { audio: {} },
      'session.audio: is not a known field; a session with GA fields needs a type, such as "type: realtime"',
    ],
    [{ vocie: 'ash' }, 'session.vocie: is not a known field; did you mean "voice"?'],
    [
      { turn_detection: { treshold: 1 } },
      'session.turn_detection.treshold: is not a known field; did you mean "threshold"?',
    ],
  ])('%j', (session, fault) => {
    expect(faultsOf({ session })).toEqual([fault])
  })
})

describe('an entry is refused with', () => {
  test.each<[object, readonly string[]]>([
    [{}, ['session: is missing; it takes an object']],
    [{ session: null }, ['session: takes an object']],
    [{ session: realtime, sesion: 1 }, ['sesion: is not a known field; did you mean "session"?']],
    [{ session: realtime, description: 5 }, ['description: takes text']],
    [
      { session: realtime, expires_after_seconds: 9 },
      ['expires_after_seconds: takes a number of at least 10'],
    ],
    [
      { session: realtime, expires_after_seconds: 7201 },
      ['expires_after_seconds: takes a number of at most 7200'],
    ],
    [{ session: realtime, expires_after_seconds: 60.5 }, ['expires_after_seconds: takes a whole number']],
    [
      { session: { client_secret: { expires_after: { seconds: 30 } } }, expires_after_seconds: 60 },
      ["expires_after_seconds: differs from the session's client_secret.expires_after.seconds"],
    ],
    [
      { session: { client_secret: { expires_after: { seconds: 30 }, expires_at: { seconds: 60 } } } },
      ['session.client_secret: gives expires_after and its older name expires_at, and they differ'],
    ],
    [
      { session: { tool_choice: 'look_up' } },
      ["session.tool_choice: takes auto, none, required or the name of one of the session's own functions"],
    ],
    [
      { session: { input_audio_transcription: { model: 'gpt-realtime-whisper' }, turn_detection: {} } },
      ['session.turn_detection: takes only null with this transcription model'],
    ],
    [
      { session: realtime, limits: { total: '0/day' } },
      ['limits.total: takes limits such as 5/minute or 10/minute,200/day'],
    ],
    [
      { session: realtime, limits: { total: '5/week' } },
      ['limits.total: takes limits such as 5/minute or 10/minute,200/day'],
    ],
    [
      { session: realtime, limits: { per_calller: '5/day' } },
      ['limits.per_calller: is not a known field; did you mean "per_caller"?'],
    ],
    [{ session: realtime, access: { origins: [] } }, ['access.origins: takes a list of at least 1 item']],
    [
      { session: realtime, access: { origins: ['https://app.example.com/'] } },
      ['access.origins[0]: is not an origin as browsers send it; write https://app.example.com'],
    ],
    [
      { session: realtime, access: { origins: ['https://app.example.com', 'https://evil.example'] } },
      ['access.origins[1]: is not in ALLOWED_ORIGINS, which a preset can only narrow'],
    ],
    [
      { session: realtime, access: { origins: ['app.example.com', '*', 'null', 'data:x'] } },
      [0, 1, 2, 3].map(
        (index) => `access.origins[${index}]: is no origin; write one such as https://app.example.com`,
      ),
    ],
    [{ session: realtime, access: { claims: { plan: 'pro' } } }, ['access.claims.plan: takes a list']],
    [
      { session: realtime, access: { claims: { plan: [] } } },
      ['access.claims.plan: takes a list of at least 1 item'],
    ],
    [
      { session: realtime, access: { claims: { plan: [null] } } },
      ['access.claims.plan[0]: takes text, a number or true or false'],
    ],
  ])('%j', (entry, faults) => {
    expect(faultsOf(entry)).toEqual(faults)
  })

  test('a session of the shape that its upstream does not take', () => {
    expect(faultsOf({ session: realtime }, { api: 'sessions' })).toEqual([
      'session.type: makes this a GA session, which OPENAI_REALTIME_API=sessions cannot send; write it in the flat shape',
    ])
  })

  test('nothing where an object belongs', () => {
    expect(problemsOf('presets: { a: 5 }').map(({ text }) => text)).toEqual([
      'presets.yaml:1:15 presets.a: takes an object',
    ])
  })
})

describe('a rule is refused that', () => {
  test.each<[string, object, unknown, readonly string[]]>([
    [
      'misspells its path',
      realtime,
      { 'audio.ouput.voice': ['a'] },
      ['audio.ouput.voice: is no field of a realtime session; did you mean "audio.output.voice"?'],
    ],
    [
      'is for another type of session',
      { type: 'transcription' },
      { 'audio.output.voice': ['a'] },
      ['audio.output.voice: is no field of a transcription session'],
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
      ['tools.0.name: is no field of a realtime session'],
    ],
    [
      'goes into made-up keys',
      realtime,
      { 'prompt.variables.city': ['f'] },
      ['prompt.variables.city: is no field of a realtime session; did you mean "prompt.variables"?'],
    ],
    [
      'lists what the field does not take',
      realtime,
      { 'audio.output.speed': [1, 2, 'fast'] },
      [
        'audio.output.speed[1]: is not a value that this field takes',
        'audio.output.speed[2]: is not a value that this field takes',
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
        'audio.output.speed.min: is not a value that this field takes',
        'audio.output.speed.max: is not a value that this field takes',
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
      ['model.min: is not a value that this field takes'],
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
      ['model: is no true-or-false field; list its values'],
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
      'overrides.reasoning.effort: is no field of the flat endpoint',
      'overrides.audio.input.noise_reduction.strength: is no field of the flat endpoint',
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
      ['session.instructions: has the hole {{guest}}, which variables do not declare'],
    ],
    [
      'are misspelt',
      greet,
      { gest: { max_length: 9 } },
      [
        'session.instructions: has the hole {{guest}}, which variables do not declare; did you mean {{gest}}?',
      ],
    ],
    [
      'are no names',
      { ...realtime, instructions: '{{#if a}} {{}}' },
      {},
      [
        'session.instructions: has a hole, which variables do not declare',
        'session.instructions: has a hole, which variables do not declare',
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
      ['variables.guest.default: is not a value that this variable takes'],
    ],
    [
      'have a default outside their values',
      greet,
      { guest: { enum: ['Ada'], default: 'Bob' } },
      ['variables.guest.default: is not a value that this variable takes'],
    ],
    [
      'have invisible values',
      greet,
      { guest: { enum: ['Ada', 'A\u200Bda'] } },
      ['variables.guest.enum[1]: holds a control, bidi or zero-width character'],
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
