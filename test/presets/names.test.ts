import { describe, expect, it } from 'vitest'
import type { ParseOptions } from '../../src/presets/load/remarks.ts'
import { knownModels, promptShutdown, shutdowns } from '../../src/presets/schema/models.ts'
import { faultsOf, nested, transcribing, warningsOf } from './support.ts'

const realtime = { type: 'realtime', model: 'gpt-realtime-2.1' }
const voices = 'alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar'
const large = 'gpt-realtime-2.1'
const small = 'gpt-realtime-2.1-mini'

type Options = Partial<ParseOptions>

const at = (date: string, isOpenAi = true): Options => ({ unixNow: () => Date.parse(date), isOpenAi })

describe('a model that OpenAI shuts down', () => {
  const cases = [...shutdowns.keys()].flatMap((model) => {
    const isTranscriber = knownModels.transcription.includes(model)
    const type = isTranscriber ? 'transcription' : 'realtime'
    const path = isTranscriber ? 'audio.input.transcription.model' : 'model'
    const flatPath = isTranscriber ? 'input_audio_transcription.model' : 'model'
    return [
      [model, path, nested({ type, [path]: model })] as const,
      [model, flatPath, nested({ [flatPath]: model })] as const,
    ]
  })

  it.each([...cases, ['the API of reusable prompts', 'prompt', { prompt: { id: 'p' } }] as const])(
    'is a warning before that day and a problem after it: %s as %s: %j',
    (name, path, session) => {
      const { date, replacement } = shutdowns.get(name) ?? promptShutdown
      const dayBefore = new Date(Date.parse(date) - 1).toISOString()
      const before = `session.${path}: OpenAI shuts down ${name} on ${date}; use ${replacement}`
      const after = `session.${path}: ${name} was shut down on ${date}; use ${replacement}`
      expect(warningsOf({ session }, at(dayBefore))).toEqual([before])
      expect(warningsOf({ session }, at(date, false))).toEqual([after])
      expect(faultsOf({ session }, at(date))).toEqual([after])
    },
  )

  it('is a problem in a rule after that day', () => {
    const entry = { session: realtime, overrides: { model: ['gpt-realtime'] } }
    expect(faultsOf(entry, at('2027-01-20'))).toEqual([
      `overrides.model[0]: gpt-realtime was shut down on 2027-01-20; use ${large}`,
    ])
  })
})

const elsewhere: Options = { isOpenAi: false }
const unknownModel = 'is not a known realtime model'
const isOf = (type: string, model: string): string =>
  `is the model of a session of type ${type}; here, use ${model}`
const isLive = 'is a model of the Live API, which has no client secrets; use gpt-realtime-2.1'
const isTranscriber = 'is a transcription model, which goes into audio.input.transcription.model'
const misspelt = 'is not a known transcription model; did you mean gpt-live-transcribe?'

describe('a model name', () => {
  it.each<[type: string, model: string, options: Options, ...warnings: string[]]>([
    ['realtime', large, {}],
    ['realtime', small, {}],
    ['realtime', 'gpt-realtime-2', {}],
    ['realtime', 'gpt-realtime-1.5', {}],
    ['translation', 'gpt-realtime-translate', {}],
    ['transcription', 'gpt-transcribe', {}],
    ['realtime', 'openai/gpt-realtime-2.1', elsewhere],
    ['realtime', 'gpt-realtime-2.11', {}, `${unknownModel}; did you mean gpt-realtime-2.1?`],
    ['realtime', 'gpt-realtime-2.11', elsewhere, `${unknownModel}; did you mean gpt-realtime-2.1?`],
    ['realtime', 'gpt-4o', {}, `${unknownModel}; use one such as gpt-realtime-2.1`],
    ['realtime', 'mine', elsewhere, `${unknownModel}; ignore this if it is the name of a deployment`],
    ['realtime', 'gpt-live-1', {}, isLive],
    ['realtime', 'gpt-realtime-translate', {}, isOf('translation', large)],
    ['realtime', 'gpt-realtime-whisper', {}, `${isTranscriber}; here, use gpt-realtime-2.1`],
    ['translation', large, {}, isOf('realtime', 'gpt-realtime-translate')],
    ['transcription', large, {}, isOf('realtime', 'gpt-live-transcribe')],
    ['transcription', 'gpt-live-transcibe', {}, misspelt],
  ])('in a %s session: %s (%j)', (type, model, options, ...warnings) => {
    const session = type === 'transcription' ? transcribing({ model }) : { type, model }
    const path = type === 'transcription' ? 'audio.input.transcription.model' : 'model'
    expect(warningsOf({ session }, options)).toEqual(warnings.map((warning) => `session.${path}: ${warning}`))
  })
})

describe('a voice', () => {
  const notInGa = (voice: string) => `${voice} is not offered by the GA endpoint; use one of ${voices}`
  it.each<[voice: unknown, ...warnings: string[]]>([
    ...voices.split(', ').map((voice): [string] => [voice]),
    [{ id: 'voice_1' }],
    ['marinn', 'is not a known voice; did you mean marin?'],
    ['Cedar', 'is not a known voice; did you mean cedar?'],
    ['sarah', `is not a known voice; use one of ${voices}`],
    ...['nova', 'onyx', 'fable'].map((voice): [string, string] => [voice, notInGa(voice)]),
    ['voice_123', 'is the id of a custom voice; write { id: … } instead of the bare id'],
  ])('%j: %s', (voice, ...warnings) => {
    const ga = { ...realtime, audio: { output: { voice } } }
    expect(warningsOf({ session: ga })).toEqual(
      warnings.map((warning) => `session.audio.output.voice: ${warning}`),
    )
    // The flat shape takes no object.
    const flat = { model: large, voice: typeof voice === 'string' ? voice : null }
    expect(warningsOf({ session: flat })).toEqual(warnings.map((warning) => `session.voice: ${warning}`))
  })

  it('passes as it is on a server that takes the flat shape', () => {
    const entry = {
      session: { model: large, voice: 'onyx', temperature: 0.8 },
      overrides: { 'audio.output.voice': ['nova'] },
    }
    expect(warningsOf(entry, { api: 'sessions' })).toEqual([])
  })
})
