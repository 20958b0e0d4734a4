/** What the flat endpoint refused because of a value, or of another field. */
import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'
import { exclusive, expiries, invalid, missing, outside, type Row, tool, unknown } from './refusals.ts'

const sandbox = useSandbox({ api: 'sessions' })
const secret = 'client_secret'
const bothExpiries = { expires_after: { anchor: 'created_at' }, expires_at: { anchor: 'created_at' } }
const gaNames = 'type session audio output_modalities max_output_tokens expires_after preset include'.split(
  ' ',
)
const otherNames = 'parallel_tool_calls reasoning id object __proto__'.split(' ')
const whisperNames = ['languages', 'keywords', 'delay'].map((key) => `input_audio_transcription.${key}`)

const flatRefusals: Row[] = [
  ['modalities', [], invalid],
  ['modalities', ['audio', 'audio'], invalid],
  ['modalities', ['text', 'audio', 'text'], invalid],
  ['modalities', ['video'], invalid, 'modalities[0]'],
  ['voice', { id: 'voice_1' }, 'invalid_type'],
  ...['input_audio_format', 'output_audio_format'].flatMap((field): Row[] => [
    [field, 'audio/pcm', invalid],
    [field, { type: 'audio/pcm', rate: 24_000 }, 'invalid_type'],
  ]),
  ['turn_detection.type', 'none', invalid],
  ...outside('turn_detection.threshold', 'decimal', -0.1, 1.1),
  ...outside('turn_detection.prefix_padding_ms', 'integer', -1),
  ...outside('turn_detection.silence_duration_ms', 'integer', -1),
  ['turn_detection.prefix_padding_ms', 0.5, 'invalid_type'],
  ['turn_detection.silence_duration_ms', 0.5, 'invalid_type'],
  ['turn_detection.eagerness', 'eager', invalid],
  ['turn_detection.idle_timeout_ms', 6000, unknown],
  ['input_audio_noise_reduction.type', 'mid_field', invalid],
  ['input_audio_noise_reduction.strength', 0.5, unknown],
  tool({ type: 'mcp', name: 'docs' }, invalid, 'type'),
  tool({ type: 'function', strict: true }, unknown, 'strict'),
  tool({ type: 'function', server_url: 'https://a.example' }, unknown, 'server_url'),
  ['tool_choice', { type: 'function', name: 'look_up' }, 'invalid_type'],
  ['tool_choice', 'look_up', invalid],
  ...outside('temperature', 'decimal', 0.59, 1.21),
  ...outside('speed', 'decimal', 0.24, 1.51),
  ...outside('max_response_output_tokens', 'integer', 0, 4097),
  ['max_response_output_tokens', 'infinite', invalid],
  ['max_response_output_tokens', 0.5, 'invalid_type'],
  ['tracing', 'none', invalid],
  ['truncation', { type: 'retention_ratio' }, missing, 'truncation.retention_ratio'],
  ['prompt', {}, missing, 'prompt.id'],
  ...['ek_mine', null].map((value): Row => [secret, value, 'invalid_type']),
  [`${secret}.value`, 'ek_mine', unknown],
  ...expiries(`${secret}.expires_after`),
  ...expiries(`${secret}.expires_at`),
  [secret, bothExpiries, exclusive, `${secret}.expires_at`],
  ...[...gaNames, ...otherNames, ...whisperNames].map((name): Row => [name, 'x', unknown]),
]

describe('a flat request', () => {
  it.each(flatRefusals)('with %s = %j is refused as %s', async (field, value, code, param = field) => {
    const response = post(sandbox(), nest(field, value), { path: flatPath })
    expect(await refusalOf(response)).toStrictEqual(refused(code, param))
  })
})

describe('a flat body', () => {
  it.each([
    ['[]', 'invalid_type'],
    ['null', 'invalid_type'],
    ['', null],
    ['{', null],
  ])('of %j is refused', async (body, code) => {
    expect(await refusalOf(post(sandbox(), body, { path: flatPath }))).toStrictEqual(refused(code, null))
  })
})
