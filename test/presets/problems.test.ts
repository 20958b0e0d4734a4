import { describe, expect, test } from 'vitest'
import { problemsOf } from './support.ts'

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
    'presets.yaml:15:7 presets.other.overrides.audio.output.spede: is not a field of a realtime session; did you mean "audio.output.speed"?',
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
    ['has no preset', 'presets: {}', ['presets.yaml:1:10 presets: has no preset']],
    ['is a list', '- a', ['presets.yaml:1:1 takes an object']],
    [
      'is not closed',
      'presets: [1',
      ['presets.yaml:1:12 the indentation does not fit, or a bracket is not closed'],
    ],
    ['is indented with tabs', 'presets:\n\ta: 1', ['presets.yaml:2:1 tabs cannot indent; use spaces']],
    [
      'is two documents',
      'presets: {}\n---\npresets: {}',
      ['presets.yaml:2:1 this starts a second document; a presets file has one'],
    ],
    [
      'has tags',
      'presets: !secret x',
      ['presets.yaml:1:10 tags (!…) are not supported; put a text that begins with ! in quotes'],
    ],
    ['has keys that are not text', '? [a]\n: 1', ['presets.yaml:1:3 a key is not text']],
    [
      'is something else',
      'presets: "a" b',
      [
        `presets.yaml:1:14 a double quote within double quotes ends the text; write \\", or use single quotes`,
      ],
    ],
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
      [
        'presets.yaml:3:33 presets.b.session.instructions: aliases (*…) are not supported; write the value out, or put a text that begins with * in quotes',
      ],
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
        'presets.yaml:1:35 presets.a.session.speed: is not a number that JSON has',
        'presets.yaml:1:69 presets.a.session.max_response_output_tokens: is not a number that JSON has',
      ],
    ],
  ])('%s', (_, text, lines) => {
    expect(problemsOf(text).map((problem) => problem.text)).toEqual(lines)
  })
})
