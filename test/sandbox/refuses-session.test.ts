import { describe, expect, it } from 'vitest'
import { nest, post, refusalOf, refused, useSandbox } from './caller.ts'

const sandbox = useSandbox()

const pcm = { type: 'audio/pcm', rate: 24_000 }
const mcp = { type: 'mcp', server_label: 'docs' }
const url = { server_url: 'https://mcp.example.com' }
const logprobs = 'item.input_audio_transcription.logprobs'
const tunnel = `tunnel_${'a1'.repeat(16)}`

type Refusal = [field: string, value: unknown, code: string, param?: string]

const inputRefusals: Refusal[] = [
  ['audio', 'loud', 'invalid_type'],
  ['audio', null, 'invalid_type'],
  ['audio.volume', 1, 'unknown_parameter'],
  ['audio.input.gain', 1, 'unknown_parameter'],
  ['audio.input.format', 'pcm16', 'invalid_type'],
  ['audio.input.format', { rate: 24_000 }, 'missing_required_parameter', 'audio.input.format.type'],
  ['audio.input.format', { type: 'audio/pcm' }, 'missing_required_parameter', 'audio.input.format.rate'],
  ['audio.input.format', { ...pcm, rate: 16_000 }, 'integer_below_min_value', 'audio.input.format.rate'],
  ['audio.input.format', { ...pcm, rate: 24_001 }, 'integer_above_max_value', 'audio.input.format.rate'],
  ['audio.input.format', { ...pcm, channels: 1 }, 'unknown_parameter', 'audio.input.format.channels'],
  ['audio.input.format', { type: 'audio/pcma', rate: 8000 }, 'unknown_parameter', 'audio.input.format.rate'],
  ['audio.input.format', { type: 'pcm16' }, 'invalid_value', 'audio.input.format.type'],
  ['audio.input.format', { type: 5 }, 'invalid_type', 'audio.input.format.type'],
  ['audio.input.format', { type: 'audio/pcmu', rate: 8000 }, 'unknown_parameter', 'audio.input.format.rate'],
  ['audio.input.transcription', 'whisper-1', 'invalid_type'],
  ['audio.input.transcription.model', 1, 'invalid_type'],
  ['audio.input.transcription.language', null, 'invalid_type'],
  ['audio.input.transcription.language', ['en'], 'invalid_type'],
  ['audio.input.transcription.languages', [], 'empty_array'],
  ['audio.input.transcription.languages', 'en', 'invalid_type'],
  ['audio.input.transcription.languages', [1], 'invalid_type', 'audio.input.transcription.languages[0]'],
  ['audio.input.transcription.keywords', 'Astoria', 'invalid_type'],
  ['audio.input.transcription.prompt', 1, 'invalid_type'],
  ['audio.input.transcription.delay', 'none', 'invalid_value'],
  ['audio.input.transcription.delay', 5, 'invalid_type'],
  ['audio.input.transcription.temperature', 0, 'unknown_parameter'],
  ...['gpt-realtime-whisper', 'gpt-4o-transcribe-diarize'].map(
    (model): Refusal => [
      'audio.input.transcription',
      { model, prompt: 'x' },
      'invalid_value',
      'audio.input.transcription.prompt',
    ],
  ),
  ['audio.input.noise_reduction', 'near_field', 'invalid_type'],
  ['audio.input.noise_reduction.type', 'mid_field', 'invalid_value'],
  ['audio.input.noise_reduction.type', null, 'invalid_type'],
  ['audio.input.noise_reduction.strength', -0.1, 'decimal_below_min_value'],
  ['audio.input.noise_reduction.strength', 1.1, 'decimal_above_max_value'],
  ['audio.input.noise_reduction.strength', 'full', 'invalid_type'],
  ['audio.input.noise_reduction.mode', 'x', 'unknown_parameter'],
  ['audio.input.turn_detection', 'server_vad', 'invalid_type'],
  ['audio.input.turn_detection', {}, 'missing_required_parameter', 'audio.input.turn_detection.type'],
  ['audio.input.turn_detection', { type: 'none' }, 'invalid_value', 'audio.input.turn_detection.type'],
  ...serverVad('threshold', -0.1, 'decimal_below_min_value'),
  ...serverVad('threshold', 1.1, 'decimal_above_max_value'),
  ...serverVad('threshold', '0.5', 'invalid_type'),
  ...serverVad('prefix_padding_ms', -1, 'integer_below_min_value'),
  ...serverVad('prefix_padding_ms', 0.5, 'invalid_type'),
  ...serverVad('silence_duration_ms', -1, 'integer_below_min_value'),
  ...serverVad('silence_duration_ms', 0.5, 'invalid_type'),
  ...serverVad('idle_timeout_ms', 4999, 'integer_below_min_value'),
  ...serverVad('idle_timeout_ms', 30_001, 'integer_above_max_value'),
  ...serverVad('create_response', 'yes', 'invalid_type'),
  ...serverVad('interrupt_response', 1, 'invalid_type'),
  ...serverVad('eagerness', 'low', 'unknown_parameter'),
  ...semanticVad('eagerness', 'eager', 'invalid_value'),
  ...semanticVad('create_response', null, 'invalid_type'),
  ...semanticVad('interrupt_response', 'no', 'invalid_type'),
  ...['threshold', 'prefix_padding_ms', 'silence_duration_ms', 'idle_timeout_ms'].flatMap((key) =>
    semanticVad(key, 1, 'unknown_parameter'),
  ),
  ['audio.input.transcription.prompt', 'x'.repeat(1_025), 'string_above_max_length'],
  ...['languages', 'keywords'].map(
    (key): Refusal => [
      'audio.input.transcription',
      { model: 'gpt-4o-mini-transcribe', [key]: ['en'] },
      'invalid_value',
      `audio.input.transcription.${key}`,
    ],
  ),
  ...['<', '>', '\r', '\n'].map(
    (character): Refusal => [
      'audio.input.transcription.keywords',
      ['fine', `a${character}b`],
      'invalid_value',
      'audio.input.transcription.keywords[1]',
    ],
  ),
  ['include', [logprobs, 'everything'], 'invalid_value', 'include[1]'],
  ['include', logprobs, 'invalid_type'],
  ['temperature', 0.8, 'unknown_parameter'],
  ['__proto__', {}, 'unknown_parameter'],
]

