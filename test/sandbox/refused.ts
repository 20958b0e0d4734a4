/** What OpenAI refuses in a session because of a value, or of another field. */
import {
  exclusive,
  expiries,
  inside,
  invalid,
  missing,
  outside,
  type Row,
  tool,
  unknown,
} from './refusals.ts'

const pcm = { type: 'audio/pcm', rate: 24_000 }
const mcp = { type: 'mcp', server_label: 'docs' }
const url = { server_url: 'https://mcp.example.com' }
const tunnel_id = `tunnel_${'a1'.repeat(16)}`
const withModel = (model: string, key: string, value: unknown): Row => [
  'audio.input.transcription',
  { model, [key]: value },
  invalid,
  `audio.input.transcription.${key}`,
]

const format = 'audio.input.format'
const detection = 'audio.input.turn_detection'

export const inputRefusals: Row[] = [
  [format, { rate: 24_000 }, missing, `${format}.type`],
  [format, { type: 'audio/pcm' }, missing, `${format}.rate`],
  [format, { type: 'pcm16' }, invalid, `${format}.type`],
  ...inside(
    format,
    pcm,
    ['rate', 16_000, 'integer_below_min_value'],
    ['rate', 24_001, 'integer_above_max_value'],
  ),
  ...['audio/pcma', 'audio/pcmu'].flatMap((type) => inside(format, { type }, ['rate', 8000, unknown])),
  ['audio.input.transcription.languages', [], 'empty_array'],
  ['audio.input.transcription.delay', 'none', invalid],
  ['audio.input.transcription.prompt', 'x'.repeat(1_025), 'string_above_max_length'],
  withModel('gpt-realtime-whisper', 'prompt', 'x'),
  withModel('gpt-4o-transcribe-diarize', 'prompt', 'x'),
  withModel('gpt-4o-mini-transcribe', 'languages', ['en']),
  withModel('gpt-4o-mini-transcribe', 'keywords', ['en']),
  ...['<', '>', '\r', '\n'].map((character): Row => {
    const keywords = 'audio.input.transcription.keywords'
    return [keywords, ['fine', `a${character}b`], invalid, `${keywords}[1]`]
  }),
  ['audio.input.noise_reduction.type', 'mid_field', invalid],
  ...outside('audio.input.noise_reduction.strength', 'decimal', -0.1, 1.1),
  [detection, {}, missing, `${detection}.type`],
  [detection, { type: 'none' }, invalid, `${detection}.type`],
  ...inside(
    detection,
    { type: 'server_vad' },
    ['threshold', -0.1, 'decimal_below_min_value'],
    ['threshold', 1.1, 'decimal_above_max_value'],
    ['prefix_padding_ms', -1, 'integer_below_min_value'],
    ['prefix_padding_ms', 0.5, 'invalid_type'],
    ['silence_duration_ms', -1, 'integer_below_min_value'],
    ['silence_duration_ms', 0.5, 'invalid_type'],
    ['idle_timeout_ms', 4999, 'integer_below_min_value'],
    ['idle_timeout_ms', 30_001, 'integer_above_max_value'],
    ['eagerness', 'low', unknown],
  ),
  ...inside(
    detection,
    { type: 'semantic_vad' },
    ['eagerness', 'eager', invalid],
    ['create_response', null, 'invalid_type'],
    ['threshold', 1, unknown],
    ['prefix_padding_ms', 1, unknown],
    ['silence_duration_ms', 1, unknown],
    ['idle_timeout_ms', 1, unknown],
  ),
  ['include', ['item.input_audio_transcription.logprobs', 'everything'], invalid, 'include[1]'],
  ['temperature', 0.8, unknown],
  ['__proto__', {}, unknown],
]

const flatNames = 'voice modalities turn_detection input_audio_format speed client_secret id'.split(' ')

