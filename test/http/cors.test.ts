import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { API_KEY, ORIGIN, type Reply, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const OTHER_ORIGIN = 'https://other.example.com'
const EVIL_ORIGIN = 'https://evil.example'

const service = shareService({ environment: { ALLOWED_ORIGINS: `${ORIGIN},${OTHER_ORIGIN}` } })

const json = { 'content-type': 'application/json' } as const
const good = '{"preset":"assistant"}'

interface Call {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'DELETE'
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string
}

function call(
  { app }: TestService,
  origin: string | undefined,
  { headers, ...request }: Call,
): Promise<Reply> {
  const from = origin === undefined ? {} : { origin }
  return app.inject({
    method: 'POST',
    url: CLIENT_SECRETS,
    ...request,
    headers: { ...json, ...from, ...headers },
  })
}

const toNames = (list: unknown): readonly string[] =>
  String(list)
    .split(',')
    .map((name) => name.trim().toLowerCase())

const exposed = ['retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id', 'x-should-retry']

function expectReadable({ headers }: Reply, origin: string): void {
  expect(headers['access-control-allow-origin']).toBe(origin)
  expect(toNames(headers['access-control-expose-headers']).toSorted()).toEqual(exposed.toSorted())
  expect(headers).not.toHaveProperty('access-control-allow-credentials')
  expect(toNames(headers['vary'])).toContain('origin')
}

const replies: readonly [what: string, status: number, request: Call][] = [
  ['a secret', 200, { payload: good }],
  ['malformed JSON', 400, { payload: '{' }],
  ['a malformed path', 400, { url: '/%zz' }],
  ['an override', 403, { payload: '{"preset":"assistant","session":{"model":"x"}}' }],
  ['a navigation', 403, { payload: good, headers: { 'sec-fetch-mode': 'navigate' } }],
  ['an unknown preset', 404, { payload: '{"preset":"nobody"}' }],
  ['an unknown path', 404, { url: '/nowhere' }],
  ['a wrong method', 405, { method: 'DELETE' }],
  ['a large body', 413, { payload: 'x'.repeat(20_000) }],
  ['a wrong content type', 415, { payload: good, headers: { 'content-type': 'text/plain' } }],
  ['a wrong expectation', 417, { payload: good, headers: { expect: 'x' } }],
  ['health', 200, { method: 'GET', url: '/livez' }],
]

describe('a page of a listed origin may read every reply', () => {
  it.each(replies)('%s: %i', async (_, status, request) => {
    for (const origin of [ORIGIN, OTHER_ORIGIN]) {
      const reply = await call(service(), origin, request)
      expect(reply.statusCode).toBe(status)
      expectReadable(reply, origin)
    }
  })

  it('a limit: 429', async () => {
    const limited = await startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: '1/day' } })
    await limited.mint()
    const reply = await limited.mint()
    expect(reply.statusCode).toBe(429)
    expectReadable(reply, ORIGIN)
  })

  it('a drain: 503', async () => {
    const draining = await startTestService()
    draining.lifecycle.phase = 'draining'
    const reply = await draining.mint()
    expect(reply.statusCode).toBe(503)
    expectReadable(reply, ORIGIN)
  })

  it('a failure upstream: 502', async () => {
    const failing = await startTestService()
    failing.sandbox.behave({ kind: 'status', status: 401 })
    const reply = await failing.mint()
    expect(reply.statusCode).toBe(502)
    expectReadable(reply, ORIGIN)
    expect(reply.body).not.toContain(API_KEY.slice(-4))
  })
})

describe('no other page may read any reply', () => {
  it.each(replies)('%s', async (_, _status, request) => {
    for (const origin of [EVIL_ORIGIN, 'null', `${ORIGIN}.evil.example`, ORIGIN.toUpperCase(), undefined]) {
      const { headers } = await call(service(), origin, request)
      expect(Object.keys(headers).join(' ')).not.toContain('access-control-')
      expect(headers['vary']).toMatch(/^Origin(, |$)/)
    }
  })
})

/** As a browser asks before it sends what the openai SDK wants to send. */
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,x-stainless-lang,x-stainless-os',
} as const

const ask = (origin: string | undefined, url: string, headers: Record<string, string> = preflight) =>
  service().app.inject({
    method: 'OPTIONS',
    url,
    headers: { ...headers, ...(origin === undefined ? {} : { origin }) },
  })

describe('a preflight', () => {
  it.each([CLIENT_SECRETS, SESSIONS, `${CLIENT_SECRETS}?preset=assistant`])('of %s passes', async (url) => {
    const reply = await ask(ORIGIN, url)
    expect(reply).toMatchObject({ statusCode: 204, body: '' })
    expectReadable(reply, ORIGIN)
    expect(reply.headers).toMatchObject({
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': preflight['access-control-request-headers'],
      'access-control-max-age': '600',
      'cache-control': 'no-store',
      'x-request-id': expect.any(String),
    })
  })

  it('that asks for no headers is given none', async () => {
    const reply = await ask(ORIGIN, CLIENT_SECRETS, { 'access-control-request-method': 'POST' })
    expect(reply.statusCode).toBe(204)
    expect(reply.headers).not.toHaveProperty('access-control-allow-headers')
  })

  it('that asks for another method is told of POST alone', async () => {
    const reply = await ask(ORIGIN, CLIENT_SECRETS, { 'access-control-request-method': 'DELETE' })
    expect(reply.headers['access-control-allow-methods']).toBe('POST')
  })

  it.each([
    EVIL_ORIGIN,
    'null',
    '*',
    '',
    `${ORIGIN}/`,
    `${ORIGIN}:443`,
    ORIGIN.replace('https', 'http'),
    undefined,
  ])('of the origin "%s" is refused', async (origin) => {
    const reply = await ask(origin, CLIENT_SECRETS)
    expect(refusalOf(reply)).toEqual([403, 'origin_not_allowed', null])
    expect(Object.keys(reply.headers).join(' ')).not.toContain('access-control-')
    expect(reply.headers['vary']).toMatch(/^Origin(, |$)/)
  })

  it.each(['/nowhere', '/', '/v1/realtime', `${CLIENT_SECRETS}/`])('of %s finds nothing', async (url) => {
    const reply = await ask(ORIGIN, url)
    expect(refusalOf(reply)).toEqual([404, 'invalid_request', null])
    expectReadable(reply, ORIGIN)
  })

  it('costs nothing upstream and leaves no record', async () => {
    const before = [service().sandbox.requests.length, await service().auditText()]
    await ask(ORIGIN, CLIENT_SECRETS)
    await ask(EVIL_ORIGIN, CLIENT_SECRETS)
    expect([service().sandbox.requests.length, await service().auditText()]).toEqual(before)
  })
})
