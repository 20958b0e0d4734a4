import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { apiKey, flatPath, post, refusalOf, refused, useSandbox } from './caller.ts'
import { startClockedSandbox } from './connections.ts'

const label = 'for development only, these secrets open nothing'
const wrongKey = 'sk-proj-somebody-elses-secret-key-9876'
const gaPath = '/realtime/client_secrets'
const authorized = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
const anchor = 'created_at'

const invalidUrl = (method: string, path: string) => ({
  error: {
    message: `Invalid URL (${method} ${path})`,
    type: 'invalid_request_error',
    param: null,
    code: null,
  },
})

const secretOf = async (response: Promise<Response>): Promise<{ value: unknown; expires_at: unknown }> => {
  const { client_secret: inner, ...body } = Object(await (await response).json())
  return inner ?? body
}

interface Endpoint {
  readonly api: 'client_secrets' | 'sessions'
  readonly path: string
  /** Bodies, and the lifetimes of their secrets in seconds. */
  readonly lifetimes: [body: object, seconds: number][]
  readonly refusedHeaders: [name: string, value: string, code: string | null][]
  readonly acceptedHeaders: [name: string, value: string][]
  /** URLs of other APIs: method and path. */
  readonly others: string[]
}

const gaRequests: Endpoint = {
  api: 'client_secrets',
  path: gaPath,
  lifetimes: [
    [{}, 600],
    [{ expires_after: { anchor } }, 600],
    [{ expires_after: { anchor, seconds: 10 } }, 10],
    [{ expires_after: { anchor, seconds: 7200 } }, 7200],
  ],
  refusedHeaders: [
    ['openai-beta', 'realtime=v1', 'invalid_beta'],
    ['x-client-request-id', 'x'.repeat(513), null],
    ['x-client-request-id', 'réquest', null],
    ['content-type', 'text/plain', 'unsupported_content_type'],
    ['content-type', 'application/json; charset=latin1', 'unsupported_content_type'],
    ['content-type', 'application/json-patch+json', 'unsupported_content_type'],
  ],
  acceptedHeaders: [
    ['x-client-request-id', 'x'.repeat(512)],
    ['content-type', 'application/json; charset=utf-8'],
    ['openai-safety-identifier', 'a'.repeat(64)],
  ],
  others: [
    'POST /v1/chat/completions',
    'POST /v1/realtime/client_secrets/',
    'POST /realtime/client_secrets',
    'GET /v1/realtime/client_secrets',
    'GET /',
  ],
}

const flatSecret = (fields: object) => ({ client_secret: fields })

const flatRequests: Endpoint = {
  api: 'sessions',
  path: flatPath,
  lifetimes: [
    [{}, 60],
    [flatSecret({}), 60],
    [flatSecret({ expires_after: { anchor } }), 60],
    [flatSecret({ expires_after: { anchor, seconds: 10 } }), 10],
    [flatSecret({ expires_after: { anchor, seconds: 7200 } }), 7200],
    [flatSecret({ expires_at: { anchor } }), 60],
    [flatSecret({ expires_at: { anchor, seconds: 600 } }), 600],
  ],
  refusedHeaders: [
    ['openai-beta', 'realtime=v2', 'invalid_beta'],
    ['x-client-request-id', 'x'.repeat(513), null],
    ['content-type', 'text/plain', 'unsupported_content_type'],
  ],
  acceptedHeaders: ['realtime=v1', 'assistants=v2'].map((value) => ['openai-beta', value]),
  others: [
    ...['client_secrets', 'translations/client_secrets', 'transcription_sessions', 'sessions/'].map(
      (name) => `POST /v1/realtime/${name}`,
    ),
    ...['sessions', '/realtime/sessions', 'surrealtime/sessions'].map((name) => `POST /v1/${name}`),
    'GET /v1/realtime/sessions',
  ],
}

