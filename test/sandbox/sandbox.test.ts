import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { apiKey, post, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const label = 'for development only, these secrets open nothing'
const pcm = { type: 'audio/pcm', rate: 24_000 }
const turnDetection = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 200,
  create_response: true,
  interrupt_response: true,
  idle_timeout_ms: null,
}
const defaultInput = {
  format: pcm,
  transcription: null,
  noise_reduction: null,
  turn_detection: turnDetection,
}
const defaultSession = {
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
  audio: { input: defaultInput, output: { format: pcm, voice: 'alloy', speed: 1 } },
}

const padded = (bytes: number): string => `{}${' '.repeat(bytes - 2)}`
const routes = [
  '/realtime/client_secrets',
  '/realtime/translations/client_secrets',
  '/realtime/sessions',
  '/realtime/transcription_sessions',
]

describe('a secret', () => {
  it('is labelled and random', async () => {
    const [one, other] = await Promise.all([post(sandbox(), {}), post(sandbox(), {})])
    expect(one.status).toBe(200)
    const body: unknown = await one.json()
    expect(body).toStrictEqual({
      value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
      expires_at: expect.any(Number),
      session: expect.any(Object),
    })
    expect(await other.json()).not.toMatchObject({ value: Object(body).value })
  })

  it('comes with a session that has every default', async () => {
    const { session } = Object(await (await post(sandbox(), {})).json())
    const { id, instructions, model, ...rest } = session
    expect([id, instructions, model]).toStrictEqual([
      expect.stringMatching(/^sess_/),
      expect.stringMatching(/./),
      expect.stringMatching(/^gpt-realtime/),
    ])
    expect(rest).toStrictEqual(defaultSession)
  })

  it('comes with the requested instructions and tools, even their credentials', async () => {
    const tools = [
      { type: 'mcp', server_label: 'a', server_url: 'https://a.example', authorization: 'hidden' },
    ]
    const session = { type: 'realtime', instructions: 'Between us.', tools }
    const response = await post(sandbox(), { session })
    expect(await response.json()).toMatchObject({ session })
  })

  it('of a transcription session has no model, instructions or output', async () => {
    const response = await post(sandbox(), { session: { type: 'transcription' } })
    const { session } = Object(await response.json())
    expect(session).toStrictEqual({
      type: 'transcription',
      object: 'realtime.transcription_session',
      id: expect.stringMatching(/^sess_/),
      expires_at: 0,
      include: null,
      audio: { input: defaultInput },
    })
  })

  it('of a translation session has an expiry and a type', async () => {
    const request = {
      session: { model: 'gpt-realtime-translate' },
      expires_after: { anchor: 'created_at', seconds: 10 },
    }
    const response = await post(sandbox(), request, { path: '/realtime/translations/client_secrets' })
    const session = { type: 'translation', model: 'gpt-realtime-translate', expires_at: expect.any(Number) }
    expect(await response.json()).toMatchObject({ value: expect.stringMatching(/^ek_/), session })
  })

  it.each([
    [undefined, 600],
    [{ anchor: 'created_at' }, 600],
    [{ anchor: 'created_at', seconds: 10 }, 10],
    [{ anchor: 'created_at', seconds: 7200 }, 7200],
  ])('with expires_after %j lasts %i s from now, by the clock of its Date header', async (after, seconds) => {
    const own = await startSandbox({ apiKey, now: () => 1_800_000_000_999 })
    const response = await post(own, { expires_after: after })
    expect(await response.json()).toMatchObject({ expires_at: 1_800_000_000 + seconds })
    expect(response.headers.get('date')).toBe('Fri, 15 Jan 2027 08:00:00 GMT')
    await own.close()
  })
})

describe('who may mint', () => {
  const wrongKey = 'sk-proj-somebody-elses-secret-key-9876'

  it.each(routes)('%s refuses a wrong key and echoes its ends', async (path) => {
    const response = await post(sandbox(), {}, { path, headers: { authorization: `Bearer ${wrongKey}` } })
    const { error } = Object(await response.json())
    expect(response.status).toBe(401)
    expect(error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error', param: null })
    expect(error.message).toMatch(/sk-\*+9876/)
    expect(error.message).not.toContain(wrongKey)
  })

  it.each(['', `Basic ${apiKey}`, apiKey, 'Bearer', `Bearer ${apiKey} x`])(
    'an Authorization of %j is no key',
    async (authorization) => {
      const response = await post(sandbox(), {}, { headers: { authorization } })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } })
    },
  )

  it('does not show a key that is too short to mask', async () => {
    const response = await post(sandbox(), {}, { headers: { authorization: 'Bearer sk-short' } })
    expect(await response.text()).not.toContain('sk-')
  })
})

