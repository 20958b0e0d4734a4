import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'

const sandbox = useSandbox({ api: 'sessions' })

type Refusal = [field: string, value: unknown, code: string, param?: string]

const tool = (value: object, code: string, key: string): Refusal => [
  'tools',
  [value],
  code,
  `tools[0].${key}`,
]

/** What goes for a number in a range, whatever the field; a bound that is left out is not one. */
const outside = (field: string, kind: 'integer' | 'decimal', below?: number, above?: number): Refusal[] => [
  [field, 'much', 'invalid_type'],
  [field, null, 'invalid_type'],
  ...(below === undefined ? [] : [[field, below, `${kind}_below_min_value`] satisfies Refusal]),
  ...(above === undefined ? [] : [[field, above, `${kind}_above_max_value`] satisfies Refusal]),
]

const expiries = ['expires_after', 'expires_at'].flatMap((name): Refusal[] => {
  const path = `client_secret.${name}`
  const anchor = 'created_at'
  return [
    [path, 60, 'invalid_type'],
    [path, null, 'invalid_type'],
    [path, { seconds: 60 }, 'missing_required_parameter', `${path}.anchor`],
    [path, { anchor: 'now' }, 'invalid_value', `${path}.anchor`],
    [path, { anchor, seconds: 9 }, 'integer_below_min_value', `${path}.seconds`],
    [path, { anchor, seconds: 7201 }, 'integer_above_max_value', `${path}.seconds`],
    [path, { anchor, seconds: 60.5 }, 'invalid_type', `${path}.seconds`],
    [path, { anchor, seconds: '60' }, 'invalid_type', `${path}.seconds`],
    [path, { anchor, seconds: null }, 'invalid_type', `${path}.seconds`],
    [path, { anchor, minutes: 1 }, 'unknown_parameter', `${path}.minutes`],
  ]
})