describe.each([gaRequests, flatRequests])('the API $api', (endpoint) => {
  const { api, path } = endpoint
  const sandbox = useSandbox({ api })

  it('issues another secret each time', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => secretOf(post(sandbox(), {}, { path }))))
    expect(one).toMatchObject({
      value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
      expires_at: expect.any(Number),
    })
    expect(other?.value).not.toBe(one?.value)
  })

  it.each(endpoint.lifetimes)(
    'with %j issues a secret for %i s, by the clock of its Date',
    async (body, seconds) => {
      const { sandbox: own } = await startClockedSandbox({ api, now: () => 1_800_000_000_999 })
      const response = await post(own, body, { path })
      expect(response.headers.get('date')).toBe('Fri, 15 Jan 2027 08:00:00 GMT')
      const { expires_at: expiresAt } = await secretOf(Promise.resolve(response))
      expect(expiresAt).toBe(1_800_000_000 + seconds)
    },
  )

  it.each(endpoint.refusedHeaders)('refuses %s: %s', async (name, value, code) => {
    const response = post(sandbox(), {}, { path, headers: { [name]: value } })
    expect(await refusalOf(response)).toStrictEqual(refused(code, null))
  })

  it.each(endpoint.acceptedHeaders)('accepts %s: %s', async (name, value) => {
    expect((await post(sandbox(), {}, { path, headers: { [name]: value } })).status).toBe(200)
  })

  it.each(endpoint.others)('has no URL %s', async (line) => {
    const [method = '', url = ''] = line.split(' ')
    const before = sandbox().requests.length
    const response = await fetch(new URL(`${url}?a=b`, sandbox().baseUrl), { method, headers: authorized })
    expect(response.status).toBe(404)
    expect(await response.json()).toStrictEqual(invalidUrl(method, url))
    expect(sandbox().requests).toHaveLength(before)
  })
})

const sandbox = useSandbox()
const padded = (bytes: number): string => `{}${' '.repeat(bytes - 2)}`

describe('a key in Authorization', () => {
  const retired = ['/realtime/sessions', '/realtime/transcription_sessions']

  it.each([gaPath, '/realtime/translations/client_secrets', ...retired])(
    'is refused by %s if it is wrong, and its ends are shown',
    async (path) => {
      const response = await post(sandbox(), {}, { path, headers: { authorization: `Bearer ${wrongKey}` } })
      const { error } = Object(await response.json())
      expect(response.status).toBe(401)
      expect(error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error', param: null })
      expect(error.message).toMatch(/sk-\*+9876/)
      expect(error.message).not.toContain(wrongKey)
    },
  )

  it.each(['', `Basic ${apiKey}`, apiKey, 'Bearer', `Bearer ${apiKey} x`, 'Bearer sk-short'])(
    'is missing in %j, and nothing of it is shown',
    async (authorization) => {
      const response = await post(sandbox(), {}, { headers: { authorization } })
      expect(response.status).toBe(401)
      const body = await response.text()
      expect(JSON.parse(body)).toMatchObject({ error: { code: 'invalid_api_key' } })
      expect(body).not.toContain('sk-short')
      expect(body).not.toContain(apiKey)
    },
  )

  it.each(retired)('is right for the retired %s', async (path) => {
    const response = await post(sandbox(), {}, { path, headers: { 'openai-beta': 'assistants=v2' } })
    expect(response.status).toBe(400)
    const message = 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.'
    const code = 'beta_api_shape_disabled'
    expect(await response.json()).toStrictEqual({
      error: { message, type: 'invalid_request_error', param: null, code },
    })
  })
})

describe('a body', () => {
  it('is refused if it is not UTF-8', async () => {
    const body = Buffer.from('{"session":{"type":"realtime","instructions":"\xff"}}', 'latin1')
    const url = `${sandbox().baseUrl}${gaPath}`
    expect((await fetch(url, { method: 'POST', headers: authorized, body })).status).toBe(400)
  })

  it('may have 1 MiB, and no byte more', async () => {
    expect((await post(sandbox(), padded(1024 * 1024 + 1))).status).toBe(413)
    expect((await post(sandbox(), padded(1024 * 1024))).status).toBe(200)
  })
})

describe('the path of a flat request', () => {
  const sessions = useSandbox({ api: 'sessions' })
  const version = '?api-version=2025-04-01-preview'

  it.each([
    '/v1/realtime/sessions',
    '/realtime/sessions',
    `/v1/realtime/sessions${version}`,
    `/openai/realtime/sessions${version}&deployment=a`,
    `/openai/realtimeapi/sessions${version}`,
  ])('may be %s, and is recorded with its query', async (path) => {
    const body = '{"voice":"ash"}'
    const url = new URL(path, sessions().baseUrl)
    expect((await fetch(url, { method: 'POST', headers: authorized, body })).status).toBe(200)
    expect(sessions().requests.at(-1)).toMatchObject({ path, body })
  })

  it('is quoted in a 404 without its query', async () => {
    sessions().behave({ kind: 'status', status: 404, code: null })
    const response = await post(sessions(), {}, { path: `${flatPath}?a=b` })
    expect(await response.json()).toMatchObject(invalidUrl('POST', '/v1/realtime/sessions'))
  })
})

describe('every reply', () => {
  it.each([
    ['a secret', '/v1/realtime/client_secrets?api-version=1', 'POST'],
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
