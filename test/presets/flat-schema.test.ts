import { describe, expect, test } from 'vitest'
import { flatEntry } from '../../src/presets/flat-schema.ts'
import { changed, fullFlat } from './sessions.ts'

type Row = readonly [path: string, value: unknown]

describe('a flat session takes', () => {
  const rows: readonly Row[] = [
    ...Object.keys(fullFlat).map((field) => [field, null] satisfies Row),
    ['modalities', ['text']],
    ['modalities', ['audio']],
    ['modalities', ['text', 'audio']],
    ['modalities', []],
    ...['alloy', 'ballad', 'coral', 'echo', 'fable', 'onyx', 'nova', 'sage', 'shimmer', 'verse', 'marin'].map(
      (voice) => ['voice', voice] satisfies Row,
    ),
    ['input_audio_format', 'g711_alaw'],
    ['input_audio_transcription', { model: null, language: null, prompt: null }],
    ['turn_detection', {}],
    ['turn_detection', { type: 'semantic_vad', eagerness: 'medium' }],
    ['turn_detection.idle_timeout_ms', 6000],
    ['turn_detection.eagerness', 'low'],
    ['tools', [{ name: 'f', description: null }]],
    ['tool_choice', 'anything'],
    ['tool_choice', { type: 'function', name: 'f' }],
    ['temperature', 0.6],
    ['temperature', 1.2],
    ['max_response_output_tokens', 'inf'],
    ['max_response_output_tokens', 4096],
    ['speed', 0.25],
    ['tracing', 'auto'],
    ['truncation', 'auto'],
    ['prompt', { id: 'pmpt_1' }],
    ['client_secret', {}],
    ['client_secret', { expires_at: { anchor: 'created_at', seconds: 7200 } }],
  ]
  test.each(rows)('%s: %j', (path, value) => {
    expect(flatEntry.safeParse(changed(fullFlat, path, value)).error).toBeUndefined()
  })
})

describe('a flat session refuses', () => {
  test.each([
    ['type', 'realtime'],
    ['audio', {}],
    ['output_modalities', ['audio']],
    ['modalities', ['video']],
    ['modalities', ['text', 'text']],
    ['modalities', 'text'],
    ['voice', ''],
    ['voice', { id: 'voice_1' }],
    ['input_audio_format', 'pcm24'],
    ['output_audio_format', { type: 'audio/pcm' }],
    ['input_audio_transcription', 'whisper-1'],
    ['input_audio_transcription.keywords', ['a']],
    ['turn_detection', 'server_vad'],
    ['turn_detection.type', 'none'],
    ['turn_detection.threshold', 1.1],
    ['turn_detection.eagerness', 'max'],
    ['turn_detection.idle_timeout_ms', 4999],
    ['turn_detection.silence_ms', 1],
    ['input_audio_noise_reduction', 'near_field'],
    ['input_audio_noise_reduction.strength', 0.5],
    ['tools', [{ type: 'mcp', server_label: 's', server_url: 'https://a.example' }]],
    ['tools', [{ type: 'function' }]],
    ['tool_choice', ''],
    ['tool_choice', { type: 'function', name: 'f.g' }],
    ['tool_choice', { type: 'mcp', name: 'f' }],
    ['temperature', 0.59],
    ['temperature', 1.21],
    ['max_response_output_tokens', 0],
    ['max_response_output_tokens', 4097],
    ['speed', 1.51],
    ['tracing', 'off'],
    ['client_secret', 60],
    ['client_secret.expires_after', 60],
    ['client_secret.expires_after.anchor', 'now'],
    ['client_secret.expires_after.seconds', 9],
    ['client_secret.expires_after.seconds', 7201],
    ['client_secret.value', 'ek_x'],
  ])('%s: %j', (path, value) => {
    expect(flatEntry.safeParse(changed(fullFlat, path, value)).success).toBe(false)
  })
})
