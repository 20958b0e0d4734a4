import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import { plainRealtime as realtime } from './sessions.ts'
import { expiring, orderFlat, orderGa, presetOf, refusalOf, sent } from './support.ts'

function vad(turnDetection: unknown): Fields {
  return { audio: { input: { turn_detection: turnDetection } } }
}

describe('a field that the preset has not opened', () => {
  const preset = presetOf({ session: realtime })
  test.each<[Fields]>([
    [realtime],
    [{ type: 'realtime' }],
    [{ type: 'realtime', model: 'gpt-realtime-2.1' }],
    [{ instructions: 'Be kind.' }],
    [{ audio: { output: { voice: 'marin' } } }],
    [{ audio: { input: { transcription: null } } }],
    [{ output_modalities: ['audio'] }],
    [{ tools: [{ name: 'look_up', parameters: { properties: {}, type: 'object' }, type: 'function' }] }],
    [{ tracing: { metadata: { b: 2, a: 1 } } }],
    [vad({ type: 'server_vad' })],
    [vad({ type: 'server_vad', threshold: 0.5 })],
    [{ audio: {} }],
  ])('passes with the preset’s own value: %j', (session) => {
    const order = orderGa(preset, { session })
    expect(order.overrides).toEqual([])
    expect(order.body).toBe(preset.body)
  })

  test.each<[Fields, string]>([
    [{ model: 'gpt-realtime-2' }, 'session.model'],
    [{ type: 'realtime', model: 'gpt-realtime-2' }, 'session.model'],
    [{ type: 'transcription' }, 'session.type'],
    [{ type: 'translation', model: 'gpt-realtime-2.1' }, 'session.type'],
    [{ instructions: '' }, 'session.instructions'],
    [{ audio: { output: { voice: 'cedar' } } }, 'session.audio.output.voice'],
    [{ audio: { output: { voice: { id: 'voice_1' } } } }, 'session.audio.output.voice.id'],
    [{ audio: { output: { speed: 1 } } }, 'session.audio.output.speed'],
    [{ audio: { input: { transcription: { model: 'm' } } } }, 'session.audio.input.transcription.model'],
    [{ audio: { input: { noise_reduction: null } } }, 'session.audio.input.noise_reduction'],
    [{ audio: { input: { format: { type: 'audio/pcmu' } } } }, 'session.audio.input.format.type'],
    [vad(null), 'session.audio.input.turn_detection'],
    [vad({ type: 'semantic_vad' }), 'session.audio.input.turn_detection.type'],
    [vad({ type: 'server_vad', threshold: 0.4 }), 'session.audio.input.turn_detection.threshold'],
    [
      vad({ type: 'server_vad', create_response: true }),
      'session.audio.input.turn_detection.create_response',
    ],
    [{ tools: [] }, 'session.tools'],
    [{ tool_choice: 'none' }, 'session.tool_choice'],
    [{ tool_choice: { type: 'function', name: 'look_up' } }, 'session.tool_choice.type'],
    [{ tracing: 'auto' }, 'session.tracing'],
    [{ tracing: { metadata: { a: 1 } } }, 'session.tracing.metadata'],
    [{ output_modalities: ['text'] }, 'session.output_modalities'],
    [{ max_output_tokens: 'inf' }, 'session.max_output_tokens'],
    [{ prompt: { id: 'p', variables: { theirs: 'x' } } }, 'session.prompt.id'],
  ])('is refused with another: %j', (session, param) => {
    expect(refusalOf(() => orderGa(preset, { session }))).toBe(`override_not_open ${param}`)
  })

  test('is refused as malformed when the preset’s type does not have it', () => {
    const session = { audio: { output: { voice: 'marin' } } }
    const transcriber = presetOf({ session: { type: 'transcription' } })
    expect(refusalOf(() => orderGa(transcriber, { session }))).toBe('field_unknown session.audio.output')
    const translator = presetOf({ session: { type: 'translation', model: 'm' } })
    expect(refusalOf(() => orderGa(translator, { session }))).toBe('field_unknown session.audio.output.voice')
  })
})

