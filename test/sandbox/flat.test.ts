import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { apiKey, flatPath, post, refusalOf, refused, useSandbox } from './caller.ts'

const sandbox = useSandbox({ api: 'sessions' })

const flat = { path: flatPath }
const authorized = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }

const defaultEcho = {
  id: expect.stringMatching(/^sess_/),
  object: 'realtime.session',
  expires_at: 0,
  model: expect.stringMatching(/realtime/),
  modalities: ['text', 'audio'],
  instructions: expect.stringMatching(/./),
  voice: 'alloy',
  input_audio_format: 'pcm16',
  output_audio_format: 'pcm16',
  input_audio_transcription: null,
  turn_detection: {
    type: 'server_vad',
    threshold: 0.5,
    prefix_padding_ms: 300,
    silence_duration_ms: 200,
    create_response: true,
    interrupt_response: true,
  },
  input_audio_noise_reduction: null,
  tools: [],
  tool_choice: 'auto',
  temperature: 0.8,
  max_response_output_tokens: 'inf',
  speed: 1,
  tracing: null,
}

describe('a flat secret', () => {
  it('is inside a flat session that has every default', async () => {
    const response = await post(sandbox(), {}, flat)
    expect(response.status).toBe(200)
    expect(await response.json()).toStrictEqual({
      ...defaultEcho,
      client_secret: {
        value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
        expires_at: expect.any(Number),
      },
    })
  })

  it('is different each time', async () => {
    const replies = [await post(sandbox(), {}, flat), await post(sandbox(), {}, flat)]
    const values = replies.map(async (reply) => Object(await reply.json()).client_secret.value)
    expect(new Set(await Promise.all(values)).size).toBe(2)
  })

  it.each([
    [undefined, 60],
    [{}, 60],
    [{ expires_after: { anchor: 'created_at' } }, 60],
    [{ expires_after: { anchor: 'created_at', seconds: 10 } }, 10],
    [{ expires_after: { anchor: 'created_at', seconds: 7200 } }, 7200],
    [{ expires_at: { anchor: 'created_at' } }, 60],
    [{ expires_at: { anchor: 'created_at', seconds: 600 } }, 600],
  ])('asked for with client_secret %j lasts %i s from now', async (asked, seconds) => {
    const own = await startSandbox({ apiKey, api: 'sessions', now: () => 1_800_000_000_999 })
    const response = await post(own, { client_secret: asked }, flat)
    expect(await response.json()).toMatchObject({ client_secret: { expires_at: 1_800_000_000 + seconds } })
    await own.close()
  })
})

