import { describe, expect, test } from 'vitest'
import { faultsOf, problemsOf } from './support.ts'

const realtime = { type: 'realtime' }

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
    [
      { ...realtime, audio: { input: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } } },
      'session.audio.input.turn_detection.threshold: is not a known field; it goes with another type',
    ],
    [{ type: 'transcription', model: 'x' }, 'session.model: is not a known field'],
    [{ type: 'transcription', voice: 'ash' }, 'session.voice: is not a known field'],
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
    [{ session: realtime, description: 5 }, ['description: takes text; put it in quotes']],
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
      [
        'session.client_secret: gives expires_after and its older name expires_at, and they differ; leave one out',
      ],
    ],
    [
      { session: { tool_choice: 'look_up' } },
      ["session.tool_choice: takes auto, none, required or the name of one of the session's own functions"],
    ],
    [
      { session: { quite: 'new', tool_choice: 'look_up' } },
      [
        'session.quite: is not a known field',
        "session.tool_choice: takes auto, none, required or the name of one of the session's own functions",
      ],
    ],
    [
      { session: { tools: [{ type: 'function', name: 5 }], tool_choice: 'look_up' } },
      ['session.tools[0].name: takes text; put it in quotes'],
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
        (index) => `access.origins[${index}]: is not an origin; write one such as https://app.example.com`,
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
