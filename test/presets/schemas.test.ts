import type { SessionCreateParams } from 'openai/resources/beta/realtime/sessions'
import type { ClientSecretCreateParams } from 'openai/resources/realtime/client-secrets'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { presetsFile } from '../../src/presets/schema/file.ts'
import { flatEntry } from '../../src/presets/schema/flat.ts'
import { gaSession, gaSessions } from '../../src/presets/schema/ga.ts'
import { expiresAfter } from '../../src/presets/schema/parts.ts'
import { changed, fullFlat, fullRealtime, fullTranscription, fullTranslation } from './sessions.ts'

/** For one field of a full session: the values that it takes instead, and those that it refuses. */
type Row = readonly [path: string, takes: readonly unknown[], refuses: readonly unknown[]]

const input = 'audio.input'
const vad = 'audio.input.turn_detection'
const url = 'https://a.example'

const mcp = (more: object): readonly object[] => [{ type: 'mcp', server_label: 's', ...more }]
const named = (more: object): readonly object[] => [{ type: 'function', name: 'f', ...more }]

const realtime: readonly Row[] = [
  ['type', [], [undefined, 'live']],
  ['model', ['a-model-of-next-year'], ['', null]],
  ['instructions', [''], [null]],
  ['temperature', [], [0.8]],
  ['voice', [], ['marin']],
  ['modalities', [], [['audio']]],
  ['turn_detection', [], [null]],
  ['client_secret', [], [{}]],
  ['output_modalities', [['text']], [['audio', 'text'], [], 'audio', ['video']]],
  [
    `${input}.format`,
    [{ type: 'audio/pcmu' }, { type: 'audio/pcma' }],
    [
      'pcm16',
      { type: 'audio/pcm' },
      { type: 'audio/pcm', rate: 16_000 },
      { type: 'audio/pcmu', rate: 8000 },
      { type: 'audio/G711-ulaw' },
    ],
  ],
  [`${input}.transcription`, [null, {}], []],
  [`${input}.transcription.language`, [], [null, ['en']]],
  [`${input}.transcription.languages`, [], [[]]],
  [`${input}.transcription.delay`, [], ['none']],
  [`${input}.noise_reduction`, [null, { type: 'far_field' }, { strength: 0 }], []],
  [`${input}.noise_reduction.type`, [], ['mid_field']],
  [`${input}.noise_reduction.strength`, [], [-0.1, 1.1]],
  [
    vad,
    [null, { type: 'server_vad' }, { type: 'semantic_vad', eagerness: 'auto' }],
    [
      {},
      { type: 'semantic_vad', threshold: 0.5 },
      { type: 'semantic_vad', eagerness: 'eager' },
      { type: 'semantic_vad', idle_timeout_ms: 6000 },
    ],
  ],
  [`${vad}.type`, [], ['vad']],
  [`${vad}.threshold`, [0, 1], [-0.01, 1.01, '0.5']],
  [`${vad}.prefix_padding_ms`, [], [1.5]],
  [`${vad}.silence_duration_ms`, [], [-1]],
  [`${vad}.idle_timeout_ms`, [5000, 30_000, null], [4999, 30_001]],
  [`${vad}.eagerness`, [], ['low']],
  ['audio.output.voice', ['a-voice-of-next-year', { id: 'voice_1' }], ['', { name: 'marin' }]],
  ['audio.output.speed', [0.25, 1.5], [0.24, 1.51]],
  ['audio.ouput', [], [{}]],
  ['include', [], [['everything']]],
  ['parallel_tool_calls', [], ['yes']],
  ['reasoning', [{}], []],
  ['reasoning.effort', ['xhigh'], ['none']],
  ['max_output_tokens', [1, 'inf'], [0, 4097, 1.5, 'infinite']],
  ['truncation', ['auto', 'disabled'], ['never', { type: 'retention_ratio' }, { retention_ratio: 0.5 }]],
  ['truncation.retention_ratio', [0, 1], [1.1]],
  ['truncation.token_limits', [], [{ post_instructions: -1 }]],
  ['tracing', ['auto', null], ['on', { workflow: 'w' }]],
  ['prompt', [null, { id: 'pmpt_1', version: null, variables: null }], [{}]],
  [
    'tool_choice',
    ['none', 'auto', 'required', { type: 'mcp', server_label: 'shop', name: null }],
    ['look_up', { type: 'function' }, { type: 'mcp' }],
  ],
  ['tools', [[]], [{}, [{ name: 'look_up' }], [{ type: 'function' }]]],
  ['tools', [], [named({ strict: true }), named({ parameters: 'none' })]],
  ['tools', [mcp({ tunnel_id: `tunnel_${'a1'.repeat(16)}` })], [mcp({ tunnel_id: 'tunnel_1' })]],
  ['tools', [mcp({ connector_id: 'connector_gmail', require_approval: 'never' })], []],
  ['tools', [], [mcp({}), mcp({ server_label: undefined, server_url: url })]],
  ['tools', [], [mcp({ server_url: url, connector_id: 'connector_gmail' })]],
  [
    'tools',
    [mcp({ server_url: url, allowed_tools: ['a'] })],
    [mcp({ server_url: url, allowed_callers: ['none'] })],
  ],
  [
    'tools',
    [mcp({ server_url: url, allowed_tools: null, require_approval: null })],
    [mcp({ server_url: url, require_approval: 'sometimes' })],
  ],
]

