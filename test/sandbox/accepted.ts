/** What OpenAI accepts in a session: by kind of session, a field and values that it takes. */
export type Field = [path: string, ...values: unknown[]]

const pcm = { type: 'audio/pcm', rate: 24_000 }
const formats = [pcm, { type: 'audio/pcmu' }, { type: 'audio/pcma' }]
const mcp = { type: 'mcp', server_label: 'docs' }
const url = { server_url: 'https://mcp.example.com' }
const tunnel = { tunnel_id: `tunnel_${'a9'.repeat(16)}` }
const logprobs = 'item.input_audio_transcription.logprobs'
const google = ['gmail', 'googlecalendar', 'googledrive']
const connectors = [...google, 'dropbox', 'microsoftteams', 'outlookcalendar', 'outlookemail', 'sharepoint']
const noises = [null, {}, { type: 'near_field' }, { type: 'far_field' }]
export const lookUp = {
  type: 'function',
  name: 'look_up',
  description: 'Looks up.',
  parameters: { type: 'object' },
}
const eagerness = ['low', 'medium', 'high', 'auto'] as const
const tracing = [null, 'auto', {}, { workflow_name: 'desk', group_id: 'g', metadata: { a: 1 } }]

/** The same object with these fields in turn. */
const each = (path: string, base: object, fields: object[]): Field => [
  path,
  ...fields.map((one) => Object.assign({}, base, one)),
]
const serverVad = (...fields: object[]) => each('audio.input.turn_detection', { type: 'server_vad' }, fields)
const semanticVad = (...fields: object[]) =>
  each('audio.input.turn_detection', { type: 'semantic_vad' }, fields)
const mcpWith = (key: string, ...values: unknown[]): Field => [
  'tools',
  ...values.map((value) => [{ ...mcp, ...url, [key]: value }]),
]

export const input: Field[] = [
  ['audio', {}],
  ['audio.input', {}],
  ['audio.input.format', ...formats],
  ['audio.input.transcription', null, {}],
  ['audio.input.transcription.model', 'whisper-1', 'gpt-live-transcribe', 'one-of-tomorrow'],
  ['audio.input.transcription.language', 'en'],
  ['audio.input.transcription.languages', ['en'], ['en', 'de']],
  ['audio.input.transcription.keywords', [], ['Astoria']],
  ['audio.input.transcription.prompt', '', 'hotel names', 'x'.repeat(1_024)],
  ['audio.input.transcription', { model: 'gpt-transcribe', prompt: 'hotel names' }],
  ['audio.input.transcription', { model: 'gpt-transcribe', languages: ['en'], keywords: ['Astoria'] }],
  ['audio.input.transcription.delay', 'minimal', 'low', 'medium', 'high', 'xhigh'],
  ['audio.input.noise_reduction', ...noises],
  ['audio.input.noise_reduction.strength', 0, 0.5, 1],
  ['audio.input.turn_detection', null],
  serverVad({}, { threshold: 0 }, { threshold: 1 }, { prefix_padding_ms: 0 }, { prefix_padding_ms: 1 }),
  serverVad({ silence_duration_ms: 0 }, { silence_duration_ms: 1 }),
  serverVad({ create_response: false, interrupt_response: true }),
  serverVad({ idle_timeout_ms: 5000 }, { idle_timeout_ms: 30_000 }, { idle_timeout_ms: null }),
  semanticVad({}, ...eagerness.map((one) => ({ eagerness: one }))),
  semanticVad({ create_response: false, interrupt_response: false }),
  ['audio.input', { transcription: { model: 'gpt-realtime-whisper', delay: 'low' }, turn_detection: null }],
  ['include', [], [logprobs]],
]

/** Only a transcription session has no turn detection with these models. */
const detecting = ['gpt-realtime-whisper', 'gpt-live-transcribe'].map((model) => ({
  transcription: { model },
  turn_detection: { type: 'semantic_vad' },
}))

