import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import { orderFlat, orderGa, presetOf, refusalOf, sent } from './support.ts'

const classic = {
  model: 'gpt-realtime-2.1',
  modalities: ['audio', 'text'],
  instructions: 'Be kind.',
  voice: 'ash',
  input_audio_format: 'pcm16',
  turn_detection: { type: 'server_vad', threshold: 0.5, eagerness: 'low' },
  tools: [{ name: 'look_up' }],
  tool_choice: 'look_up',
  temperature: 0.8,
  max_response_output_tokens: 2048,
}

describe('a flat request to a flat preset', () => {
  const preset = presetOf({
    session: classic,
    overrides: {
      'audio.output.voice': ['coral'],
      'audio.input.turn_detection.threshold': { max: 0.9 },
      'audio.input.turn_detection': [null],
      'audio.input.format.type': ['audio/pcmu'],
      output_modalities: [['text']],
      tool_choice: ['auto'],
    },
  })

  test.each<[Fields]>([
    [classic],
    [{ temperature: 0.8 }],
    [{ temperature: null, speed: null, modalities: null }],
    [{ modalities: ['audio'] }],
    [{ tools: [{ type: 'function', name: 'look_up', description: null }] }],
    [{ tool_choice: 'look_up' }],
    [{ turn_detection: { threshold: 0.5 } }],
    [{ turn_detection: { type: 'server_vad', eagerness: 'low' } }],
  ])('passes with its own values: %j', (fields) => {
    const order = orderFlat(preset, fields)
    expect(order.overrides).toEqual([])
    expect(order.body).toBe(preset.body)
  })

  test.each<[Fields, string]>([
    [{ model: 'm' }, 'override_not_open model'],
    [{ voice: 'verse' }, 'override_outside_rule voice'],
    [{ speed: 1 }, 'override_not_open speed'],
    [{ temperature: 0.9 }, 'override_not_open temperature'],
    [{ output_audio_format: 'pcm16' }, 'override_not_open output_audio_format'],
    [{ input_audio_format: 'g711_alaw' }, 'override_outside_rule input_audio_format'],
    [{ input_audio_transcription: null }, 'override_not_open input_audio_transcription'],
    [
      { input_audio_transcription: { language: 'en' } },
      'override_not_open input_audio_transcription.language',
    ],
    [{ turn_detection: { threshold: 0.91 } }, 'override_outside_rule turn_detection.threshold'],
    [{ turn_detection: { silence_duration_ms: 1 } }, 'override_not_open turn_detection.silence_duration_ms'],
    [{ turn_detection: { type: 'semantic_vad' } }, 'override_not_open turn_detection.type'],
    [{ turn_detection: { eagerness: 'high' } }, 'override_not_open turn_detection.eagerness'],
    [{ tools: [] }, 'override_not_open tools'],
    [{ tools: [], tool_choice: 'look_up' }, 'field_invalid tool_choice'],
    [{ tool_choice: 'none' }, 'override_outside_rule tool_choice'],
    [{ tool_choice: 'no_such_tool' }, 'field_invalid tool_choice'],
    [{ max_response_output_tokens: 'inf' }, 'override_not_open max_response_output_tokens'],
    [{ tracing: null }, 'override_not_open tracing'],
  ])('%j: %s', (fields, outcome) => {
    expect(refusalOf(() => orderFlat(preset, fields))).toBe(outcome)
  })

  test.each<[Fields, readonly string[], string, unknown]>([
    [{ voice: 'coral' }, ['audio.output.voice'], 'audio.output.voice', 'coral'],
    [{ turn_detection: null }, ['audio.input.turn_detection'], 'audio.input.turn_detection', null],
    [
      { turn_detection: { threshold: 0.9 } },
      ['audio.input.turn_detection.threshold'],
      'audio.input.turn_detection',
      { type: 'server_vad', threshold: 0.9 },
    ],
    [
      { input_audio_format: 'g711_ulaw' },
      ['audio.input.format.type'],
      'audio.input.format',
      { type: 'audio/pcmu' },
    ],
    [{ modalities: ['text'] }, ['output_modalities'], 'output_modalities', ['text']],
    [{ tool_choice: 'auto' }, ['tool_choice'], 'tool_choice', 'auto'],
  ])('%j changes %j', (fields, overrides, path, value) => {
    const order = orderFlat(preset, fields)
    expect(order.overrides).toEqual(overrides)
    expect(sent(order)).toHaveProperty(`session.${path}`, value)
  })

  test('may be made in the other shape as well', () => {
    const order = orderGa(preset, { session: { type: 'realtime', audio: { output: { voice: 'coral' } } } })
    expect(order.body).toBe(orderFlat(preset, { voice: 'coral' }).body)
  })
})