const realtimeRefusals: Refusal[] = [
  ...inputRefusals,
  ['model', 5, 'invalid_type'],
  ['instructions', null, 'invalid_type'],
  ...['voice', 'modalities', 'turn_detection', 'input_audio_format', 'speed', 'client_secret', 'id'].map(
    (key): Refusal => [key, 'x', 'unknown_parameter'],
  ),
  ['max_response_output_tokens', 1, 'unknown_parameter'],
  ['output_modalities', ['audio', 'text'], 'invalid_value'],
  ['output_modalities', [], 'invalid_value'],
  ['output_modalities', ['video'], 'invalid_value', 'output_modalities[0]'],
  ['output_modalities', 'audio', 'invalid_type'],
  ['audio.output.gain', 1, 'unknown_parameter'],
  ['audio.output.format', 'g711_ulaw', 'invalid_type'],
  ['audio.output.format', { type: 'audio/pcm' }, 'missing_required_parameter', 'audio.output.format.rate'],
  ['audio.output.voice', 5, 'invalid_type'],
  ['audio.output.voice', {}, 'missing_required_parameter', 'audio.output.voice.id'],
  ['audio.output.voice', { id: 'voice_1', name: 'x' }, 'unknown_parameter', 'audio.output.voice.name'],
  ['audio.output.speed', 0.24, 'decimal_below_min_value'],
  ['audio.output.speed', 1.51, 'decimal_above_max_value'],
  ['audio.output.speed', 2, 'decimal_above_max_value'],
  ['audio.output.speed', 'fast', 'invalid_type'],
  ['tools', {}, 'invalid_type'],
  ['tools', null, 'invalid_type'],
  ...tool({ type: 'function', strict: true }, 'unknown_parameter', 'strict'),
  ...['pos.add_item', 'add item', '', 'añadir'].flatMap((name) => tool({ name }, 'invalid_value', 'name')),
  ...tool({ type: 'function', name: 5 }, 'invalid_type', 'name'),
  ...tool({ type: 'function', description: 5 }, 'invalid_type', 'description'),
  ...tool({ type: 'function', parameters: 'x' }, 'invalid_type', 'parameters'),
  ...tool({ type: 'web_search' }, 'invalid_value', 'type'),
  ...tool({ type: 'mcp', ...url }, 'missing_required_parameter', 'server_label'),
  ...tool(mcp, 'missing_required_parameter', 'server_url'),
  ...tool({ ...mcp, ...url, tunnel_id: tunnel }, 'mutually_exclusive_parameters', 'tunnel_id'),
  ...tool({ ...mcp, tunnel_id: 'tunnel_1' }, 'invalid_value', 'tunnel_id'),
  ...tool({ ...mcp, connector_id: 'connector_x' }, 'invalid_value', 'connector_id'),
  ...tool({ ...mcp, server_url: 'not a url' }, 'invalid_value', 'server_url'),
  ...tool({ ...mcp, ...url, allowed_callers: [] }, 'empty_array', 'allowed_callers'),
  ...tool({ ...mcp, server_url: 5 }, 'invalid_type', 'server_url'),
  ...tool({ ...mcp, ...url, authorization: null }, 'invalid_type', 'authorization'),
  ...tool({ ...mcp, ...url, headers: { a: 1 } }, 'invalid_type', 'headers.a'),
  ...tool({ ...mcp, ...url, server_description: 5 }, 'invalid_type', 'server_description'),
  ...tool({ ...mcp, ...url, defer_loading: 'no' }, 'invalid_type', 'defer_loading'),
  ...tool({ ...mcp, ...url, allowed_callers: ['x'] }, 'invalid_value', 'allowed_callers[0]'),
  ...tool({ ...mcp, ...url, allowed_tools: 'x' }, 'invalid_type', 'allowed_tools'),
  ...tool({ ...mcp, ...url, allowed_tools: [5] }, 'invalid_type', 'allowed_tools[0]'),
  ...tool({ ...mcp, ...url, allowed_tools: { names: [] } }, 'unknown_parameter', 'allowed_tools.names'),
  ...tool({ ...mcp, ...url, require_approval: 'maybe' }, 'invalid_value', 'require_approval'),
  ...tool({ ...mcp, ...url, require_approval: { ask: {} } }, 'unknown_parameter', 'require_approval.ask'),
  ...tool(
    { ...mcp, ...url, require_approval: { never: { read_only: 1 } } },
    'invalid_type',
    'require_approval.never.read_only',
  ),
  ...tool({ ...mcp, ...url, meta: {} }, 'unknown_parameter', 'meta'),
  ['tool_choice', 'look_up', 'invalid_value'],
  ['tool_choice', 5, 'invalid_type'],
  ['tool_choice', { name: 'x' }, 'missing_required_parameter', 'tool_choice.type'],
  ['tool_choice', { type: 'function' }, 'missing_required_parameter', 'tool_choice.name'],
  ['tool_choice', { type: 'mcp' }, 'missing_required_parameter', 'tool_choice.server_label'],
  ['tool_choice', { type: 'function', name: 'x', id: 'y' }, 'unknown_parameter', 'tool_choice.id'],
  ['tool_choice', { type: 'mcp', server_label: 'x', id: 'y' }, 'unknown_parameter', 'tool_choice.id'],
  ['tool_choice', { type: 'custom' }, 'invalid_value', 'tool_choice.type'],
  ['parallel_tool_calls', 'yes', 'invalid_type'],
  ['reasoning', 'low', 'invalid_type'],
  ['reasoning.effort', 'none', 'invalid_value'],
  ['reasoning.summary', 'auto', 'unknown_parameter'],
  ['max_output_tokens', 0, 'integer_below_min_value'],
  ['max_output_tokens', 4097, 'integer_above_max_value'],
  ['max_output_tokens', 1.5, 'invalid_type'],
  ['max_output_tokens', 'infinite', 'invalid_value'],
  ['truncation', 'never', 'invalid_value'],
  ['truncation', 5, 'invalid_type'],
  ['truncation', { retention_ratio: 1 }, 'missing_required_parameter', 'truncation.type'],
  ['truncation', { type: 'retention_ratio' }, 'missing_required_parameter', 'truncation.retention_ratio'],
  ['truncation', { type: 'auto', retention_ratio: 1 }, 'invalid_value', 'truncation.type'],
  ...ratio({ retention_ratio: -0.1 }, 'decimal_below_min_value', 'retention_ratio'),
  ...ratio({ retention_ratio: 1.1 }, 'decimal_above_max_value', 'retention_ratio'),
  ...ratio({ x: 1 }, 'unknown_parameter', 'x'),
  ...ratio({ token_limits: 5 }, 'invalid_type', 'token_limits'),
  ...ratio({ token_limits: { x: 1 } }, 'unknown_parameter', 'token_limits.x'),
  ...ratio(
    { token_limits: { post_instructions: -1 } },
    'integer_below_min_value',
    'token_limits.post_instructions',
  ),
  ['tracing', 'on', 'invalid_value'],
  ['tracing', 5, 'invalid_type'],
  ['tracing', { group: 'x' }, 'unknown_parameter', 'tracing.group'],
  ['tracing', { workflow_name: 5 }, 'invalid_type', 'tracing.workflow_name'],
  ['tracing', { group_id: 5 }, 'invalid_type', 'tracing.group_id'],
  ['tracing', { metadata: 'x' }, 'invalid_type', 'tracing.metadata'],
  ['prompt', 'pmpt_1', 'invalid_type'],
  ['prompt', {}, 'missing_required_parameter', 'prompt.id'],
  ['prompt', { id: 'p', version: 2 }, 'invalid_type', 'prompt.version'],
  ['prompt', { id: 'p', variables: { a: 1 } }, 'invalid_type', 'prompt.variables.a'],
  ['prompt', { id: 'p', variables: { a: { type: 'x' } } }, 'invalid_value', 'prompt.variables.a.type'],
  ['prompt', { id: 'p', name: 'x' }, 'unknown_parameter', 'prompt.name'],
]

