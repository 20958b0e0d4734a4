import { describe, expect, test } from 'vitest'
import { catalogOf, fileOf, warningsOf } from './support.ts'

const shutdown = (model: string, date: string, replacement: string): string =>
  `OpenAI's shutdown date for ${model} is ${date}; use ${replacement}`

describe('a warning says', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'that temperature is dropped',
      { session: { temperature: 0.8 } },
      ['session.temperature: has no equivalent in the GA API and is left out'],
    ],
    [
      'that a key of the other turn detection is dropped',
      { session: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } },
      ['session.turn_detection.threshold: has no effect with semantic_vad and is left out'],
    ],
    ...['fable', 'onyx', 'nova'].map((voice): [string, object, string[]] => [
      `that ${voice} is gone`,
      { session: { voice } },
      [`session.voice: ${voice} is not offered by the GA endpoint`],
    ]),
    [
      'that a GA session’s voice is gone',
      { session: { type: 'realtime', audio: { output: { voice: 'nova' } } } },
      ['session.audio.output.voice: nova is not offered by the GA endpoint'],
    ],
    [
      'that prompts end',
      { session: { type: 'realtime', prompt: { id: 'pmpt_1' } } },
      ['session.prompt: OpenAI shuts down reusable prompts on 2026-11-30; write instructions'],
    ],
    [
      'that a variable is not used',
      { session: { type: 'transcription' }, variables: { guest: { max_length: 5 } } },
      ['variables.guest: is not used in the instructions'],
    ],
    [
      'what browsers may pick but should not',
      {
        session: { type: 'realtime' },
        overrides: { model: ['gpt-realtime-2.1', 'gpt-realtime'], 'audio.output.voice': ['onyx', 'marin'] },
      },
      [
        `overrides.model[1]: ${shutdown('gpt-realtime', '2027-01-20', 'gpt-realtime-2.1')}`,
        'overrides.audio.output.voice[0]: onyx is not offered by the GA endpoint',
      ],
    ],
  ])('%s', (_, entry, warnings) => {
    expect(warningsOf(entry)).toEqual(warnings.map((warning) => `presets.only.${warning}`))
  })
})

const large = 'gpt-realtime-2.1'
const small = 'gpt-realtime-2.1-mini'
const transcribe = 'gpt-live-transcribe (or gpt-transcribe)'

describe('a model on its way out is told with date and replacement', () => {
  test.each([
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
  ])('%s', (model, date, replacement) => {
    const warning = `presets.only.session.model: ${shutdown(model, date, replacement)}`
    expect(warningsOf({ session: { model } })).toEqual([warning])
    expect(warningsOf({ session: { type: 'realtime', model } })).toEqual([warning])
  })

  test.each([
    'whisper-1',
    'gpt-4o-transcribe',
    'gpt-4o-mini-transcribe',
    'gpt-4o-mini-transcribe-2025-12-15',
    'gpt-4o-transcribe-diarize',
  ])('%s, which transcribes', (model) => {
    const warning = shutdown(model, '2027-02-26', transcribe)
    const audio = { input: { transcription: { model } } }
    expect(warningsOf({ session: { input_audio_transcription: { model } } })).toEqual([
      `presets.only.session.input_audio_transcription.model: ${warning}`,
    ])
    expect(warningsOf({ session: { type: 'transcription', audio } })).toEqual([
      `presets.only.session.audio.input.transcription.model: ${warning}`,
    ])
  })
})

test.each([
  'gpt-realtime-2.1',
  'gpt-realtime-2.1-mini',
  'gpt-realtime-2',
  'gpt-realtime-1.5',
  'my-deployment',
])('nothing is said about %s', (model) =>
  expect(warningsOf({ session: { model, voice: 'marin' } })).toEqual([]),
)

test('claims without AUTH_MODE=jwt are told to shut everybody out', () => {
  const entry = { session: { type: 'realtime' }, access: { claims: { plan: ['pro'] } } }
  expect(warningsOf(entry, { authMode: 'none' })).toEqual([
    'presets.only.access.claims: without AUTH_MODE=jwt nobody gets this preset',
  ])
  expect(warningsOf(entry, { authMode: 'jwt' })).toEqual([])
})

test('a flat upstream takes temperature and has voices of its own', () => {
  const session = { model: 'm', voice: 'onyx', temperature: 0.8 }
  expect(warningsOf({ session, overrides: { 'audio.output.voice': ['nova'] } }, { api: 'sessions' })).toEqual(
    [],
  )
})

test('a warning has the place of what it is about', () => {
  const { warnings } = catalogOf('presets:\n  a:\n    session:\n      temperature: 0.8\n')
  expect(warnings.map(({ text }) => text)).toEqual([
    'presets.yaml:4:7 presets.a.session.temperature: has no equivalent in the GA API and is left out',
  ])
  expect(catalogOf(fileOf({ session: {} })).warnings).toEqual([])
})