describe('a flat request is compared with a GA preset after translation', () => {
  const semantic = { type: 'semantic_vad', eagerness: 'low' }
  const ga = presetOf({
    session: {
      type: 'realtime',
      tools: [{ type: 'function', name: 'look_up' }],
      tool_choice: { type: 'function', name: 'look_up' },
      audio: { input: { turn_detection: semantic } },
    },
    overrides: { 'audio.input.turn_detection.eagerness': ['high'] },
  })
  const transcriber = presetOf({
    session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-live-transcribe' } } } },
  })
  const translator = presetOf({
    session: { type: 'translation', model: 'gpt-realtime-translate' },
    overrides: { 'audio.input.noise_reduction.type': ['near_field'] },
  })

  test.each<[string, typeof ga, Fields, string]>([
    ['realtime', ga, { tool_choice: 'look_up' }, 'passes'],
    ['realtime', ga, { turn_detection: { eagerness: 'low' } }, 'passes'],
    ['realtime', ga, { turn_detection: { eagerness: 'high' } }, 'passes'],
    [
      'realtime',
      ga,
      { turn_detection: { eagerness: 'auto' } },
      'override_outside_rule turn_detection.eagerness',
    ],
    ['realtime', ga, { turn_detection: { type: 'server_vad' } }, 'override_not_open turn_detection.type'],
    ['realtime', ga, { temperature: 0.8 }, 'override_not_open temperature'],
    ['transcription', transcriber, { input_audio_transcription: { model: 'gpt-live-transcribe' } }, 'passes'],
    ['transcription', transcriber, { model: 'gpt-live-transcribe' }, 'override_not_open model'],
    ['transcription', transcriber, { voice: 'ash' }, 'override_not_open voice'],
    ['translation', translator, { model: 'gpt-realtime-translate' }, 'passes'],
    ['translation', translator, { input_audio_noise_reduction: { type: 'near_field' } }, 'passes'],
    ['translation', translator, { instructions: 'x' }, 'override_not_open instructions'],
  ])('%s: %#', (_, preset, fields, outcome) => {
    expect(refusalOf(() => orderFlat(preset, fields))).toBe(outcome)
  })
})

describe('an upstream that serves the flat endpoint', () => {
  const preset = presetOf(
    {
      session: {
        ...classic,
        instructions: 'Greet {{guest}}.',
        client_secret: { expires_after: { seconds: 90 } },
      },
      variables: { guest: { max_length: 10, default: 'the guest' } },
      overrides: {
        'audio.output.voice': ['coral'],
        'audio.input.format.type': ['audio/pcmu'],
        'audio.input.turn_detection': [null],
        instructions: ['Sing.'],
        output_modalities: [['text']],
        tool_choice: ['auto'],
        'audio.output.speed': { max: 1.5 },
      },
    },
    { api: 'sessions' },
  )
  const upstream = (seconds: number) => ({
    ...classic,
    instructions: 'Greet the guest.',
    client_secret: { expires_after: { anchor: 'created_at', seconds } },
  })

  test('gets a flat preset as written', () => {
    const order = orderFlat(preset, {})
    expect(order).toMatchObject({ endpoint: 'sessions', model: 'gpt-realtime-2.1', expiresAfterSeconds: 90 })
    expect(sent(order)).toEqual(upstream(90))
    expect(sent(orderGa(preset, { expires_after: { seconds: 20 } }))).toEqual(upstream(20))
  })

  test('gets an empty session, too', () => {
    expect(sent(orderFlat(presetOf({ session: {} }, { api: 'sessions' }), {}))).toEqual({
      client_secret: { expires_after: { anchor: 'created_at', seconds: 60 } },
    })
  })

  test('gets null as null', () => {
    const nulls = { turn_detection: null, tools: null, voice: null }
    expect(sent(orderFlat(presetOf({ session: nulls }, { api: 'sessions' }), {}))).toMatchObject(nulls)
  })

  test.each<[Fields, Fields]>([
    [{ voice: 'coral' }, { voice: 'coral' }],
    [{ input_audio_format: 'g711_ulaw' }, { input_audio_format: 'g711_ulaw' }],
    [{ turn_detection: null }, { turn_detection: null }],
    [{ instructions: 'Sing.' }, { instructions: 'Sing.' }],
    [{ modalities: ['text'] }, { modalities: ['text'] }],
    [{ tool_choice: 'auto' }, { tool_choice: 'auto' }],
    [{ speed: 1.1, temperature: 0.8 }, { speed: 1.1 }],
  ])('gets what a flat request changes: %j', (fields, change) => {
    expect(sent(orderFlat(preset, fields))).toEqual({ ...upstream(90), ...change })
  })

  test('gets what a GA request changes, in its own shape', () => {
    const session = {
      type: 'realtime',
      audio: { input: { format: { type: 'audio/pcmu' } }, output: { voice: 'coral' } },
    }
    expect(sent(orderGa(preset, { session }))).toEqual({
      ...upstream(90),
      voice: 'coral',
      input_audio_format: 'g711_ulaw',
    })
  })

  test.each<[Fields, string]>([
    [{ temperature: 0.9 }, 'override_not_open temperature'],
    [{ voice: 'verse' }, 'override_outside_rule voice'],
    [{ turn_detection: { eagerness: 'high' } }, 'override_not_open turn_detection.eagerness'],
  ])('does not get what is not open: %j', (fields, outcome) => {
    expect(refusalOf(() => orderFlat(preset, fields))).toBe(outcome)
  })
})
