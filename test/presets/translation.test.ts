import { describe, expect, test } from 'vitest'
import type { FlatSession } from '../../src/presets/flat-schema.ts'
import { toFlatValue, toGaSession } from '../../src/presets/translation.ts'
import { fullFlat } from './sessions.ts'

const pcm = { type: 'audio/pcm', rate: 24_000 }

describe('each flat field has its place in a GA session', () => {
  test.each<[FlatSession, object]>([
    [{}, {}],
    [{ model: 'm' }, { model: 'm' }],
    [{ modalities: ['audio', 'text'] }, { output_modalities: ['audio'] }],
    [{ modalities: ['text', 'audio'] }, { output_modalities: ['audio'] }],
    [{ modalities: ['audio'] }, { output_modalities: ['audio'] }],
    [{ modalities: ['text'] }, { output_modalities: ['text'] }],
    [{ modalities: [] }, {}],
    [{ instructions: 'Be kind.' }, { instructions: 'Be kind.' }],
    [{ instructions: '' }, { instructions: '' }],
    [{ voice: 'ash' }, { audio: { output: { voice: 'ash' } } }],
    [{ input_audio_format: 'pcm16' }, { audio: { input: { format: pcm } } }],
    [{ input_audio_format: 'g711_ulaw' }, { audio: { input: { format: { type: 'audio/pcmu' } } } }],
    [{ input_audio_format: 'g711_alaw' }, { audio: { input: { format: { type: 'audio/pcma' } } } }],
    [{ output_audio_format: 'pcm16' }, { audio: { output: { format: pcm } } }],
    [{ output_audio_format: 'g711_ulaw' }, { audio: { output: { format: { type: 'audio/pcmu' } } } }],
    [{ output_audio_format: 'g711_alaw' }, { audio: { output: { format: { type: 'audio/pcma' } } } }],
    [
      { input_audio_transcription: { model: 'whisper-1', language: 'en', prompt: 'p' } },
      { audio: { input: { transcription: { model: 'whisper-1', language: 'en', prompt: 'p' } } } },
    ],
    [
      { input_audio_transcription: { model: 'whisper-1', language: null, prompt: null } },
      { audio: { input: { transcription: { model: 'whisper-1' } } } },
    ],
    [{ input_audio_transcription: null }, { audio: { input: { transcription: null } } }],
    [{ turn_detection: null }, { audio: { input: { turn_detection: null } } }],
    [{ turn_detection: {} }, { audio: { input: { turn_detection: { type: 'server_vad' } } } }],
    [
      {
        turn_detection: {
          type: null,
          threshold: 0.2,
          prefix_padding_ms: 1,
          silence_duration_ms: 2,
          create_response: false,
        },
      },
      {
        audio: {
          input: {
            turn_detection: {
              type: 'server_vad',
              threshold: 0.2,
              prefix_padding_ms: 1,
              silence_duration_ms: 2,
              create_response: false,
            },
          },
        },
      },
    ],
    [
      { turn_detection: { type: 'server_vad', idle_timeout_ms: null, threshold: null } },
      { audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: null } } } },
    ],
    [
      { turn_detection: { type: 'semantic_vad', eagerness: 'high', interrupt_response: true } },
      {
        audio: {
          input: { turn_detection: { type: 'semantic_vad', eagerness: 'high', interrupt_response: true } },
        },
      },
    ],
    [
      { input_audio_noise_reduction: { type: 'far_field' } },
      { audio: { input: { noise_reduction: { type: 'far_field' } } } },
    ],
    [{ input_audio_noise_reduction: { type: null } }, { audio: { input: { noise_reduction: {} } } }],
    [{ input_audio_noise_reduction: null }, { audio: { input: { noise_reduction: null } } }],
    [{ tools: [{ name: 'f', description: null }] }, { tools: [{ type: 'function', name: 'f' }] }],
    [
      { tools: [{ type: null, name: 'f', parameters: { type: 'object' } }] },
      { tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }] },
    ],
    [{ tools: [] }, { tools: [] }],
    [{ tool_choice: 'auto' }, { tool_choice: 'auto' }],
    [{ tool_choice: 'none' }, { tool_choice: 'none' }],
    [{ tool_choice: 'required' }, { tool_choice: 'required' }],
    [
      { tools: [{ name: 'f' }], tool_choice: 'f' },
      { tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'function', name: 'f' } },
    ],
    [{ max_response_output_tokens: 7 }, { max_output_tokens: 7 }],
    [{ max_response_output_tokens: 'inf' }, { max_output_tokens: 'inf' }],
    [{ speed: 1.5 }, { audio: { output: { speed: 1.5 } } }],
    [{ tracing: 'auto' }, { tracing: 'auto' }],
    [{ tracing: { group_id: 'g' } }, { tracing: { group_id: 'g' } }],
    [{ tracing: null }, { tracing: null }],
    [{ truncation: 'disabled' }, { truncation: 'disabled' }],
    [{ prompt: { id: 'p' } }, { prompt: { id: 'p' } }],
    [{ prompt: null }, { prompt: null }],
    [
      {
        model: null,
        modalities: null,
        instructions: null,
        voice: null,
        input_audio_format: null,
        output_audio_format: null,
        tools: null,
        tool_choice: null,
        temperature: null,
        max_response_output_tokens: null,
        speed: null,
        truncation: null,
      },
      {},
    ],
  ])('%j becomes %j', (flat, ga) => {
    expect(toGaSession(flat)).toEqual({
      session: { type: 'realtime', ...ga },
      dropped: [],
      unknownTool: false,
    })
  })
})