export const realtime: Field[] = [
  ...input,
  ['audio.input', ...detecting],
  ['model', 'gpt-realtime-2.1', 'one-of-tomorrow'],
  ['instructions', '', 'Be brief.'],
  ['output_modalities', ['audio'], ['text']],
  ['audio.output', {}],
  ['audio.output.format', ...formats],
  ['audio.output.voice', 'marin', 'one-of-tomorrow', { id: 'voice_1234' }],
  ['audio.output.speed', 0.25, 1, 1.5],
  ['tools', [], [{ name: 'look_up' }], [lookUp], [{ ...lookUp, name: 'Look-up2' }], [{ ...mcp, ...url }]],
  ['tools', ...connectors.map((connector) => [{ ...mcp, connector_id: `connector_${connector}` }])],
  ['tools', [{ ...mcp, ...tunnel, server_description: 'Docs', authorization: 'x', headers: { a: 'b' } }]],
  mcpWith('allowed_tools', null, [], ['search'], {}, { read_only: true, tool_names: ['a'] }),
  mcpWith('require_approval', null, 'always', 'never', {}),
  mcpWith('require_approval', { always: { read_only: true }, never: { tool_names: [] } }),
  mcpWith('defer_loading', true, false),
  mcpWith('allowed_callers', null, ['direct'], ['direct', 'programmatic']),
  mcpWith('headers', null),
  ['tool_choice', 'none', 'auto', 'required', { type: 'function', name: 'look_up' }],
  ['tool_choice', ...[null, 'search'].map((name) => ({ type: 'mcp', server_label: 'docs', name }))],
  ['tool_choice', { type: 'mcp', server_label: 'docs' }],
  ['reasoning', {}],
  ['reasoning.effort', 'minimal', 'low', 'medium', 'high', 'xhigh'],
  ['max_output_tokens', 1, 4096, 'inf'],
  ['truncation', 'auto', 'disabled', { type: 'retention_ratio', retention_ratio: 0 }],
  each('truncation', { type: 'retention_ratio', retention_ratio: 1 }, [
    { token_limits: {} },
    ...[0, 8000].map((count) => ({ token_limits: { post_instructions: count } })),
  ]),
  ['tracing', ...tracing],
  ['prompt', null, { id: 'pmpt_1' }, { id: 'pmpt_1', version: null, variables: null }],
  ['prompt', { id: 'p', version: '2', variables: { a: 'b', c: { type: 'input_text', text: 'd' } } }],
  ...['input_image', 'input_file'].map(
    (type): Field => ['prompt', { id: 'p', variables: { a: { type, file_id: 'f', detail: 'auto' } } }],
  ),
]

export const translation: Field[] = [
  ['audio', {}],
  ['audio.input', {}],
  ['audio.input.transcription', null, { model: 'gpt-live-transcribe' }],
  ['audio.input.noise_reduction', null, { type: 'near_field' }, { type: 'far_field', strength: 0 }],
  ['audio.input.noise_reduction', { type: 'far_field', strength: 1 }],
  ['audio.output', {}],
  ['audio.output.language', 'es'],
]

const flatVad = (key: string, ...values: unknown[]): Field => [`turn_detection.${key}`, ...values]
const flatFormats = ['pcm16', 'g711_ulaw', 'g711_alaw']

export const flat: Field[] = [
  ['model', 'gpt-4o-realtime-preview', 'a-deployment'],
  ['modalities', ['text'], ['audio'], ['audio', 'text'], ['text', 'audio']],
  ['instructions', '', 'Be brief.'],
  ['voice', 'ash', 'one-of-tomorrow'],
  ['input_audio_format', ...flatFormats],
  ['output_audio_format', ...flatFormats],
  ['input_audio_transcription', null, {}, { model: 'whisper-1', language: 'en', prompt: 'hotel names' }],
  ['turn_detection', null, {}],
  flatVad('type', 'server_vad', 'semantic_vad'),
  flatVad('threshold', 0, 0.5, 1),
  flatVad('prefix_padding_ms', 0, 300),
  flatVad('silence_duration_ms', 0, 500),
  flatVad('create_response', true, false),
  flatVad('interrupt_response', true, false),
  flatVad('eagerness', ...eagerness),
  ['turn_detection', { type: 'server_vad', threshold: 0.5, eagerness: 'low' }],
  ['input_audio_noise_reduction', ...noises],
  ['tools', [], [{}], [{ name: 'look_up' }], [lookUp]],
  ['tool_choice', 'auto', 'none', 'required'],
  ['temperature', 0.6, 0.8, 1, 1.2],
  ['max_response_output_tokens', 1, 4096, 'inf'],
  ['speed', 0.25, 1, 1.5],
  ['tracing', ...tracing],
  ['truncation', 'auto', 'disabled', { type: 'retention_ratio', retention_ratio: 0.8 }],
  ['prompt', null, { id: 'pmpt_1', version: null, variables: { a: 'b' } }],
]

/** Objects with fields of any name. */
const open = /\b(?:parameters|metadata|variables|headers)$/

type Mutation = readonly [value: unknown, code: string, param: string]

/** The value with one part of another type, or with one more field. */
export function* mutate(value: unknown, path: string): Generator<Mutation> {
  yield [typeof value === 'boolean' ? 'yes' : true, 'invalid_type', path]
  if (typeof value !== 'object' || value === null || open.test(path)) return
  if (!Array.isArray(value)) yield [{ ...value, surprise: 1 }, 'unknown_parameter', `${path}.surprise`]
  for (const [key, part] of Object.entries(value)) {
    const inner = mutate(part, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
    for (const [changed, code, param] of inner) {
      yield [
        Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed },
        code,
        param,
      ]
    }
  }
}
