import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, useSandbox } from './caller.ts'

const sandbox = useSandbox({ api: 'sessions' })

const lookUp = {
  type: 'function',
  name: 'look_up',
  description: 'Looks up.',
  parameters: { type: 'object', properties: {} },
}
const vad = (key: string, values: unknown[]): [string, unknown[]] => [`turn_detection.${key}`, values]
const formats = ['pcm16', 'g711_ulaw', 'g711_alaw']

const accepted: [path: string, values: unknown[]][] = [
  ['model', ['gpt-4o-realtime-preview', 'a-deployment']],
  ['modalities', [['text'], ['audio'], ['audio', 'text'], ['text', 'audio']]],
  ['instructions', ['', 'Be brief.']],
  ['voice', ['ash', 'one-of-tomorrow']],
  ['input_audio_format', formats],
  ['output_audio_format', formats],
  ['input_audio_transcription', [null, {}, { model: 'whisper-1', language: 'en', prompt: 'hotel names' }]],
  ['turn_detection', [null, {}]],
  vad('type', ['server_vad', 'semantic_vad']),
  vad('threshold', [0, 0.5, 1]),
  vad('prefix_padding_ms', [0, 300]),
  vad('silence_duration_ms', [0, 500]),
  vad('create_response', [true, false]),
  vad('interrupt_response', [true, false]),
  vad('eagerness', ['low', 'medium', 'high', 'auto']),
  ['turn_detection', [{ type: 'server_vad', threshold: 0.5, eagerness: 'low' }]],
  ['input_audio_noise_reduction', [null, {}, { type: 'near_field' }, { type: 'far_field' }]],
  ['tools', [[], [{}], [{ name: 'look_up' }], [lookUp]]],
  ['tool_choice', ['auto', 'none', 'required']],
  ['temperature', [0.6, 0.8, 1, 1.2]],
  ['max_response_output_tokens', [1, 4096, 'inf']],
  ['speed', [0.25, 1, 1.5]],
  ['tracing', [null, 'auto', {}, { workflow_name: 'desk', group_id: 'g', metadata: { a: 1 } }]],
  ['truncation', ['auto', 'disabled', { type: 'retention_ratio', retention_ratio: 0.8 }]],
  ['prompt', [null, { id: 'pmpt_1', version: null, variables: { a: 'b' } }]],
]

const rows = accepted.flatMap(([path, values]) =>
  values.map((value) => [path, JSON.stringify(value), value] as const),
)

describe('what the flat endpoint accepted', () => {
  it.each(rows)('%s = %s is accepted and echoed', async (path, _, value) => {
    const response = await post(sandbox(), nest(path, value), { path: flatPath })
    expect(await response.json()).toMatchObject(nest(path, value))
    expect(response.status).toBe(200)
  })

  it('a tool_choice that names a function of the session is accepted and echoed', async () => {
    const session = { tools: [lookUp], tool_choice: 'look_up' }
    const response = await post(sandbox(), session, { path: flatPath })
    expect(await response.json()).toMatchObject(session)
  })
})