describe('what GA has no place for is left out and said', () => {
  test.each<[FlatSession, object, readonly string[]]>([
    [{ temperature: 0.8 }, {}, ['temperature']],
    [
      { turn_detection: { type: 'server_vad', eagerness: 'low' } },
      { audio: { input: { turn_detection: { type: 'server_vad' } } } },
      ['turn_detection.eagerness'],
    ],
    [
      {
        turn_detection: {
          type: 'semantic_vad',
          threshold: 0.5,
          prefix_padding_ms: 1,
          silence_duration_ms: 2,
          idle_timeout_ms: 6000,
        },
      },
      { audio: { input: { turn_detection: { type: 'semantic_vad' } } } },
      [
        'turn_detection.threshold',
        'turn_detection.prefix_padding_ms',
        'turn_detection.silence_duration_ms',
        'turn_detection.idle_timeout_ms',
      ],
    ],
    [
      { turn_detection: { type: 'semantic_vad', idle_timeout_ms: null } },
      { audio: { input: { turn_detection: { type: 'semantic_vad' } } } },
      [],
    ],
    [
      { input_audio_transcription: { model: 'gpt-realtime-whisper', prompt: 'p' } },
      { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } },
      ['input_audio_transcription.prompt'],
    ],
  ])('%j', (flat, ga, dropped) => {
    const translation = toGaSession(flat)
    expect(translation.session).toEqual({ type: 'realtime', ...ga })
    expect(translation.dropped.map(({ path }) => path)).toEqual(dropped)
  })
})

test.each<[string, FlatSession, boolean]>([
  ['auto', { tool_choice: 'auto' }, false],
  ['a function of the session', { tools: [{ name: 'f' }], tool_choice: 'f' }, false],
  ['a function that is not there', { tools: [{ name: 'f' }], tool_choice: 'g' }, true],
  ['anything without functions', { tool_choice: 'any' }, true],
])('a tool_choice that says %s', (_, flat, isUnknown) => {
  expect(toGaSession(flat).unknownTool).toBe(isUnknown)
})

test('a tool that is chosen by name can be said flat again', () => {
  expect(toFlatValue('tool_choice', { type: 'function', name: 'look_up' })).toBe('look_up')
})

test('a session with every field loses only its temperature', () => {
  const { client_secret: _, ...flat } = fullFlat
  const { session, dropped } = toGaSession(flat)
  expect(dropped.map(({ path }) => path)).toEqual(['temperature'])
  expect(session).toEqual({
    type: 'realtime',
    model: 'gpt-4o-realtime-preview',
    output_modalities: ['audio'],
    instructions: 'Be kind.',
    audio: {
      input: {
        format: pcm,
        transcription: flat.input_audio_transcription,
        turn_detection: flat.turn_detection,
        noise_reduction: { type: 'near_field' },
      },
      output: { voice: 'ash', format: { type: 'audio/pcmu' }, speed: 1.1 },
    },
    tools: flat.tools,
    tool_choice: { type: 'function', name: 'look_up' },
    max_output_tokens: 2048,
    tracing: flat.tracing,
  })
})
