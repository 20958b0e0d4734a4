// Which requests the admin listener answers: by host, by the page that asks, by token, by media type.
import { describe, expect, it } from 'vitest'
import { exchange } from '../support/sockets.ts'
import {
  ADMIN_TOKEN,
  bearer,
  beyondLoopback,
  shareAdminService,
  startAdminService,
  toBasic,
} from './admin-service.ts'

/** No route: a request that passes the guards gets 404. */
const PASSED = 404
const PATH = '/nothing-here'

const toText = (method: string, headers: readonly string[], body = ''): string =>
  `${method} ${PATH} HTTP/1.1\r\n${[...headers, 'connection: close'].join('\r\n')}\r\n\r\n${body}`

async function statusOf(
  port: number,
  method: string,
  headers: readonly string[],
  body = '',
): Promise<number> {
  const [reply] = await exchange(port, toText(method, headers, body))
  return reply?.statusCode ?? 0
}

describe('on loopback, a read', () => {
  const service = shareAdminService()

  it.each(['localhost', 'LOCALHOST:9090', '127.0.0.1', '127.1.2.3:1', '[::1]', '[::1]:9090'])(
    'passes for the host %s without a token',
    async (host) => {
      const { adminPort } = service()
      expect(await statusOf(adminPort, 'GET', [`host: ${host}`])).toBe(PASSED)
    },
  )

  it.each([
    'rebound.example.com',
    'localhost.example.com',
    'localhost@example.com',
    '127.0.0.1.example.com',
    '10.0.0.1',
    '[::2]',
    '',
  ])('gets 421 for the host %j, even with the token', async (host) => {
    const { adminPort } = service()
    const headers = [`host: ${host}`, `authorization: Bearer ${ADMIN_TOKEN}`]
    const [reply] = await exchange(adminPort, toText('GET', headers))
    expect(reply?.statusCode).toBe(421)
    expect(JSON.parse(reply?.body ?? '')).toMatchObject({ error: { code: 'invalid_request' } })
  })

  it('gets 400 with two hosts', async () => {
    const { adminPort } = service()
    expect(await statusOf(adminPort, 'GET', ['host: localhost', 'host: example.com'])).toBe(400)
  })

  it('does not look at a token, which a proxy may use for itself', async () => {
    const { ask } = service()
    const reply = await ask(PATH, { headers: { authorization: toBasic('for the proxy') } })
    expect(reply.status).toBe(PASSED)
  })
})

describe('beyond loopback, a read', () => {
  const service = shareAdminService(beyondLoopback)

  it.each([
    ['Bearer', `Bearer ${ADMIN_TOKEN}`],
    ['bearer in lower case', `bearer ${ADMIN_TOKEN}`],
    ['the password of Basic', toBasic(ADMIN_TOKEN)],
  ])('passes for any host with the token as %s', async (_how, authorization) => {
    const { adminPort } = service()
    const headers = ['host: mint.internal:9090', `authorization: ${authorization}`]
    expect(await statusOf(adminPort, 'GET', headers)).toBe(PASSED)
  })

  it.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['a part of it', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`],
    ['more than it', `Bearer ${ADMIN_TOKEN}s`],
    ['it as the user name of Basic', `Basic ${Buffer.from(`${ADMIN_TOKEN}:`).toString('base64')}`],
    ['it without a scheme', ADMIN_TOKEN],
    ['an empty one', 'Bearer '],
  ])('gets 401 with %s as the token', async (_what, authorization) => {
    const { ask } = service()
    const reply = await ask(PATH, { headers: authorization === undefined ? {} : { authorization } })
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toBe('Basic realm="realtime-mint", charset="UTF-8"')
    expect(await reply.json()).toMatchObject({ error: { code: 'unauthenticated' } })
  })
})

describe('a read by a page', () => {
  const service = shareAdminService()

  it.each<[what: string, headers: Record<string, string>, status: number]>([
    ['of our own passes', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, PASSED],
    [
      'that a person opens passes',
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      PASSED,
    ],
    [
      'that a link of another site opens passes',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      PASSED,
    ],
    [
      'in a frame of another site gets 403',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      403,
    ],
    ['of another site gets 403', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['of another port gets 403', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
  ])('%s', async (_what, headers, status) => {
    const { ask, adminPort } = service()
    const lines = ['host: localhost', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
    expect(await statusOf(adminPort, 'GET', lines)).toBe(status)
    expect((await ask(PATH)).headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('a write', () => {
  const service = shareAdminService()

  const json = 'content-type: application/json'
  const token = `authorization: Bearer ${ADMIN_TOKEN}`
  const host = 'host: localhost:9090'

  it.each<[what: string, headers: readonly string[], status: number]>([
    ['of a program with the token passes', [token, json], PASSED],
    ['without the token gets 401', [json], 401],
    ['of our own page passes', [token, json, 'sec-fetch-site: same-origin'], PASSED],
    ['of another site gets 403', [token, json, 'sec-fetch-site: cross-site'], 403],
    ['of another port gets 403', [token, json, 'sec-fetch-site: same-site'], 403],
    ['that a person opens gets 403', [token, json, 'sec-fetch-site: none'], 403],
    ['with our origin and no Fetch Metadata passes', [token, json, 'origin: http://localhost:9090'], PASSED],
    ['with another origin and no Fetch Metadata gets 403', [token, json, 'origin: http://evil.example'], 403],
    ['with the origin null gets 403', [token, json, 'origin: null'], 403],
    ['of a form gets 415', [token, 'content-type: application/x-www-form-urlencoded'], 415],
    ['as plain text gets 415', [token, 'content-type: text/plain'], 415],
    ['without a media type gets 415', [token], 415],
  ])('%s', async (_what, headers, status) => {
    const { adminPort } = service()
    const all = [host, ...headers, 'content-length: 2']
    expect(await statusOf(adminPort, 'POST', all, '{}')).toBe(status)
    expect(await statusOf(adminPort, 'DELETE', all, '{}')).toBe(status)
  })

  it('gets 403 where no token is set', async () => {
    const { ask } = await startAdminService({ ADMIN_TOKEN: '' })
    const reply = await ask(PATH, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({ error: { code: 'writes_disabled' } })
  })

  it('of more than 16 KiB gets 413', async () => {
    const { ask } = service()
    const headers = { ...bearer, 'content-type': 'application/json' }
    const reply = await ask(PATH, { method: 'POST', body: `{"a":"${'x'.repeat(20_000)}"}`, headers })
    expect(reply.status).toBe(413)
  })
})

it('an error has the envelope of the public listener, and no reply names its server', async () => {
  const { ask } = await startAdminService()
  const reply = await ask(PATH)
  const id = reply.headers.get('x-request-id')
  expect(await reply.json()).toStrictEqual({
    error: {
      message: 'This path does not exist.',
      type: 'invalid_request_error',
      code: 'invalid_request',
      param: null,
      request_id: id,
    },
  })
  const headers = Object.fromEntries(reply.headers)
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  expect(Object.keys(headers).filter((name) => /^(?:server|x-powered-by|etag)$/.test(name))).toStrictEqual([])
})

it('malformed requests get the envelope too', async () => {
  const { adminPort } = await startAdminService()
  const [bad] = await exchange(adminPort, 'GET\r\n\r\n')
  const [long] = await exchange(adminPort, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  expect([bad?.statusCode, long?.statusCode]).toStrictEqual([400, 431])
  expect(JSON.parse(bad?.body ?? '')).toMatchObject({ error: { code: 'invalid_request' } })
})
