import { describe, expect, it } from 'vitest'
import { nest, post, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const translations = { path: '/realtime/translations/client_secrets' }

const pcm = { type: 'audio/pcm', rate: 24_000 }
const mcp = { type: 'mcp', server_label: 'docs' }
const url = { server_url: 'https://mcp.example.com' }
const logprobs = 'item.input_audio_transcription.logprobs'
const tunnel = `tunnel_${'a9'.repeat(16)}`
const calendars = ['googlecalendar', 'outlookcalendar']
const connectors = [
  ...calendars,
  'dropbox',
  'gmail',
  'googledrive',
  'microsoftteams',
  'outlookemail',
  'sharepoint',
]

const input: [path: string, values: unknown[]][] = [
  ['audio', [{}]],
  ['audio.input', [{}]],
  ['audio.input.format', [pcm, { type: 'audio/pcmu' }, { type: 'audio/pcma' }]],
  ['audio.input.transcription', [null, {}]],
  ['audio.input.transcription.model', ['whisper-1', 'gpt-live-transcribe', 'one-of-tomorrow']],
  ['audio.input.transcription.language', ['en']],
  ['audio.input.transcription.languages', [['en'], ['en', 'de']]],
  ['audio.input.transcription.keywords', [[], ['Astoria']]],
  ['audio.input.transcription.prompt', ['', 'hotel names']],
  ['audio.input.transcription', [{ model: 'gpt-transcribe', prompt: 'hotel names' }]],
  ['audio.input.transcription.delay', ['minimal', 'low', 'medium', 'high', 'xhigh']],
  ['audio.input.noise_reduction', [null, {}, { type: 'near_field' }, { type: 'far_field' }]],
  ['audio.input.noise_reduction.strength', [0, 0.5, 1]],
  ['audio.input.turn_detection', [null, { type: 'server_vad' }, { type: 'semantic_vad' }]],
  ...['threshold', 'prefix_padding_ms', 'silence_duration_ms'].map((key): [string, unknown[]] => [
    'audio.input.turn_detection',
    [
      { type: 'server_vad', [key]: 0 },
      { type: 'server_vad', [key]: 1 },
    ],
  ]),
  ['audio.input.turn_detection', [{ type: 'server_vad', create_response: false, interrupt_response: true }]],
  [
    'audio.input.turn_detection',
    [5000, 30_000, null].map((ms) => ({ type: 'server_vad', idle_timeout_ms: ms })),
  ],
  [
    'audio.input.turn_detection',
    ['low', 'medium', 'high', 'auto'].map((eagerness) => ({ type: 'semantic_vad', eagerness })),
  ],
  [
    'audio.input.turn_detection',
    [{ type: 'semantic_vad', create_response: false, interrupt_response: false }],
  ],
  ['audio.input', [{ transcription: { model: 'gpt-realtime-whisper', delay: 'low' }, turn_detection: null }]],
  ['audio.input.transcription.prompt', ['x'.repeat(1_024)]],
  ['audio.input.transcription', [{ model: 'gpt-transcribe', languages: ['en'], keywords: ['Astoria'] }]],
  ['include', [[], [logprobs]]],
]

/** Only a transcription session has no turn detection with these models. */
const detecting = ['gpt-realtime-whisper', 'gpt-live-transcribe'].map((model) => ({
  transcription: { model },
  turn_detection: { type: 'semantic_vad' },
}))

const realtime: [path: string, values: unknown[]][] = [
  ...input,
  ['audio.input', detecting],
  ['model', ['gpt-realtime-2.1', 'one-of-tomorrow']],
  ['instructions', ['', 'Be brief.']],
  ['output_modalities', [['audio'], ['text']]],
  ['audio.output', [{}]],
  ['audio.output.format', [pcm, { type: 'audio/pcmu' }, { type: 'audio/pcma' }]],
  ['audio.output.voice', ['marin', 'one-of-tomorrow', { id: 'voice_1234' }]],
  ['audio.output.speed', [0.25, 1, 1.5]],
  ['tools', [[], [{ name: 'look_up' }]]],
  [
    'tools',
    [[{ type: 'function', name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }]],
  ],
  ['tools', [[{ ...mcp, ...url }]]],
  ['tools', connectors.map((connector) => [{ ...mcp, connector_id: `connector_${connector}` }])],
  [
    'tools',
    [[{ ...mcp, tunnel_id: tunnel, server_description: 'Docs', authorization: 'x', headers: { a: 'b' } }]],
  ],
  ['tools', [null, [], ['search'], {}, { read_only: true, tool_names: ['a'] }].map(mcpWith('allowed_tools'))],
  [
    'tools',
    [null, 'always', 'never', {}, { always: { read_only: true }, never: { tool_names: [] } }].map(
      mcpWith('require_approval'),
    ),
  ],
  ['tools', [true, false].map(mcpWith('defer_loading'))],
  ['tools', [null, ['direct'], ['direct', 'programmatic']].map(mcpWith('allowed_callers'))],
  ['tools', [null].map(mcpWith('headers'))],
  ['tool_choice', ['none', 'auto', 'required', { type: 'function', name: 'look_up' }]],
  ['tool_choice', [null, undefined, 'search'].map((name) => ({ type: 'mcp', server_label: 'docs', name }))],
  ['reasoning', [{}]],
  ['reasoning.effort', ['minimal', 'low', 'medium', 'high', 'xhigh']],
  ['max_output_tokens', [1, 4096, 'inf']],
  ['truncation', ['auto', 'disabled', { type: 'retention_ratio', retention_ratio: 0 }]],
  ['truncation', [{}, { post_instructions: 0 }, { post_instructions: 8000 }].map(retention)],
  ['tracing', ['auto', null, {}, { workflow_name: 'desk', group_id: 'g', metadata: { a: 1 } }]],
  ['prompt', [null, { id: 'pmpt_1' }, { id: 'pmpt_1', version: null, variables: null }]],
  ['prompt', [{ id: 'p', version: '2', variables: { a: 'b', c: { type: 'input_text', text: 'd' } } }]],
  [
    'prompt',
    ['input_image', 'input_file'].map((type) => ({
      id: 'p',
      variables: { a: { type, file_id: 'f', detail: 'auto' } },
    })),
  ],
]

function mcpWith(key: string): (value: unknown) => unknown {
  return (value) => [{ ...mcp, ...url, [key]: value }]
}

function retention(token_limits: unknown): unknown {
  return { type: 'retention_ratio', retention_ratio: 1, token_limits }
}

const rows = (table: [string, unknown[]][]): [string, string, unknown][] =>
  table.flatMap(([path, values]) =>
    values.map((value): [string, string, unknown] => [path, JSON.stringify(value), value]),
  )

describe('what OpenAI accepts', () => {
  it.each(rows(realtime))(
    'a realtime session with %s = %s is accepted and echoed',
    async (path, _, value) => {
      const response = await post(sandbox(), { session: { type: 'realtime', ...nest(path, value) } })
      expect(await response.json()).toMatchObject({ session: nest(path, JSON.parse(JSON.stringify(value))) })
      expect(response.status).toBe(200)
    },
  )

  it.each(rows(input))(
    'a transcription session with %s = %s is accepted and echoed',
    async (path, _, value) => {
      const response = await post(sandbox(), { session: { type: 'transcription', ...nest(path, value) } })
      expect(await response.json()).toMatchObject({ session: nest(path, value) })
      expect(response.status).toBe(200)
    },
  )

  it.each(
    rows([
      ['audio', [{}]],
      ['audio.input', [{}]],
      ['audio.input.transcription', [null, { model: 'gpt-live-transcribe' }]],
      ['audio.input.noise_reduction', [null, { type: 'near_field' }, { type: 'far_field', strength: 0 }]],
      ['audio.input.noise_reduction', [{ type: 'far_field', strength: 1 }]],
      ['audio.output', [{}]],
      ['audio.output.language', ['es']],
    ]),
  )('a translation session with %s = %s is accepted and echoed', async (path, _, value) => {
    const session = { model: 'gpt-realtime-translate', ...nest(path, value) }
    const response = await post(sandbox(), { session }, translations)
    expect(await response.json()).toMatchObject({ session: { type: 'translation', ...session } })
    expect(response.status).toBe(200)
  })

  it.each([true, false])(
    'parallel_tool_calls = %s is accepted and, as at OpenAI, not echoed',
    async (value) => {
      const response = await post(sandbox(), { session: { type: 'realtime', parallel_tool_calls: value } })
      expect(await response.json()).not.toHaveProperty('session.parallel_tool_calls')
      expect(response.status).toBe(200)
    },
  )
})
