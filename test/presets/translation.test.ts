import { describe, expect, it } from 'vitest'
import { flatSession, isFlatField } from '../../src/presets/schema/flat.ts'
import { gaSession } from '../../src/presets/schema/ga.ts'
import { toFlatValue, toGaSession } from '../../src/presets/schema/translation.ts'
import { nested } from './support.ts'

const translate = (fields: object) => toGaSession(flatSession.parse(fields))

const input = 'audio.input.format'
const output = 'audio.output.format'
const transcription = 'audio.input.transcription'
const noise = 'audio.input.noise_reduction'
const vad = 'audio.input.turn_detection'
const pcm = { type: 'audio/pcm', rate: 24_000 }
const serverVad = { type: 'server_vad' }
const f = { type: 'function', name: 'f' }

describe('each flat field has its place in a GA session', () => {
  it.each<[field: string, value: unknown, gaPath: string, gaValue?: unknown]>([
    ['model', 'm', 'model'],
    ['modalities', ['audio', 'text'], 'output_modalities', ['audio']],
    ['modalities', ['text', 'audio'], 'output_modalities', ['audio']],
    ['modalities', ['audio'], 'output_modalities'],
    ['modalities', ['text'], 'output_modalities'],
    ['instructions', 'Be kind.', 'instructions'],
    ['instructions', '', 'instructions'],
    ['voice', 'ash', 'audio.output.voice'],
    ['input_audio_format', 'pcm16', input, pcm],
    ['input_audio_format', 'g711_ulaw', input, { type: 'audio/pcmu' }],
    ['input_audio_format', 'g711_alaw', input, { type: 'audio/pcma' }],
    ['output_audio_format', 'pcm16', output, pcm],
    ['output_audio_format', 'g711_ulaw', output, { type: 'audio/pcmu' }],
    ['output_audio_format', 'g711_alaw', output, { type: 'audio/pcma' }],
    ['input_audio_transcription', { model: 'whisper-1', language: 'en', prompt: 'p' }, transcription],
    ['turn_detection', { threshold: 0.2 }, vad, { ...serverVad, threshold: 0.2 }],
    ['turn_detection', { type: 'semantic_vad', eagerness: 'high', interrupt_response: true }, vad],
    ['input_audio_noise_reduction', { type: 'far_field' }, noise],
    ['tools', [{ name: 'f', description: null }], 'tools', [f]],
    ['tools', [], 'tools'],
    ['tool_choice', 'auto', 'tool_choice'],
    ['tool_choice', 'none', 'tool_choice'],
    ['tool_choice', 'required', 'tool_choice'],
    ['max_response_output_tokens', 7, 'max_output_tokens'],
    ['max_response_output_tokens', 'inf', 'max_output_tokens'],
    ['speed', 1.5, 'audio.output.speed'],
    ['tracing', 'auto', 'tracing'],
    ['tracing', { group_id: 'g' }, 'tracing'],
    ['truncation', 'disabled', 'truncation'],
    ['prompt', { id: 'p' }, 'prompt'],
    ['input_audio_transcription', null, transcription],
    ['input_audio_transcription', { model: 'm', language: null }, transcription, { model: 'm' }],
    ['turn_detection', null, vad],
    [
      'turn_detection',
      { threshold: null, idle_timeout_ms: null },
      vad,
      { ...serverVad, idle_timeout_ms: null },
    ],
    ['input_audio_noise_reduction', null, noise],
    ['input_audio_noise_reduction', { type: null }, noise, {}],
    ['tracing', null, 'tracing'],
    ['prompt', null, 'prompt'],
  ])('%s: %j', (field, value, gaPath, gaValue = value) => {
    const session = { type: 'realtime', ...nested({ [gaPath]: gaValue }) }
    expect(translate({ [field]: value })).toEqual({ session, dropped: [], unknownTool: false })
    expect(gaSession.safeParse(session).error).toBeUndefined()
    const back = isFlatField(field) && toFlatValue(field, gaValue)
    expect(translate({ [field]: back }).session).toEqual(session)
  })
})

describe('a value without an equivalent in the GA shape is dropped', () => {
  it.each<[fields: object, ga: object, ...dropped: string[]]>([
    [{ temperature: 0.8 }, {}, 'temperature'],
    [
      { turn_detection: { type: 'server_vad', eagerness: 'low' } },
      { [vad]: serverVad },
      'turn_detection.eagerness',
    ],
    [
      nested({
        'turn_detection.type': 'semantic_vad',
        'turn_detection.threshold': 0.5,
        'turn_detection.prefix_padding_ms': 1,
        'turn_detection.silence_duration_ms': 2,
        'turn_detection.idle_timeout_ms': 6000,
      }),
      { [vad]: { type: 'semantic_vad' } },
      'turn_detection.threshold',
      'turn_detection.prefix_padding_ms',
      'turn_detection.silence_duration_ms',
      'turn_detection.idle_timeout_ms',
    ],
    [
      { input_audio_transcription: { model: 'gpt-realtime-whisper', prompt: 'p' } },
      { [transcription]: { model: 'gpt-realtime-whisper' } },
      'input_audio_transcription.prompt',
    ],
  ])('%j', (fields, ga, ...dropped) => {
    const translation = translate(fields)
    expect(translation.session).toEqual({ type: 'realtime', ...nested({ ...ga }) })
    expect(translation.dropped.map(({ path }) => path)).toEqual(dropped)
  })
})

it('a null elsewhere means that the field is not given', () => {
  const fields = ['model', 'modalities', 'voice', 'input_audio_format', 'tools', 'tool_choice', 'speed']
  expect(translate(nested(Object.fromEntries(fields.map((field) => [field, null]))))).toEqual(translate({}))
})

it('the choice of a function becomes an object, and its name again; audio includes its text', () => {
  expect(translate({ tools: [f], tool_choice: 'f' }).session).toMatchObject({ tools: [f], tool_choice: f })
  expect(toFlatValue('tool_choice', f)).toBe('f')
  expect(toFlatValue('modalities', ['audio'])).toEqual(['audio', 'text'])
})