function serverVad(key: string, value: unknown, code: string): Refusal[] {
  return [vad({ type: 'server_vad', [key]: value }, code, key)]
}

function semanticVad(key: string, value: unknown, code: string): Refusal[] {
  return [vad({ type: 'semantic_vad', [key]: value }, code, key)]
}

function vad(value: object, code: string, key: string): Refusal {
  return ['audio.input.turn_detection', value, code, `audio.input.turn_detection.${key}`]
}

function tool(value: object, code: string, key: string): Refusal[] {
  return [['tools', [{ name: 'fine' }, value], code, `tools[1].${key}`]]
}

function ratio(value: object, code: string, key: string): Refusal[] {
  return [
    ['truncation', { type: 'retention_ratio', retention_ratio: 1, ...value }, code, `truncation.${key}`],
  ]
}

const refusalRows = (refusals: Refusal[]): [string, string, string, string, unknown][] =>
  refusals.map(([field, value, code, param = field]) => [
    field,
    JSON.stringify(value),
    code,
    `session.${param}`,
    value,
  ])

// A template, because an object literal would make `__proto__` a prototype instead of a key.
function bodyOf(type: string, field: string, value: unknown): string {
  const member = field === '__proto__' ? '"__proto__":{}' : JSON.stringify(nest(field, value)).slice(1, -1)
  return `{"session":{"type":"${type}",${member}}}`
}

