import type { SessionCreateParams } from 'openai/resources/beta/realtime/sessions'
import type { ClientSecretCreateParams } from 'openai/resources/realtime/client-secrets'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { putAt, toPath } from '../../src/presets/fields.ts'
import { presetsFile } from '../../src/presets/file-schema.ts'
import { flatSession } from '../../src/presets/flat-schema.ts'
import { gaSession, gaSessions } from '../../src/presets/ga-schema.ts'
import { expiresAfter } from '../../src/presets/schema-parts.ts'
import { fullFlat, fullRealtime, fullTranscription, fullTranslation } from './sessions.ts'

/** Compiles only while the schema and the SDK name the same fields. */
type Same<One, Other> = [Exclude<One, Other>, Exclude<Other, One>] extends [never, never] ? true : never
const sameFields: readonly true[] = [
  true satisfies Same<keyof z.infer<typeof gaSessions.realtime>, keyof RealtimeSessionCreateRequest>,
  true satisfies Same<
    keyof z.infer<typeof gaSessions.transcription>,
    keyof RealtimeTranscriptionSessionCreateRequest
  >,
  true satisfies Same<
    Exclude<keyof z.infer<typeof gaSessions.translation>, 'type'>,
    keyof RealtimeTranslationSessionCreateRequest
  >,
  true satisfies Same<
    Exclude<keyof z.infer<typeof flatSession>, 'truncation' | 'prompt'>,
    keyof SessionCreateParams
  >,
  true satisfies Same<
    keyof z.infer<typeof expiresAfter>,
    keyof NonNullable<ClientSecretCreateParams['expires_after']>
  >,
]

/** A copy of a session with one thing in it changed; undefined takes the thing out. */
function changed(session: object, path: string, value: unknown): unknown {
  const copy: Record<string, unknown> = structuredClone({ ...session })
  putAt(copy, toPath(path), value)
  return JSON.parse(JSON.stringify(copy))
}

test('the schemas have the fields that OpenAI’s SDK has', () => {
  expect(sameFields).toEqual([true, true, true, true, true])
})

test.each([
  ['realtime', gaSession, fullRealtime],
  ['transcription', gaSession, fullTranscription],
  ['translation', gaSession, fullTranslation],
  ['flat', flatSession, fullFlat],
])('a %s session with every field passes unchanged', (_, schema, session) => {
  expect(schema.parse(session)).toEqual(session)
})

const input = 'audio.input'
const vad = `${input}.turn_detection`

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
    const ask = (fields: object) =>
      gaSession
        .safeParse({ type: 'transcription', audio: { input: fields } })
        .error?.issues[0]?.path.join('.')
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

describe('a flat session takes', () => {
  test.each([
    ...Object.keys(fullFlat).map((field) => [field, null] as const),
    ['modalities', ['text']],
    ['modalities', ['audio']],
    ['modalities', ['text', 'audio']],
    ['modalities', []],
    ...['alloy', 'ballad', 'coral', 'echo', 'fable', 'onyx', 'nova', 'sage', 'shimmer', 'verse', 'marin'].map(
      (voice) => ['voice', voice] as const,
    ),
    ['input_audio_format', 'g711_alaw'],
    ['input_audio_transcription', { model: null, language: null, prompt: null }],
    ['turn_detection', {}],
    ['turn_detection', { type: 'semantic_vad', eagerness: 'medium' }],
    ['turn_detection.idle_timeout_ms', 6000],
    ['turn_detection.eagerness', 'low'],
    ['tools', [{ name: 'f', description: null }]],
    ['tool_choice', 'anything'],
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
  ])('%s: %j', (path, value) => {
    expect(flatSession.safeParse(changed(fullFlat, path, value)).error).toBeUndefined()
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
    ['tool_choice', { type: 'function', name: 'f' }],
    ['tool_choice', ''],
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
    expect(flatSession.safeParse(changed(fullFlat, path, value)).success).toBe(false)
  })
})

test('the file’s schema can be written as JSON Schema for editors', () => {
  const { properties } = z.toJSONSchema(presetsFile, { io: 'input' })
  expect(Object.keys(properties ?? {})).toEqual(['$schema', 'presets'])
})