describe('headers', () => {
  it.each([
    ['openai-beta', 'realtime=v1', 'invalid_beta'],
    ['x-client-request-id', 'x'.repeat(513), null],
    ['x-client-request-id', 'réquest', null],
    ['content-type', 'text/plain', 'unsupported_content_type'],
    ['content-type', 'application/json; charset=latin1', 'unsupported_content_type'],
    ['content-type', 'application/json-patch+json', 'unsupported_content_type'],
  ])('%s: %s is refused', async (name, value, code) => {
    const response = await post(sandbox(), {}, { headers: { [name]: value } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code, param: null } })
  })

  it.each([
    ['x-client-request-id', 'x'.repeat(512)],
    ['content-type', 'application/json; charset=utf-8'],
    ['openai-safety-identifier', 'a'.repeat(64)],
  ])('%s: %s is accepted', async (name, value) => {
    expect((await post(sandbox(), {}, { headers: { [name]: value } })).status).toBe(200)
  })

  it('a body that is not UTF-8 is refused', async () => {
    const response = await fetch(`${sandbox().baseUrl}/realtime/client_secrets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: Buffer.from('{"session":{"type":"realtime","instructions":"\xff"}}', 'latin1'),
    })
    expect(response.status).toBe(400)
  })

  it('refuses a body of more than 1 MiB, and accepts one of 1 MiB', async () => {
    expect((await post(sandbox(), padded(1024 * 1024 + 1))).status).toBe(413)
    expect((await post(sandbox(), padded(1024 * 1024))).status).toBe(200)
  })
})

describe('routes', () => {
  it.each(['/realtime/sessions', '/realtime/transcription_sessions'])('%s is retired', async (path) => {
    const response = await post(sandbox(), {}, { path, headers: { 'openai-beta': 'assistants=v2' } })
    expect(response.status).toBe(400)
    expect(await response.json()).toStrictEqual({
      error: {
        message: 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.',
        type: 'invalid_request_error',
        param: null,
        code: 'beta_api_shape_disabled',
      },
    })
  })

  it.each([
    ['POST', '/v1/chat/completions'],
    ['POST', '/v1/realtime/client_secrets/'],
    ['POST', '/realtime/client_secrets'],
    ['GET', '/v1/realtime/client_secrets'],
    ['GET', '/'],
  ])('%s %s is no URL of OpenAI', async (method, path) => {
    const response = await fetch(new URL(`${path}?a=b`, sandbox().baseUrl), { method })
    expect(response.status).toBe(404)
    expect(await response.json()).toStrictEqual({
      error: {
        message: `Invalid URL (${method} ${path})`,
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    })
  })

  it('the query is not part of the URL', async () => {
    const response = await post(sandbox(), {}, { path: '/realtime/client_secrets?api-version=1' })
    expect(response.status).toBe(200)
  })
})

describe('every reply', () => {
  it.each([
    ['a secret', '/v1/realtime/client_secrets', 'POST'],
    ['a retired route', '/v1/realtime/sessions', 'POST'],
    ['an unknown URL', '/v1/models', 'GET'],
    ['the list of requests', '/sandbox/requests', 'GET'],
    ['a bad order', '/sandbox/behaviour', 'PUT'],
  ])('of %s is labelled and numbered', async (_, path, method) => {
    const { headers } = await fetch(new URL(path, sandbox().baseUrl), { method })
    expect(headers.get('x-realtime-mint-sandbox')).toBe(label)
    expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
    expect(headers.get('openai-version')).toBe('2020-10-01')
    expect(headers.get('openai-processing-ms')).toMatch(/^\d+$/)
    expect(headers.get('content-type')).toBe('application/json')
    expect(Date.parse(headers.get('date') ?? '')).not.toBeNaN()
  })

  it.each([
    ['garbage', 'NOT HTTP\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 404],
    ['an odd Expect', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nConnection: close\r\n\r\n', 404],
  ])('to %s is labelled too', async (_, bytes, status) => {
    const socket = connect(Number(new URL(sandbox().baseUrl).port), '127.0.0.1')
    socket.write(bytes)
    const reply = await text(socket)
    expect(reply).toContain(`HTTP/1.1 ${status} `)
    expect(reply).toContain(label)
  })
})