const transcription: readonly Row[] = [
  ['model', [], ['gpt-live-transcribe']],
  ['instructions', [], ['x']],
  ['tools', [], [[]]],
  ['audio.output', [], [{}]],
]

const translation: readonly Row[] = [
  ['model', [], [undefined]],
  ['instructions', [], ['x']],
  ['audio.output.voice', [], ['marin']],
  [vad, [], [null]],
  [`${input}.noise_reduction`, [], [{ strength: 1 }]],
  [`${input}.transcription`, [], [{}]],
]

const voices = 'alloy ballad coral echo fable onyx nova sage shimmer verse marin'.split(' ')

const flat: readonly Row[] = [
  ...Object.keys(fullFlat).map((field): Row => [field, [null], []]),
  ['type', [], ['realtime']],
  ['audio', [], [{}]],
  ['output_modalities', [], [['audio']]],
  ['modalities', [['text'], ['audio'], ['text', 'audio'], []], [['video'], ['text', 'text'], 'text']],
  ['voice', voices, ['', { id: 'voice_1' }]],
  ['input_audio_format', ['g711_alaw'], ['pcm24']],
  ['output_audio_format', [], [{ type: 'audio/pcm' }]],
  ['input_audio_transcription', [{ model: null, language: null, prompt: null }], ['whisper-1']],
  ['input_audio_transcription.keywords', [], [['a']]],
  ['turn_detection', [{}, { type: 'semantic_vad', eagerness: 'medium' }], ['server_vad']],
  ['turn_detection.type', [], ['none']],
  ['turn_detection.threshold', [], [1.1]],
  ['turn_detection.idle_timeout_ms', [6000], [4999]],
  ['turn_detection.eagerness', ['low'], ['max']],
  ['turn_detection.silence_ms', [], [1]],
  ['input_audio_noise_reduction', [], ['near_field']],
  ['input_audio_noise_reduction.strength', [], [0.5]],
  ['tools', [[{ name: 'f', description: null }]], [mcp({ server_url: url }), [{ type: 'function' }]]],
  [
    'tool_choice',
    ['anything', { type: 'function', name: 'f' }],
    ['', { type: 'function', name: 'f.g' }, { type: 'mcp', name: 'f' }],
  ],
  ['temperature', [0.6, 1.2], [0.59, 1.21]],
  ['max_response_output_tokens', ['inf', 4096], [0, 4097]],
  ['speed', [0.25], [1.51]],
  ['tracing', ['auto'], ['off']],
  ['truncation', ['auto'], []],
  ['prompt', [{ id: 'pmpt_1' }], []],
  ['client_secret', [{}, { expires_at: { anchor: 'created_at', seconds: 7200 } }], [60]],
  ['client_secret.expires_after', [], [60]],
  ['client_secret.expires_after.anchor', [], ['now']],
  ['client_secret.expires_after.seconds', [], [9, 7201]],
  ['client_secret.value', [], ['ek_x']],
]

describe.each([
  ['realtime', gaSession, fullRealtime, realtime],
  ['transcription', gaSession, fullTranscription, transcription],
  ['translation', gaSession, fullTranslation, translation],
  ['flat', flatEntry, fullFlat, flat],
])('a %s session', (_, schema, session, rows) => {
  const cases = rows.flatMap(([path, takes, refuses]) => [
    ...takes.map((value) => ['takes', path, value, true] as const),
    ...refuses.map((value) => ['refuses', path, value, false] as const),
  ])

  it('passes unchanged with every field', () => {
    expect(schema.parse(session)).toEqual(session)
  })

  it.each(cases)('%s %s: %j', (_verb, path, value, isValid) => {
    expect(schema.safeParse(changed(session, path, value)).success).toBe(isValid)
  })
})

describe('the schemas', () => {
  it('name the fields that OpenAI’s SDK names, which tsc checks', () => {
    type Flat = Exclude<keyof z.infer<typeof flatEntry>, 'truncation' | 'prompt'>
    type Expiry = NonNullable<ClientSecretCreateParams['expires_after']>
    type Ga = { [type in keyof typeof gaSessions]: keyof z.infer<(typeof gaSessions)[type]> }
    expectTypeOf<Ga['realtime']>().toEqualTypeOf<keyof RealtimeSessionCreateRequest>()
    expectTypeOf<Ga['transcription']>().toEqualTypeOf<keyof RealtimeTranscriptionSessionCreateRequest>()
    expectTypeOf<Exclude<Ga['translation'], 'type'>>().toEqualTypeOf<
      keyof RealtimeTranslationSessionCreateRequest
    >()
    expectTypeOf<Flat>().toEqualTypeOf<keyof SessionCreateParams>()
    expectTypeOf<keyof z.infer<typeof expiresAfter>>().toEqualTypeOf<keyof Expiry>()
  })

  it('can be written as JSON Schema for editors', () => {
    const { properties } = z.toJSONSchema(presetsFile, { io: 'input' })
    expect(Object.keys(properties ?? {})).toEqual(['$schema', 'presets'])
  })
})
