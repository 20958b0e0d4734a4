import { describe, expect, test } from 'vitest'
import type { ParseOptions } from '../../src/presets/catalog.ts'
import { catalogOf, faultsOf, fileOf, refusalsOf, warningsOf } from './support.ts'

const realtime = { type: 'realtime', model: 'gpt-realtime-2.1' }
const voices = 'alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar'
const large = 'gpt-realtime-2.1'
const small = 'gpt-realtime-2.1-mini'
const transcribe = 'gpt-live-transcribe (or gpt-transcribe)'

function at(date: string, isOpenAi = true): Partial<ParseOptions> {
  return { unixNow: () => Date.parse(date), isOpenAi }
}

function transcribing(model: string): object {
  return { type: 'transcription', audio: { input: { transcription: { model } } } }
}

function speaking(voice: unknown): object {
  return { ...realtime, audio: { output: { voice } } }
}

function messagesOf(session: object, options: Partial<ParseOptions> = {}): readonly string[] {
  return catalogOf(fileOf({ session }), options).warnings.map((warning) => warning.message)
}

describe('a warning names', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'a temperature',
      { session: { temperature: 0.8 } },
      ['session.temperature: has no equivalent in the GA API and is left out'],
    ],
    [
      'a key of the other turn detection',
      { session: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } },
      ['session.turn_detection.threshold: has no effect with semantic_vad and is left out'],
    ],
    [
      'a variable that the instructions do not use',
      { session: { type: 'transcription' }, variables: { guest: { max_length: 5 } } },
      ['variables.guest: is not used in the instructions'],
    ],
    [
      'braces without an end',
      { session: { ...realtime, instructions: 'a {{ b' } },
      [
        'session.instructions: has {{ without a name and }}; write {{{{ for two braces, or {{name}} for a variable',
      ],
    ],
    [
      'names in a rule',
      { session: realtime, overrides: { model: [large, 'gpt-realtime'], 'audio.output.voice': ['marinn'] } },
      [
        `overrides.model[1]: OpenAI shuts down gpt-realtime on 2027-01-20; use ${large}`,
        'overrides.audio.output.voice[0]: is not a known voice; did you mean marin?',
      ],
    ],
    [
      'reasoning of a model that does not reason',
      { session: { type: 'realtime', model: 'gpt-realtime-1.5', reasoning: { effort: 'low' } } },
      [
        'session.reasoning: has no effect with gpt-realtime-1.5, which does not reason; use gpt-realtime-2.1 or leave it out',
      ],
    ],
    [
      'parallel calls of a model that does not reason',
      { session: { type: 'realtime', model: 'gpt-realtime-1.5', parallel_tool_calls: true } },
      [
        'session.parallel_tool_calls: has no effect with gpt-realtime-1.5, which does not reason; use gpt-realtime-2.1 or leave it out',
      ],
    ],
    [
      'a connector',
      {
        session: {
          ...realtime,
          tools: [{ type: 'mcp', server_label: 'a', connector_id: 'connector_gmail' }],
        },
      },
      [
        'session.tools[0].connector_id: is deprecated: models released after 2026-09-01 do not take connectors; use server_url',
      ],
    ],
    [
      'the choice of a function that is absent',
      { session: { ...realtime, tool_choice: { type: 'function', name: 'f' } } },
      ['session.tool_choice: names a tool that the session does not have; add it to tools or write auto'],
    ],
    [
      'the choice of a server that is absent',
      { session: { ...realtime, tool_choice: { type: 'mcp', server_label: 'f' } } },
      ['session.tool_choice: names a tool that the session does not have; add it to tools or write auto'],
    ],
    [
      'a required tool without tools',
      { session: { ...realtime, tool_choice: 'required' } },
      ['session.tool_choice: has no effect: the session has no tools'],
    ],
  ])('%s', (_, entry, warnings) => {
    expect(warningsOf(entry)).toEqual(warnings.map((warning) => `presets.only.${warning}`))
  })
})