export const realtimeRefusals: Row[] = [
  ...inputRefusals,
  ...flatNames.map((name): Row => [name, 'x', unknown]),
  ['max_response_output_tokens', 1, unknown],
  ['output_modalities', ['audio', 'text'], invalid],
  ['output_modalities', [], invalid],
  ['output_modalities', ['video'], invalid, 'output_modalities[0]'],
  ['audio.output.format', { type: 'audio/pcm' }, missing, 'audio.output.format.rate'],
  ['audio.output.voice', {}, missing, 'audio.output.voice.id'],
  ...outside('audio.output.speed', 'decimal', 0.24, 1.51),
  tool({ type: 'function', strict: true }, unknown, 'strict'),
  ...['pos.add_item', 'add item', '', 'añadir'].map((name) => tool({ name }, invalid, 'name')),
  tool({ type: 'web_search' }, invalid, 'type'),
  tool({ type: 'mcp', ...url }, missing, 'server_label'),
  tool(mcp, missing, 'server_url'),
  tool({ ...mcp, ...url, tunnel_id }, exclusive, 'tunnel_id'),
  tool({ ...mcp, tunnel_id: 'tunnel_1' }, invalid, 'tunnel_id'),
  tool({ ...mcp, connector_id: 'connector_x' }, invalid, 'connector_id'),
  tool({ ...mcp, server_url: 'not a url' }, invalid, 'server_url'),
  tool({ ...mcp, ...url, allowed_callers: [] }, 'empty_array', 'allowed_callers'),
  tool({ ...mcp, ...url, allowed_callers: ['x'] }, invalid, 'allowed_callers[0]'),
  tool({ ...mcp, ...url, authorization: null }, 'invalid_type', 'authorization'),
  tool({ ...mcp, ...url, headers: { a: 1 } }, 'invalid_type', 'headers.a'),
  tool({ ...mcp, ...url, allowed_tools: 'x' }, 'invalid_type', 'allowed_tools'),
  tool({ ...mcp, ...url, require_approval: 'maybe' }, invalid, 'require_approval'),
  ['tool_choice', 'look_up', invalid],
  ['tool_choice', { name: 'x' }, missing, 'tool_choice.type'],
  ['tool_choice', { type: 'function' }, missing, 'tool_choice.name'],
  ['tool_choice', { type: 'mcp' }, missing, 'tool_choice.server_label'],
  ['tool_choice', { type: 'custom' }, invalid, 'tool_choice.type'],
  ['parallel_tool_calls', 'yes', 'invalid_type'],
  ['reasoning.effort', 'none', invalid],
  ...outside('max_output_tokens', 'integer', 0, 4097),
  ['max_output_tokens', 1.5, 'invalid_type'],
  ['max_output_tokens', 'infinite', invalid],
  ['truncation', 'never', invalid],
  ['truncation', { retention_ratio: 1 }, missing, 'truncation.type'],
  ['truncation', { type: 'retention_ratio' }, missing, 'truncation.retention_ratio'],
  ['truncation', { type: 'auto', retention_ratio: 1 }, invalid, 'truncation.type'],
  ...inside(
    'truncation',
    { type: 'retention_ratio' },
    ['retention_ratio', -0.1, 'decimal_below_min_value'],
    ['retention_ratio', 1.1, 'decimal_above_max_value'],
  ),
  [
    'truncation',
    { type: 'retention_ratio', retention_ratio: 1, token_limits: { post_instructions: -1 } },
    'integer_below_min_value',
    'truncation.token_limits.post_instructions',
  ],
  ['tracing', 'on', invalid],
  ['prompt', {}, missing, 'prompt.id'],
  ['prompt', { id: 'p', variables: { a: 1 } }, 'invalid_type', 'prompt.variables.a'],
  ['prompt', { id: 'p', variables: { a: { type: 'x' } } }, invalid, 'prompt.variables.a.type'],
]

const noise = 'audio.input.noise_reduction'

export const translationRefusals: Row[] = [
  ['type', 'translation', unknown],
  ['instructions', 'x', unknown],
  ['audio.input.format', { type: 'audio/pcmu' }, unknown],
  ['audio.input.turn_detection', null, unknown],
  ['audio.input.transcription', {}, missing, 'audio.input.transcription.model'],
  ...inside('audio.input.transcription', { model: 'm' }, ['language', 'en', unknown]),
  [noise, {}, missing, `${noise}.type`],
  ...inside(noise, {}, ['type', 'x', invalid]),
  ...inside(noise, { type: 'far_field' }, ['strength', 2, 'decimal_above_max_value']),
  ['audio.output.voice', 'marin', unknown],
  ['audio.speed', 1, unknown],
  ['model', 5, 'invalid_type'],
]

const secret = 'client_secret'
const bothExpiries = { expires_after: { anchor: 'created_at' }, expires_at: { anchor: 'created_at' } }
const gaNames = 'type session audio output_modalities max_output_tokens expires_after preset include'.split(
  ' ',
)
const otherNames = 'parallel_tool_calls reasoning id object __proto__'.split(' ')
const whisperNames = ['languages', 'keywords', 'delay'].map((key) => `input_audio_transcription.${key}`)

export const flatRefusals: Row[] = [
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