describe('a field that the preset has opened', () => {
  const preset = presetOf({
    session: realtime,
    overrides: {
      model: ['gpt-realtime-2.1-mini'],
      instructions: { max_length: 5 },
      output_modalities: [['text']],
      'audio.output.voice': ['cedar', 'marin'],
      'audio.output.voice.id': ['voice_1'],
      'audio.output.speed': { min: 0.8, max: 1.2 },
      'audio.input.format.type': ['audio/pcmu'],
      'audio.input.transcription.model': ['gpt-live-transcribe'],
      'audio.input.turn_detection': [null],
      'audio.input.turn_detection.type': ['semantic_vad'],
      'audio.input.turn_detection.eagerness': ['low'],
      'audio.input.turn_detection.create_response': true,
      'audio.input.turn_detection.silence_duration_ms': { min: 200 },
      max_output_tokens: { max: 1000 },
      tool_choice: ['none'],
      tracing: ['auto', null],
      truncation: ['auto'],
      'truncation.type': ['retention_ratio'],
      'truncation.retention_ratio': { min: 0.5 },
    },
  })
  test.each<[Fields, readonly string[], Fields]>([
    [{ model: 'gpt-realtime-2.1-mini' }, ['model'], { model: 'gpt-realtime-2.1-mini' }],
    [{ instructions: '{{x}}' }, ['instructions'], { instructions: '{{x}}' }],
    [{ instructions: '😀😀😀😀😀' }, ['instructions'], { instructions: '😀😀😀😀😀' }],
    [{ output_modalities: ['text'] }, ['output_modalities'], { output_modalities: ['text'] }],
    [
      { audio: { output: { voice: 'cedar' } } },
      ['audio.output.voice'],
      { audio: { output: { voice: 'cedar' } } },
    ],
    [
      { audio: { output: { voice: { id: 'voice_1' } } } },
      ['audio.output.voice.id'],
      { audio: { output: { voice: { id: 'voice_1' } } } },
    ],
    [
      { audio: { output: { voice: 'marin', speed: 0.8 } } },
      ['audio.output.speed'],
      { audio: { output: { voice: 'marin', speed: 0.8 } } },
    ],
    [{ audio: { output: { speed: 1.2 } } }, ['audio.output.speed'], { audio: { output: { speed: 1.2 } } }],
    [{ max_output_tokens: 1000 }, ['max_output_tokens'], { max_output_tokens: 1000 }],
    [{ tool_choice: 'none' }, ['tool_choice'], { tool_choice: 'none' }],
    [{ tracing: 'auto' }, ['tracing'], { tracing: 'auto' }],
    [{ tracing: null }, ['tracing'], { tracing: null }],
    [
      { truncation: { type: 'retention_ratio', retention_ratio: 0.5 } },
      ['truncation.type', 'truncation.retention_ratio'],
      { truncation: { type: 'retention_ratio', retention_ratio: 0.5 } },
    ],
    [
      { audio: { input: { transcription: { model: 'gpt-live-transcribe' } } } },
      ['audio.input.transcription.model'],
      { audio: { input: { transcription: { model: 'gpt-live-transcribe' } } } },
    ],
    [vad(null), ['audio.input.turn_detection'], vad(null)],
    [
      vad({ type: 'server_vad', create_response: true, silence_duration_ms: 200 }),
      ['audio.input.turn_detection.silence_duration_ms', 'audio.input.turn_detection.create_response'],
      vad({ type: 'server_vad', threshold: 0.5, create_response: true, silence_duration_ms: 200 }),
    ],
  ])('%j changes %j', (session, overrides, change) => {
    const order = orderGa(preset, { session, expires_after: { seconds: 20 } })
    expect(order.overrides).toEqual(overrides)
    expect(sent(order)).toMatchObject({ expires_after: expiring(20), session: change })
  })

  test.each<[Fields, string]>([
    [{ model: 'gpt-realtime-2' }, 'session.model'],
    [{ instructions: '123456' }, 'session.instructions'],
    [{ output_modalities: ['text'], audio: { output: { speed: 0.79 } } }, 'session.audio.output.speed'],
    [{ audio: { output: { speed: 1.21 } } }, 'session.audio.output.speed'],
    [{ audio: { output: { voice: 'ash' } } }, 'session.audio.output.voice'],
    [{ audio: { output: { voice: { id: 'voice_2' } } } }, 'session.audio.output.voice.id'],
    [{ max_output_tokens: 1001 }, 'session.max_output_tokens'],
    [{ max_output_tokens: 'inf' }, 'session.max_output_tokens'],
    [{ tool_choice: 'required' }, 'session.tool_choice'],
    [
      vad({ type: 'server_vad', silence_duration_ms: 199 }),
      'session.audio.input.turn_detection.silence_duration_ms',
    ],
  ])('%j is outside the rule', (session, param) => {
    expect(refusalOf(() => orderGa(preset, { session }))).toBe(`override_outside_rule ${param}`)
  })

  test('keeps everything else of the preset', () => {
    const order = orderGa(preset, { session: { audio: { output: { voice: 'cedar' } } } })
    expect(sent(order)).toEqual({
      expires_after: expiring(60),
      session: { ...realtime, audio: { ...realtime.audio, output: { voice: 'cedar' } } },
    })
    expect(orderGa(preset, {}).body).toBe(preset.body)
  })

  test('takes what only its old type had with it', () => {
    const wish = vad({ type: 'semantic_vad', eagerness: 'low' })
    expect(sent(orderGa(preset, { session: wish }))).toMatchObject({
      session: vad({ type: 'semantic_vad', eagerness: 'low', create_response: false }),
    })
    expect(sent(orderGa(preset, { session: wish }))).not.toHaveProperty(
      'session.audio.input.turn_detection.threshold',
    )
    const order = orderGa(preset, { session: { audio: { input: { format: { type: 'audio/pcmu' } } } } })
    expect(sent(order)).toHaveProperty('session.audio.input.format', { type: 'audio/pcmu' })
  })

  test('may change the model that is recorded', () => {
    expect(orderGa(preset, { session: { model: 'gpt-realtime-2.1-mini' } }).model).toBe(
      'gpt-realtime-2.1-mini',
    )
  })

  test('is refused where its value does not go with the rest of the session', () => {
    const whisper = presetOf({
      session: { type: 'transcription', audio: { input: { turn_detection: { type: 'server_vad' } } } },
      overrides: { 'audio.input.transcription.model': ['gpt-realtime-whisper'] },
    })
    const session = { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } }
    expect(refusalOf(() => orderGa(whisper, { session }))).toBe(
      'override_outside_rule session.audio.input.transcription.model',
    )
  })

  test('may bring a format’s rate along', () => {
    const telephone = presetOf({
      session: { type: 'realtime', audio: { input: { format: { type: 'audio/pcmu' } } } },
      overrides: { 'audio.input.format.type': ['audio/pcm'] },
    })
    const format = { type: 'audio/pcm', rate: 24_000 }
    expect(sent(orderGa(telephone, { session: { audio: { input: { format } } } }))).toHaveProperty(
      'session.audio.input.format',
      format,
    )
    expect(sent(orderFlat(telephone, { input_audio_format: 'pcm16' }))).toHaveProperty(
      'session.audio.input.format',
      format,
    )
  })
})
