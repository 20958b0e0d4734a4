import type { SessionCreateParams } from 'openai/resources/beta/realtime/sessions'
import type { ClientSecretCreateParams } from 'openai/resources/realtime/client-secrets'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { presetsFile } from '../../src/presets/file-schema.ts'
import { flatEntry } from '../../src/presets/flat-schema.ts'
import { gaSession, gaSessions } from '../../src/presets/ga-schema.ts'
import { expiresAfter } from '../../src/presets/schema-parts.ts'
import { changed, fullFlat, fullRealtime, fullTranscription, fullTranslation } from './sessions.ts'

test('the schemas name the fields that OpenAI’s SDK names, which tsc holds', () => {
  type Flat = Exclude<keyof z.infer<typeof flatEntry>, 'truncation' | 'prompt'>
  expectTypeOf<keyof z.infer<typeof gaSessions.realtime>>().toEqualTypeOf<
    keyof RealtimeSessionCreateRequest
  >()
  expectTypeOf<keyof z.infer<typeof gaSessions.transcription>>().toEqualTypeOf<
    keyof RealtimeTranscriptionSessionCreateRequest
  >()
  expectTypeOf<Exclude<keyof z.infer<typeof gaSessions.translation>, 'type'>>().toEqualTypeOf<
    keyof RealtimeTranslationSessionCreateRequest
  >()
  expectTypeOf<Flat>().toEqualTypeOf<keyof SessionCreateParams>()
  expectTypeOf<keyof z.infer<typeof expiresAfter>>().toEqualTypeOf<
    keyof NonNullable<ClientSecretCreateParams['expires_after']>
  >()
})

test.each([
  ['realtime', gaSession, fullRealtime],
  ['transcription', gaSession, fullTranscription],
  ['translation', gaSession, fullTranslation],
  ['flat', flatEntry, fullFlat],
])('a %s session with every field passes unchanged', (_, schema, session) => {
  expect(schema.parse(session)).toEqual(session)
})

const input = 'audio.input'
const vad = 'audio.input.turn_detection'

describe('a GA session takes', () => {
  test.each([
    ['model', 'a-model-of-next-year'],
    ['instructions', ''],
    ['output_modalities', ['text']],
    [`${input}.format`, { type: 'audio/pcmu' }],
    [`${input}.format`, { type: 'audio/pcma' }],
    [`${input}.transcription`, null],
    [`${input}.transcription`, {}],
    [`${input}.noise_reduction`, null],
    [`${input}.noise_reduction`, { type: 'far_field' }],
    [`${input}.noise_reduction`, { strength: 0 }],
    [vad, null],
    [vad, { type: 'server_vad' }],
    [vad, { type: 'semantic_vad', eagerness: 'auto' }],
    [`${vad}.threshold`, 0],
    [`${vad}.threshold`, 1],
    [`${vad}.idle_timeout_ms`, 5000],
    [`${vad}.idle_timeout_ms`, 30_000],
    [`${vad}.idle_timeout_ms`, null],
    ['audio.output.voice', 'a-voice-of-next-year'],
    ['audio.output.voice', { id: 'voice_1' }],
    ['audio.output.speed', 0.25],
    ['audio.output.speed', 1.5],
    ['max_output_tokens', 1],
    ['max_output_tokens', 'inf'],
    ['truncation', 'auto'],
    ['truncation', 'disabled'],
    ['truncation.retention_ratio', 0],
    ['truncation.retention_ratio', 1],
    ['tracing', 'auto'],
    ['tracing', null],
    ['prompt', null],
    ['prompt', { id: 'pmpt_1', version: null, variables: null }],
    ['tool_choice', 'none'],
    ['tool_choice', 'auto'],
    ['tool_choice', 'required'],
    ['tool_choice', { type: 'mcp', server_label: 'shop', name: null }],
    ['tools', []],
    ['tools', [{ type: 'mcp', server_label: 's', tunnel_id: `tunnel_${'a1'.repeat(16)}` }]],
    [
      'tools',
      [{ type: 'mcp', server_label: 's', connector_id: 'connector_gmail', require_approval: 'never' }],
    ],
    ['tools', [{ type: 'mcp', server_label: 's', server_url: 'https://a.example', allowed_tools: ['a'] }]],
    [
      'tools',
      [
        {
          type: 'mcp',
          server_label: 's',
          server_url: 'https://a.example',
          allowed_tools: null,
          require_approval: null,
        },
      ],
    ],
    ['reasoning.effort', 'xhigh'],
    ['reasoning', {}],
  ])('%s: %j', (path, value) => {
    expect(gaSession.safeParse(changed(fullRealtime, path, value)).error).toBeUndefined()
  })
})

/** Where a transcription session with this input is refused; undefined if nowhere. */
function ask(fields: object): string | undefined {
  const { error } = gaSession.safeParse({ type: 'transcription', audio: { input: fields } })
  return error?.issues[0]?.path.join('.')
}

