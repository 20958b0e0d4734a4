import { describe, expect, it } from 'vitest'
import { type Asked, ask, OTHER_ORIGIN } from '../routes/asking.ts'
import { CLIENT_SECRETS, noRoute, otherOrigin, refusalOf, SESSIONS } from '../support/replies.ts'
import { API_KEY, ORIGIN, type Reply, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { mintBody } from '../support/sockets.ts'

const EVIL_ORIGIN = 'https://evil.example'

const service = shareService({ environment: { ALLOWED_ORIGINS: `${ORIGIN},${OTHER_ORIGIN}` } })

/** A mint, unless the request says otherwise. */
const askFrom = (origin: string | undefined, request: Asked): Promise<Reply> =>
  ask(service(), { body: mintBody, ...request, headers: { origin, ...request.headers } })

const toNames = (list: unknown): readonly string[] =>
  String(list)
    .split(',')
    .map((name) => name.trim().toLowerCase())

const exposed = ['ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id', 'x-should-retry']

function expectReadable({ headers }: Reply, origin: string): void {
  expect(headers['access-control-allow-origin']).toBe(origin)
  expect(toNames(headers['access-control-expose-headers']).toSorted()).toEqual(exposed)
  expect(headers).not.toHaveProperty('access-control-allow-credentials')
  expect(toNames(headers['vary'])).toContain('origin')
}

function expectUnreadable({ headers }: Reply): void {
  expect(Object.keys(headers).join(' ')).not.toContain('access-control-')
  expect(headers['vary']).toMatch(/^Origin(, |$)/)
}

const replies: readonly [what: string, status: number, request: Asked][] = [
  ['a secret', 200, {}],
  ['malformed JSON', 400, { body: '{' }],
  ['a malformed path', 400, { path: '/%zz' }],
  ['an override', 403, { body: '{"preset":"assistant","session":{"model":"x"}}' }],
  ['a navigation', 403, { headers: { 'sec-fetch-mode': 'navigate' } }],
  ['an unknown preset', 404, { body: '{"preset":"nobody"}' }],
  ['an unknown path', 404, { path: '/nowhere' }],
  ['a wrong method', 405, { method: 'DELETE' }],
  ['a large body', 413, { body: 'x'.repeat(20_000) }],
  ['a wrong content type', 415, { headers: { 'content-type': 'text/plain' } }],
  ['a wrong expectation', 417, { headers: { expect: 'x' } }],
  ['health', 200, { method: 'GET', path: '/livez' }],
]

describe('a reply', () => {
  it.each(replies)('with %s (%i) is readable by pages of listed origins only', async (_, status, request) => {
    for (const origin of [ORIGIN, OTHER_ORIGIN]) {
      const reply = await askFrom(origin, request)
      expect(reply.statusCode).toBe(status)
      expectReadable(reply, origin)
    }
    for (const origin of [EVIL_ORIGIN, 'null', `${ORIGIN}.evil.example`, ORIGIN.toUpperCase(), undefined]) {
      expectUnreadable(await askFrom(origin, request))
    }
  })

  it.each(['limit', 'drain', 'failure'])('of a %s is readable', async (what) => {
    const own = await startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: '1/day' } })
    if (what === 'limit') await own.mint()
    if (what === 'drain') own.lifecycle.phase = 'draining'
    own.sandbox.behave({ kind: 'status', status: 401 })
    const reply = await own.mint()
    expect(reply.statusCode).toBe(what === 'limit' ? 429 : what === 'drain' ? 503 : 502)
    expectReadable(reply, ORIGIN)
    expect(reply.body).not.toContain(API_KEY.slice(-4))
  })
})

/** What a browser asks before a call of the openai SDK. */
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,x-stainless-lang,x-stainless-os',
} as const

const preflightOf = (path: string, origin?: string, headers: Asked['headers'] = preflight) =>
  ask(service(), { method: 'OPTIONS', path, headers: { origin, ...headers } })

describe('a preflight', () => {
  it.each([CLIENT_SECRETS, SESSIONS, `${CLIENT_SECRETS}?preset=assistant`])('of %s passes', async (url) => {
    const reply = await preflightOf(url, ORIGIN)
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

  it('for another method and no headers gets POST as the only method', async () => {
    const { statusCode, headers } = await preflightOf(CLIENT_SECRETS, ORIGIN, {
      'access-control-request-method': 'DELETE',
    })
    expect([statusCode, headers['access-control-allow-methods']]).toEqual([204, 'POST'])
    expect(headers).not.toHaveProperty('access-control-allow-headers')
  })

  const similar = [`${ORIGIN}/`, `${ORIGIN}:443`, ORIGIN.replace('https', 'http')]

  it.each([EVIL_ORIGIN, 'null', '*', '', undefined, ...similar])(
    'of the origin "%s" is refused',
    async (origin) => {
      const reply = await preflightOf(CLIENT_SECRETS, origin)
      expect(refusalOf(reply)).toEqual(otherOrigin)
      expectUnreadable(reply)
    },
  )

  it.each(['/nowhere', '/', '/v1/realtime', `${CLIENT_SECRETS}/`])('of %s is 404', async (url) => {
    const reply = await preflightOf(url, ORIGIN)
    expect(refusalOf(reply)).toEqual(noRoute)
    expectReadable(reply, ORIGIN)
  })
})