describe('a model that OpenAI shuts down', () => {
  const realtimeModels: readonly (readonly [string, string, string])[] = [
    ['gpt-4o-realtime-preview', '2026-05-07', large],
    ['gpt-4o-realtime-preview-2025-06-03', '2026-05-07', large],
    ['gpt-4o-realtime-preview-2024-12-17', '2026-05-07', large],
    ['gpt-4o-realtime-preview-2024-10-01', '2025-10-10', large],
    ['gpt-4o-mini-realtime-preview', '2026-05-07', small],
    ['gpt-4o-mini-realtime-preview-2024-12-17', '2026-05-07', small],
    ['gpt-realtime-mini-2025-10-06', '2026-07-23', small],
    ['gpt-realtime', '2027-01-20', large],
    ['gpt-realtime-2025-08-28', '2027-01-20', large],
    ['gpt-realtime-mini', '2027-01-20', small],
    ['gpt-realtime-mini-2025-12-15', '2027-01-20', small],
    ['gpt-audio-mini', '2027-01-20', small],
  ]
  const cases = [
    ...realtimeModels.flatMap(([model, ...rest]) => [
      [model, { model }, 'model', ...rest] as const,
      [model, { type: 'realtime', model }, 'model', ...rest] as const,
    ]),
    ...[
      'whisper-1',
      'gpt-4o-transcribe',
      'gpt-4o-mini-transcribe',
      'gpt-4o-mini-transcribe-2025-12-15',
      'gpt-4o-transcribe-diarize',
    ].flatMap((model) => [
      [model, transcribing(model), 'audio.input.transcription.model', '2027-02-26', transcribe] as const,
      [
        model,
        { input_audio_transcription: { model } },
        'input_audio_transcription.model',
        '2027-02-26',
        transcribe,
      ] as const,
    ]),
  ]

  test.each(cases)('%s: %j', (model, session, path, date, replacement) => {
    const dayBefore = new Date(Date.parse(date) - 1).toISOString()
    const before = `session.${path}: OpenAI shuts down ${model} on ${date}; use ${replacement}`
    const after = `session.${path}: ${model} was shut down on ${date}; use ${replacement}`
    expect(warningsOf({ session }, at(dayBefore))).toEqual([`presets.only.${before}`])
    expect(warningsOf({ session }, at(date, false))).toEqual([`presets.only.${after}`])
    expect(faultsOf({ session }, at(date))).toEqual([after])
  })

  test('a rule that lists it is a problem after that day', () => {
    expect(faultsOf({ session: realtime, overrides: { model: ['gpt-realtime'] } }, at('2027-01-20'))).toEqual(
      [`overrides.model[0]: gpt-realtime was shut down on 2027-01-20; use ${large}`],
    )
  })

  test('and so do reusable prompts', () => {
    const entry = { session: { ...realtime, prompt: { id: 'pmpt_1' } } }
    expect(warningsOf(entry, at('2026-11-29'))).toEqual([
      'presets.only.session.prompt: OpenAI shuts down the API of reusable prompts on 2026-11-30; use instructions',
    ])
    expect(faultsOf(entry, at('2026-11-30'))).toEqual([
      'session.prompt: the API of reusable prompts was shut down on 2026-11-30; use instructions',
    ])
  })
})