describe('a GA session refuses', () => {
  test.each([
    ['type', undefined],
    ['type', 'live'],
    ['model', ''],
    ['model', null],
    ['instructions', null],
    ['temperature', 0.8],
    ['voice', 'marin'],
    ['modalities', ['audio']],
    ['turn_detection', null],
    ['client_secret', {}],
    ['output_modalities', ['audio', 'text']],
    ['output_modalities', []],
    ['output_modalities', 'audio'],
    ['output_modalities', ['video']],
    [`${input}.format`, 'pcm16'],
    [`${input}.format`, { type: 'audio/pcm' }],
    [`${input}.format`, { type: 'audio/pcm', rate: 16_000 }],
    [`${input}.format`, { type: 'audio/pcmu', rate: 8000 }],
    [`${input}.format`, { type: 'audio/G711-ulaw' }],
    [`${input}.transcription.language`, null],
    [`${input}.transcription.language`, ['en']],
    [`${input}.transcription.languages`, []],
    [`${input}.transcription.delay`, 'none'],
    [`${input}.noise_reduction.type`, 'mid_field'],
    [`${input}.noise_reduction.strength`, -0.1],
    [`${input}.noise_reduction.strength`, 1.1],
    [vad, {}],
    [`${vad}.type`, 'vad'],
    [`${vad}.threshold`, -0.01],
    [`${vad}.threshold`, 1.01],
    [`${vad}.threshold`, '0.5'],
    [`${vad}.prefix_padding_ms`, 1.5],
    [`${vad}.silence_duration_ms`, -1],
    [`${vad}.idle_timeout_ms`, 4999],
    [`${vad}.idle_timeout_ms`, 30_001],
    [`${vad}.eagerness`, 'low'],
    [vad, { type: 'semantic_vad', threshold: 0.5 }],
    [vad, { type: 'semantic_vad', eagerness: 'eager' }],
    [vad, { type: 'semantic_vad', idle_timeout_ms: 6000 }],
    ['audio.output.voice', ''],
    ['audio.output.voice', { name: 'marin' }],
    ['audio.output.speed', 0.24],
    ['audio.output.speed', 1.51],
    ['audio.ouput', {}],
    ['include', ['everything']],
    ['parallel_tool_calls', 'yes'],
    ['reasoning.effort', 'none'],
    ['max_output_tokens', 0],
    ['max_output_tokens', 4097],
    ['max_output_tokens', 1.5],
    ['max_output_tokens', 'infinite'],
    ['truncation', 'never'],
    ['truncation', { type: 'retention_ratio' }],
    ['truncation', { retention_ratio: 0.5 }],
    ['truncation.retention_ratio', 1.1],
    ['truncation.token_limits', { post_instructions: -1 }],
    ['tracing', 'on'],
    ['tracing', { workflow: 'w' }],
    ['prompt', {}],
    ['tool_choice', 'look_up'],
    ['tool_choice', { type: 'function' }],
    ['tool_choice', { type: 'mcp' }],
    ['tools', {}],
    ['tools', [{ name: 'look_up' }]],
    ['tools', [{ type: 'function' }]],
    ['tools', [{ type: 'function', name: 'f', strict: true }]],
    ['tools', [{ type: 'function', name: 'f', parameters: 'none' }]],
    ['tools', [{ type: 'mcp', server_label: 's' }]],
    ['tools', [{ type: 'mcp', server_url: 'https://a.example' }]],
    ['tools', [{ type: 'mcp', server_label: 's', tunnel_id: 'tunnel_1' }]],
    [
      'tools',
      [{ type: 'mcp', server_label: 's', server_url: 'https://a.example', connector_id: 'connector_gmail' }],
    ],
    [
      'tools',
      [{ type: 'mcp', server_label: 's', server_url: 'https://a.example', require_approval: 'sometimes' }],
    ],
    [
      'tools',
      [{ type: 'mcp', server_label: 's', server_url: 'https://a.example', allowed_callers: ['none'] }],
    ],
  ])('%s: %j', (path, value) => {
    expect(gaSession.safeParse(changed(fullRealtime, path, value)).success).toBe(false)
  })

  test('what some transcription models do not take', () => {
    const whisper = { model: 'gpt-realtime-whisper' }
    expect(ask({ transcription: whisper, turn_detection: null })).toBeUndefined()
    expect(ask({ transcription: whisper })).toBeUndefined()
    expect(ask({ transcription: whisper, turn_detection: { type: 'server_vad' } })).toBe(vad)
    expect(ask({ transcription: { ...whisper, prompt: 'p' } })).toBe(`${input}.transcription.prompt`)
    expect(ask({ transcription: { model: 'gpt-4o-transcribe-diarize', prompt: 'p' } })).toBe(
      `${input}.transcription.prompt`,
    )
  })
})

describe('each type of session has its own fields', () => {
  test.each([
    [fullTranscription, 'model', 'gpt-live-transcribe'],
    [fullTranscription, 'instructions', 'x'],
    [fullTranscription, 'tools', []],
    [fullTranscription, 'audio.output', {}],
    [fullTranslation, 'model', undefined],
    [fullTranslation, 'instructions', 'x'],
    [fullTranslation, 'audio.output.voice', 'marin'],
    [fullTranslation, 'audio.input.turn_detection', null],
    [fullTranslation, 'audio.input.noise_reduction', { strength: 1 }],
    [fullTranslation, 'audio.input.transcription', {}],
  ])('%j is refused with %s: %j', (session, path, value) => {
    expect(gaSession.safeParse(changed(session, path, value)).success).toBe(false)
  })
})

test('the file’s schema can be written as JSON Schema for editors', () => {
  const { properties } = z.toJSONSchema(presetsFile, { io: 'input' })
  expect(Object.keys(properties ?? {})).toEqual(['$schema', 'presets'])
})