describe('a flat server', () => {
  it.each([
    '/v1/realtime/sessions',
    '/realtime/sessions',
    '/v1/realtime/sessions?api-version=2025-04-01-preview',
    '/openai/realtime/sessions?api-version=2025-04-01-preview&deployment=a',
    '/openai/realtimeapi/sessions?api-version=2025-04-01-preview',
  ])('POST %s mints and is on record with its query', async (path) => {
    const response = await fetch(new URL(path, sandbox().baseUrl), {
      method: 'POST',
      headers: authorized,
      body: '{"voice":"ash"}',
    })
    expect(response.status).toBe(200)
    expect(sandbox().requests.at(-1)).toMatchObject({ path, body: '{"voice":"ash"}' })
  })

  it.each([
    ['POST', '/v1/realtime/client_secrets'],
    ['POST', '/v1/realtime/translations/client_secrets'],
    ['POST', '/v1/realtime/transcription_sessions'],
    ['POST', '/v1/realtime/sessions/'],
    ['POST', '/v1/sessions'],
    ['POST', '/v1//realtime/sessions'],
    ['POST', '/v1/surrealtime/sessions'],
    ['GET', '/v1/realtime/sessions'],
  ])('%s %s is none of its URLs', async (method, path) => {
    const before = sandbox().requests.length
    const response = await fetch(new URL(`${path}?a=b`, sandbox().baseUrl), { method, headers: authorized })
    expect(response.status).toBe(404)
    expect(await response.json()).toStrictEqual({
      error: {
        message: `Invalid URL (${method} ${path})`,
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    })
    expect(sandbox().requests).toHaveLength(before)
  })

  it.each(['realtime=v1', 'assistants=v2'])('accepts OpenAI-Beta: %s', async (beta) => {
    const response = await post(sandbox(), {}, { ...flat, headers: { 'openai-beta': beta } })
    expect(response.status).toBe(200)
  })

  it.each<[string, string, string | null]>([
    ['openai-beta', 'realtime=v2', 'invalid_beta'],
    ['x-client-request-id', 'x'.repeat(513), null],
    ['content-type', 'text/plain', 'unsupported_content_type'],
  ])('%s: %s is refused', async (name, value, code) => {
    const response = post(sandbox(), {}, { ...flat, headers: { [name]: value } })
    expect(await refusalOf(response)).toStrictEqual(refused(code, null))
  })

  it('of 404 quotes the requested URL', async () => {
    sandbox().behave({ kind: 'status', status: 404, code: null })
    const { error } = Object(await (await post(sandbox(), {}, { path: `${flatPath}?a=b` })).json())
    expect(error).toMatchObject({ message: 'Invalid URL (POST /v1/realtime/sessions)', code: null })
  })
})

describe('a key that is expected in the api-key header', () => {
  const azure = useSandbox({ api: 'sessions', auth: 'api-key' })
  const other = 'sk-proj-somebody-elses-secret-key-9876'

  it.each<[string, Record<string, string>, number]>([
    ['alone', { 'api-key': apiKey, authorization: '' }, 200],
    ['beside some Authorization', { 'api-key': apiKey, authorization: 'Basic x' }, 200],
    ['and is in Authorization', {}, 401],
    ['and is wrong there, though right in Authorization', { 'api-key': other }, 401],
    ['as a Bearer token', { 'api-key': `Bearer ${apiKey}` }, 401],
    ['and is empty', { 'api-key': '' }, 401],
  ])('%s', async (_, headers, status) => {
    const response = await post(azure(), {}, { ...flat, headers })
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain(apiKey)
  })

  it('is missing: the message names that header', async () => {
    const { error } = Object(await (await post(azure(), {}, flat)).json())
    expect(error).toMatchObject({
      code: 'invalid_api_key',
      message: expect.stringContaining('api-key header'),
    })
  })

  it('is shown masked if it is wrong', async () => {
    const { error } = Object(
      await (await post(azure(), {}, { ...flat, headers: { 'api-key': other } })).json(),
    )
    expect(error.message).toMatch(/sk-\*+9876/)
  })

  it('works with GA endpoints too', async () => {
    const own = await startSandbox({ apiKey, auth: 'api-key' })
    expect((await post(own, {}, { headers: { 'api-key': apiKey, authorization: '' } })).status).toBe(200)
    expect((await post(own, {})).status).toBe(401)
    await own.close()
  })

  it('is not read from another header', async () => {
    const response = await post(sandbox(), {}, { ...flat, headers: { authorization: '', 'api-key': apiKey } })
    expect(response.status).toBe(401)
  })
})

it.each<[api: 'client_secrets' | 'sessions', path: string]>([
  ['client_secrets', '/realtime/client_secrets'],
  ['sessions', flatPath],
])('secrets of %s begin with the prefix that was asked for', async (api, path) => {
  const own = await startSandbox({ apiKey, api, secretPrefix: 'eph-' })
  const body = Object(await (await post(own, {}, { path })).json())
  expect(body.client_secret?.value ?? body.value).toMatch(/^eph-sandbox_[0-9a-f]{32}$/)
  await own.close()
})

it('has the same prefix if it is malformed', async () => {
  const own = await startSandbox({ apiKey, api: 'sessions', secretPrefix: 'eph-' })
  own.behave({ kind: 'malformed', variant: 'value-only-prefix' })
  expect(await (await post(own, {}, flat)).json()).toMatchObject({ client_secret: { value: 'eph-' } })
  own.behave({ kind: 'malformed', variant: 'value-without-prefix' })
  const value = expect.stringMatching(/^(?!eph-)./)
  expect(await (await post(own, {}, flat)).json()).toMatchObject({ client_secret: { value } })
  await own.close()
})

describe('a behaviour', () => {
  it.each<[Behaviour, number, unknown]>([
    [{ kind: 'delay', ms: 0 }, 200, { client_secret: expect.any(Object) }],
    [{ kind: 'status', status: 429 }, 429, { error: { code: 'rate_limit_exceeded' } }],
    [{ kind: 'status', status: 401 }, 401, { error: { code: 'invalid_api_key' } }],
    [{ kind: 'status', status: 200, body: { value: 'ek_a' } }, 200, { value: 'ek_a' }],
  ])('%j is done to a flat request too', async (behaviour, status, body) => {
    sandbox().behave(behaviour)
    const response = await post(sandbox(), {}, flat)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject(Object(body))
  })
})
