import { describe, expect, it } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import { buildFlat, buildGa, nested, presetOf, refusalOf, sent, transcribing } from './support.ts'

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
const vad = 'audio.input.turn_detection'
const opened = {
  'audio.output.voice': ['coral'],
  [vad]: [null],
  'audio.input.format.type': ['audio/pcmu'],
  output_modalities: [['text']],
  tool_choice: ['auto'],
}

describe('a flat request to a flat preset', () => {
  const preset = presetOf({
    session: classic,
    overrides: { ...opened, [`${vad}.threshold`]: { max: 0.9 } },
  })

  it.each<[fields: Fields]>([
    [classic],
    [{ temperature: 0.8 }],
    [{ temperature: null, speed: null, modalities: null }],
    [{ modalities: ['audio'] }],
    [{ tools: [{ type: 'function', name: 'look_up', description: null }] }],
    [{ tool_choice: 'look_up' }],
    [{ turn_detection: { threshold: 0.5 } }],
    [{ turn_detection: { type: 'server_vad', eagerness: 'low' } }],
  ])('passes with the preset’s own values: %j', (fields) => {
    const built = buildFlat(preset, fields)
    expect(built.overrides).toEqual([])
    expect(built.body).toBe(preset.body)
  })

  it.each<[path: string, value: unknown, reason?: string]>([
    ['model', 'm'],
    ['voice', 'verse', 'override_outside_rule'],
    ['speed', 1],
    ['temperature', 0.9],
    ['output_audio_format', 'pcm16'],
    ['input_audio_format', 'g711_alaw', 'override_outside_rule'],
    ['input_audio_transcription', null],
    ['input_audio_transcription.language', 'en'],
    ['turn_detection.threshold', 0.91, 'override_outside_rule'],
    ['turn_detection.silence_duration_ms', 1],
    ['turn_detection.type', 'semantic_vad'],
    ['turn_detection.eagerness', 'high'],
    ['tools', []],
    ['tool_choice', 'none', 'override_outside_rule'],
    ['tool_choice', 'no_such_tool', 'field_invalid'],
    ['max_response_output_tokens', 'inf'],
    ['tracing', null],
  ])('is refused: %s: %j', (path, value, reason = 'override_not_open') => {
    expect(refusalOf(() => buildFlat(preset, nested({ [path]: value })))).toBe(`${reason} ${path}`)
  })

  it('is refused for the choice of a tool that it removes', () => {
    const fields = { tools: [], tool_choice: 'look_up' }
    expect(refusalOf(() => buildFlat(preset, fields))).toBe('field_invalid tool_choice')
  })

  it.each<[path: string, value: unknown, gaPath: string, gaValue?: unknown]>([
    ['voice', 'coral', 'audio.output.voice'],
    ['turn_detection', null, vad],
    ['turn_detection.threshold', 0.9, `${vad}.threshold`],
    ['input_audio_format', 'g711_ulaw', 'audio.input.format.type', 'audio/pcmu'],
    ['modalities', ['text'], 'output_modalities'],
    ['tool_choice', 'auto', 'tool_choice'],
  ])('changes the session: %s: %j', (path, value, gaPath, gaValue = value) => {
    const built = buildFlat(preset, nested({ [path]: value }))
    expect(built.overrides).toEqual([gaPath])
    expect(sent(built)).toHaveProperty(`session.${gaPath}`, gaValue)
  })

  it('has the same effect as a request in the GA shape', () => {
    const session = { type: 'realtime', audio: { output: { voice: 'coral' } } }
    expect(buildGa(preset, { session }).body).toBe(buildFlat(preset, { voice: 'coral' }).body)
  })
})

describe('a flat request is translated before it is compared with', () => {
  const presets = {
    realtime: presetOf({
      session: {
        type: 'realtime',
        tools: [{ type: 'function', name: 'look_up' }],
        tool_choice: { type: 'function', name: 'look_up' },
        audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'low' } } },
      },
      overrides: { [`${vad}.eagerness`]: ['high'] },
    }),
    transcription: presetOf({ session: transcribing({ model: 'gpt-live-transcribe' }) }),
    translation: presetOf({
      session: { type: 'translation', model: 'gpt-realtime-translate' },
      overrides: { 'audio.input.noise_reduction.type': ['near_field'] },
    }),
  }

  it.each<[type: keyof typeof presets, path: string, value: unknown, refusal?: string]>([
    ['realtime', 'tool_choice', 'look_up'],
    ['realtime', 'turn_detection.eagerness', 'low'],
    ['realtime', 'turn_detection.eagerness', 'high'],
    ['realtime', 'turn_detection.eagerness', 'auto', 'override_outside_rule'],
    ['realtime', 'turn_detection.type', 'server_vad', 'override_not_open'],
    ['realtime', 'temperature', 0.8, 'override_not_open'],
    ['transcription', 'input_audio_transcription.model', 'gpt-live-transcribe'],
    ['transcription', 'model', 'gpt-live-transcribe', 'override_not_open'],
    ['transcription', 'voice', 'ash', 'override_not_open'],
    ['translation', 'model', 'gpt-realtime-translate'],
    ['translation', 'input_audio_noise_reduction.type', 'near_field'],
    ['translation', 'instructions', 'x', 'override_not_open'],
  ])('a %s preset: %s: %j', (type, path, value, refusal) => {
    const outcome = refusal === undefined ? 'passes' : `${refusal} ${path}`
    expect(refusalOf(() => buildFlat(presets[type], nested({ [path]: value })))).toBe(outcome)
  })
})

it('a flat session is sent with its instructions filled in, also when another field is changed', () => {
  const session = { ...classic, instructions: 'Greet {{guest}}.' }
  const variables = { guest: { max_length: 10, default: 'the guest' } }
  const preset = presetOf({ session, variables, overrides: opened }, { api: 'sessions' })
  expect(sent(buildFlat(preset, { voice: 'coral' }))).toMatchObject({
    instructions: 'Greet the guest.',
    voice: 'coral',
  })
})