const refusals: Refusal[] = [
  ['model', 5, 'invalid_type'],
  ['model', null, 'invalid_type'],
  ['modalities', [], 'invalid_value'],
  ['modalities', ['audio', 'audio'], 'invalid_value'],
  ['modalities', ['text', 'audio', 'text'], 'invalid_value'],
  ['modalities', ['video'], 'invalid_value', 'modalities[0]'],
  ['modalities', 'audio', 'invalid_type'],
  ['modalities', null, 'invalid_type'],
  ['instructions', 5, 'invalid_type'],
  ['instructions', null, 'invalid_type'],
  ['voice', { id: 'voice_1' }, 'invalid_type'],
  ['voice', null, 'invalid_type'],
  ...['input_audio_format', 'output_audio_format'].flatMap((field): Refusal[] => [
    [field, 'audio/pcm', 'invalid_value'],
    [field, { type: 'audio/pcm', rate: 24_000 }, 'invalid_type'],
    [field, null, 'invalid_type'],
  ]),
  ['input_audio_transcription', 'whisper-1', 'invalid_type'],
  ...['model', 'language', 'prompt'].flatMap((key): Refusal[] => [
    [`input_audio_transcription.${key}`, 5, 'invalid_type'],
    [`input_audio_transcription.${key}`, null, 'invalid_type'],
  ]),
  ...['languages', 'keywords', 'delay'].map(
    (key): Refusal => [`input_audio_transcription.${key}`, 'low', 'unknown_parameter'],
  ),
  ['turn_detection', 'server_vad', 'invalid_type'],
  ['turn_detection.type', 'none', 'invalid_value'],
  ['turn_detection.type', null, 'invalid_type'],
  ...outside('turn_detection.threshold', 'decimal', -0.1, 1.1),
  ...outside('turn_detection.prefix_padding_ms', 'integer', -1),
  ...outside('turn_detection.silence_duration_ms', 'integer', -1),
  ['turn_detection.prefix_padding_ms', 0.5, 'invalid_type'],
  ['turn_detection.silence_duration_ms', 0.5, 'invalid_type'],
  ['turn_detection.create_response', 'yes', 'invalid_type'],
  ['turn_detection.interrupt_response', 1, 'invalid_type'],
  ['turn_detection.eagerness', 'eager', 'invalid_value'],
  ['turn_detection.eagerness', null, 'invalid_type'],
  ['turn_detection.idle_timeout_ms', 6000, 'unknown_parameter'],
  ['input_audio_noise_reduction', 'near_field', 'invalid_type'],
  ['input_audio_noise_reduction.type', 'mid_field', 'invalid_value'],
  ['input_audio_noise_reduction.type', null, 'invalid_type'],
  ['input_audio_noise_reduction.strength', 0.5, 'unknown_parameter'],
  ['tools', null, 'invalid_type'],
  ['tools', {}, 'invalid_type'],
  tool({ type: 'mcp', name: 'docs' }, 'invalid_value', 'type'),
  tool({ type: 'function', strict: true }, 'unknown_parameter', 'strict'),
  tool({ type: 'function', server_url: 'https://a.example' }, 'unknown_parameter', 'server_url'),
  tool({ name: 5 }, 'invalid_type', 'name'),
  tool({ name: 'a', description: null }, 'invalid_type', 'description'),
  tool({ name: 'a', parameters: 'x' }, 'invalid_type', 'parameters'),
  ['tool_choice', { type: 'function', name: 'look_up' }, 'invalid_type'],
  ['tool_choice', 'look_up', 'invalid_value'],
  ['tool_choice', null, 'invalid_type'],
  ...outside('temperature', 'decimal', 0.59, 1.21),
  ...outside('speed', 'decimal', 0.24, 1.51),
  ['max_response_output_tokens', 0, 'integer_below_min_value'],
  ['max_response_output_tokens', 4097, 'integer_above_max_value'],
  ['max_response_output_tokens', 'infinite', 'invalid_value'],
  ['max_response_output_tokens', null, 'invalid_type'],
  ['max_response_output_tokens', 0.5, 'invalid_type'],
  ['tracing', 'none', 'invalid_value'],
  ['tracing.name', 'desk', 'unknown_parameter'],
  ['truncation', null, 'invalid_type'],
  ['truncation', { type: 'retention_ratio' }, 'missing_required_parameter', 'truncation.retention_ratio'],
  ['prompt', {}, 'missing_required_parameter', 'prompt.id'],
  ['client_secret', 'ek_mine', 'invalid_type'],
  ['client_secret', null, 'invalid_type'],
  ['client_secret.value', 'ek_mine', 'unknown_parameter'],
  ...expiries,
  [
    'client_secret',
    { expires_after: { anchor: 'created_at' }, expires_at: { anchor: 'created_at' } },
    'mutually_exclusive_parameters',
    'client_secret.expires_at',
  ],
  ...['type', 'session', 'audio', 'output_modalities', 'max_output_tokens', 'expires_after', 'preset'].map(
    (field): Refusal => [field, 'x', 'unknown_parameter'],
  ),
  ...['include', 'parallel_tool_calls', 'reasoning', 'id', 'object', '__proto__'].map(
    (field): Refusal => [field, 'x', 'unknown_parameter'],
  ),
]

describe('a flat request that OpenAI refused', () => {
  it.each(refusals)('%s = %j is refused as %s', async (field, value, code, param = field) => {
    expect(await refusalOf(post(sandbox(), nest(field, value), { path: flatPath }))).toStrictEqual(
      refused(code, param),
    )
  })

  it.each([
    ['[]', 'invalid_type'],
    ['null', 'invalid_type'],
    ['', null],
    ['{', null],
  ])('a body that is %j is refused', async (body, code) => {
    expect(await refusalOf(post(sandbox(), body, { path: flatPath }))).toStrictEqual(refused(code, null))
  })

  it.each([
    [
      { temperature: 2 },
      "Invalid 'temperature': decimal above maximum value. Expected a value <= 1.2, but got 2 instead.",
    ],
    [{ output_modalities: ['audio'] }, "Unknown parameter: 'output_modalities'."],
    [
      { modalities: [] },
      "Invalid modalities: []. Supported combinations are: ['text'] and ['audio'] and ['audio', 'text'].",
    ],
    [
      { client_secret: { expires_after: {} } },
      "Missing required parameter: 'client_secret.expires_after.anchor'.",
    ],
  ])('%j is refused with this message', async (body, message) => {
    const response = await post(sandbox(), body, { path: flatPath })
    expect(await response.json()).toMatchObject({ error: { message } })
  })
})
