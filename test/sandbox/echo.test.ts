/** The session that comes with a secret: the request, with every default. */
import { describe, expect, it } from 'vitest'
import { flatPath, post, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const sessions = useSandbox({ api: 'sessions' })

const pcm = { type: 'audio/pcm', rate: 24_000 }
const flatDetection = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 200,
  create_response: true,
  interrupt_response: true,
}
const input = {
  format: pcm,
  transcription: null,
  noise_reduction: null,
  turn_detection: { ...flatDetection, idle_timeout_ms: null },
}
const id = expect.stringMatching(/^sess_/)
const instructions = expect.stringMatching(/./)

const realtime = {
  id,
  instructions,
  model: expect.stringMatching(/^gpt-realtime/),
  type: 'realtime',
  object: 'realtime.session',
  output_modalities: ['audio'],
  tools: [],
  tool_choice: 'auto',
  max_output_tokens: 'inf',
  tracing: null,
  truncation: 'auto',
  prompt: null,
  expires_at: 0,
  include: null,
  audio: { input, output: { format: pcm, voice: 'alloy', speed: 1 } },
}
const transcription = {
  id,
  type: 'transcription',
  object: 'realtime.transcription_session',
  expires_at: 0,
  include: null,
  audio: { input },
}
const flat = {
  id,
  instructions,
  object: 'realtime.session',
  expires_at: 0,
  model: expect.stringMatching(/realtime/),
  modalities: ['text', 'audio'],
  voice: 'alloy',
  input_audio_format: 'pcm16',
  output_audio_format: 'pcm16',
  input_audio_transcription: null,
  turn_detection: flatDetection,
  input_audio_noise_reduction: null,
  tools: [],
  tool_choice: 'auto',
  temperature: 0.8,
  max_response_output_tokens: 'inf',
  speed: 1,
  tracing: null,
}

const bodyOf = async (response: Promise<Response>): Promise<unknown> => (await response).json()
const secret = { value: expect.any(String), expires_at: expect.any(Number) }

describe('a secret', () => {
  it.each([
    ['nothing', {}, realtime],
    ['a transcription', { session: { type: 'transcription' } }, transcription],
  ])('for %s comes with a session that has every default', async (_, body, session) => {
    expect(await bodyOf(post(sandbox(), body))).toStrictEqual({ ...secret, session })
  })

  it('comes with the requested instructions and tools, even their credentials', async () => {
    const tool = { type: 'mcp', server_label: 'a', server_url: 'https://a.example', authorization: 'hidden' }
    const session = { type: 'realtime', instructions: 'Between us.', tools: [tool] }
    expect(await bodyOf(post(sandbox(), { session }))).toMatchObject({ session })
  })

  it.each([true, false])('repeats no parallel_tool_calls = %s, as at OpenAI', async (value) => {
    const response = await post(sandbox(), { session: { type: 'realtime', parallel_tool_calls: value } })
    expect(response.status).toBe(200)
    expect(await response.json()).not.toHaveProperty('session.parallel_tool_calls')
  })

  it('for a translation comes with an expiry and a type', async () => {
    const asked = { model: 'gpt-realtime-translate' }
    const body = { session: asked, expires_after: { anchor: 'created_at', seconds: 10 } }
    const response = post(sandbox(), body, { path: '/realtime/translations/client_secrets' })
    const session = { ...asked, type: 'translation', expires_at: expect.any(Number) }
    expect(await bodyOf(response)).toMatchObject({ value: expect.stringMatching(/^ek_/), session })
  })

  it('of the flat endpoint is inside a session that has every default', async () => {
    const body = await bodyOf(post(sessions(), {}, { path: flatPath }))
    expect(body).toStrictEqual({ ...flat, client_secret: secret })
  })
})