describe('a model name', () => {
  const elsewhere = { isOpenAi: false }
  test.each<[object, Partial<ParseOptions>, string | undefined]>([
    ...['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-realtime-1.5'].map(
      (model): [object, Partial<ParseOptions>, undefined] => [{ type: 'realtime', model }, {}, undefined],
    ),
    [{ type: 'translation', model: 'gpt-realtime-translate' }, {}, undefined],
    [transcribing('gpt-transcribe'), {}, undefined],
    [{ type: 'realtime', model: 'openai/gpt-realtime-2.1' }, elsewhere, undefined],
    [
      { type: 'realtime', model: 'gpt-realtime-2.11' },
      {},
      'is not a known realtime model; did you mean gpt-realtime-2.1?',
    ],
    [
      { type: 'realtime', model: 'gpt-realtime-2.11' },
      elsewhere,
      'is not a known realtime model; did you mean gpt-realtime-2.1?',
    ],
    [
      { type: 'realtime', model: 'gpt-4o' },
      {},
      'is not a known realtime model; use one such as gpt-realtime-2.1',
    ],
    [
      { type: 'realtime', model: 'my-deployment' },
      elsewhere,
      'is not a known realtime model; ignore this if it is the name of a deployment',
    ],
    [
      { type: 'realtime', model: 'gpt-live-1' },
      {},
      'is a model of the Live API, which has no client secrets; use gpt-realtime-2.1',
    ],
    [
      { type: 'realtime', model: 'gpt-realtime-translate' },
      {},
      'is the model of a session of type translation; here, use gpt-realtime-2.1',
    ],
    [
      { type: 'realtime', model: 'gpt-realtime-whisper' },
      {},
      'is a transcription model, which goes into audio.input.transcription.model; here, use gpt-realtime-2.1',
    ],
    [
      { type: 'translation', model: 'gpt-realtime-2.1' },
      {},
      'is the model of a session of type realtime; here, use gpt-realtime-translate',
    ],
    [
      transcribing('gpt-realtime-2.1'),
      {},
      'is the model of a session of type realtime; here, use gpt-live-transcribe',
    ],
    [
      transcribing('gpt-live-transcibe'),
      {},
      'is not a known transcription model; did you mean gpt-live-transcribe?',
    ],
  ])('%j (%j): %s', (session, options, message) => {
    expect(messagesOf(session, options)).toEqual(message === undefined ? [] : [message])
  })
})

describe('a voice', () => {
  test.each<[unknown, string | undefined]>([
    ...voices.split(', ').map((voice): [string, undefined] => [voice, undefined]),
    [{ id: 'voice_1' }, undefined],
    ['marinn', 'is not a known voice; did you mean marin?'],
    ['Cedar', 'is not a known voice; did you mean cedar?'],
    ['sarah', `is not a known voice; use one of ${voices}`],
    ['nova', `nova is not offered by the GA endpoint; use one of ${voices}`],
    ['onyx', `onyx is not offered by the GA endpoint; use one of ${voices}`],
    ['fable', `fable is not offered by the GA endpoint; use one of ${voices}`],
    ['beacon', `beacon is a voice of the Live API only; use one of ${voices}`],
    ['voice_123', 'is the id of a custom voice; write { id: … } instead of the bare id'],
  ])('%j: %s', (voice, message) => {
    const expected = message === undefined ? [] : [message]
    expect(messagesOf(speaking(voice))).toEqual(expected)
    const isFlat = typeof voice === 'string'
    expect(messagesOf(isFlat ? { model: large, voice } : speaking(voice))).toEqual(expected)
  })

  test('of a server that takes the flat shape is not judged', () => {
    const entry = {
      session: { model: large, voice: 'onyx', temperature: 0.8 },
      overrides: { 'audio.output.voice': ['nova'] },
    }
    expect(warningsOf(entry, { api: 'sessions' })).toEqual([])
  })
})

test('a problem hides no warning', () => {
  const entry = {
    session: { ...speaking('marinn'), temperature: 1 },
    variables: { guest: { max_length: 5 } },
  }
  const { problems, warnings } = refusalsOf(fileOf(entry))
  expect(problems.map(({ path }) => path)).toEqual(['presets.only.session.temperature'])
  expect(warnings.map(({ path }) => path)).toEqual([
    'presets.only.session.audio.output.voice',
    'presets.only.variables.guest',
  ])
})

test('claims without AUTH_MODE=jwt make a preset that no caller gets', () => {
  const entry = { session: { type: 'realtime' }, access: { claims: { plan: ['pro'] } } }
  expect(warningsOf(entry, { authMode: 'none' })).toEqual([
    'presets.only.access.claims: has no effect without AUTH_MODE=jwt: no caller gets this preset',
  ])
  expect(warningsOf(entry, { authMode: 'jwt' })).toEqual([])
})

test('a warning has the place of what it is about', () => {
  const { warnings } = catalogOf('presets:\n  a:\n    session:\n      temperature: 0.8\n')
  expect(warnings.map(({ text }) => text)).toEqual([
    'presets.yaml:4:7 presets.a.session.temperature: has no equivalent in the GA API and is left out',
  ])
  expect(catalogOf(fileOf({ session: {} })).warnings).toEqual([])
})