describe('a session that OpenAI refuses', () => {
  it.each(refusalRows(realtimeRefusals))(
    'a realtime session with %s = %s is refused as %s at %s',
    async (field, _, code, param, value) => {
      expect(await refusalOf(post(sandbox(), bodyOf('realtime', field, value)))).toStrictEqual(
        refused(code, param),
      )
    },
  )

  it.each(refusalRows(inputRefusals))(
    'a transcription session with %s = %s is refused as %s at %s',
    async (field, _, code, param, value) => {
      expect(await refusalOf(post(sandbox(), bodyOf('transcription', field, value)))).toStrictEqual(
        refused(code, param),
      )
    },
  )

  it.each(['gpt-live-transcribe', 'gpt-realtime-whisper'])(
    'a transcription session with turn detection is refused with %s',
    async (model) => {
      const audio = { input: { transcription: { model }, turn_detection: { type: 'server_vad' } } }
      expect(await refusalOf(post(sandbox(), { session: { type: 'transcription', audio } }))).toStrictEqual(
        refused('invalid_value', 'session.audio.input.turn_detection'),
      )
    },
  )

  it.each(['model', 'instructions', 'tools', 'audio.output', 'output_modalities', 'max_output_tokens'])(
    'a transcription session has no %s',
    async (field) => {
      const session = { type: 'transcription', ...nest(field, 'x') }
      expect(await refusalOf(post(sandbox(), { session }))).toStrictEqual(
        refused('unknown_parameter', `session.${field}`),
      )
    },
  )
})
