/** Which targets and methods have a route. */
import { METHODS } from 'node:http'
import { describe, expect, it } from 'vitest'
import {
  CANARY,
  CLIENT_SECRETS,
  invalid,
  noRoute,
  refusalOf,
  SESSIONS,
  wrongMethod,
} from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, mintBody, mintHeaders, pageHeaders, send, toRequest } from '../support/sockets.ts'

const service = shareService()

const [origin] = pageHeaders

const post = (path: string) => send(service(), `POST ${path}`, mintHeaders, mintBody)

/** Replies to HEAD announce a body that does not come, and Node gives CONNECT to no route. */
const methods = METHODS.filter((method) => !['HEAD', 'CONNECT'].includes(method))

describe.each([CLIENT_SECRETS, SESSIONS])('%s', (path) => {
  it('mints for a POST', async () => {
    expect((await post(path)).statusCode).toBe(200)
  })

  it.each(methods.filter((method) => !['POST', 'OPTIONS'].includes(method)))('refuses %s', async (method) => {
    const before = service().sandbox.requests.length
    const reply = await send(service(), `${method} ${path}?preset=assistant`, [origin])
    expect(refusalOf(reply)).toEqual(wrongMethod)
    expect(reply.headers['allow']).toBe('POST, OPTIONS')
    expect(service().sandbox.requests).toHaveLength(before)
  })

  it('refuses HEAD, without a body', async () => {
    const reply = await service().app.inject({ method: 'HEAD', url: path })
    expect(reply).toMatchObject({ statusCode: 405, body: '', headers: { allow: 'POST, OPTIONS' } })
  })

  it('ignores a method that only a header names', async () => {
    const overrides = ['X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST']
    expect((await send(service(), `GET ${path}`, [...pageHeaders, ...overrides])).statusCode).toBe(405)
  })
})

describe('a path without a route', () => {
  it.each(methods)('is 404 for %s', async (method) => {
    const reply = await send(service(), `${method} /nowhere`, [origin])
    expect(refusalOf(reply)).toEqual(noRoute)
    expect(reply.headers).not.toHaveProperty('allow')
  })

  const known = '/v1/realtime/client_secrets'
  const similar = [
    '/V1/realtime/client_secrets',
    '/v1/realtime/Client_Secrets',
    '/v1/realtime/client-secrets',
  ]
  const dotted = ['/v1/../v1/realtime/client_secrets', '/./v1/realtime/client_secrets']
  const slashed = [`${known}/`, `${known}/x`, `/${known}`, '/v1//realtime/client_secrets']
  const ofOpenAi = ['/v1/realtime/transcription_sessions', '/v1/realtime/translations/client_secrets']
  const others = ['/', '/v1', '/v1/realtime', `${known};x`, `${known}&x`, '/metrics', '/favicon.ico']
  const escapedNames = ['client%5fsecrets', '%63lient_secrets'].map((name) => `/v1/realtime/${name}`)
  const escapedParts = ['/v1%2frealtime%2fclient_secrets', '/%76%31/realtime/client_secrets', `/${CANARY}%2f`]
  const escapedEnds = ['%3fpreset=assistant', '%20', '%00', '%2f..%2fclient_secrets'].map(
    (end) => known + end,
  )

  const plain = [...similar, ...dotted, ...slashed, ...ofOpenAi, ...others]

  it.each([...plain, ...escapedNames, ...escapedParts, ...escapedEnds])('is 404: %s', async (path) => {
    const reply = await post(path)
    expect(refusalOf(reply)).toEqual(noRoute)
    expect(JSON.stringify(reply)).not.toContain(CANARY)
  })
})

describe('a malformed target', () => {
  it.each<[what: string, target: string]>([
    ['half an escape', `/${CANARY}%`],
    ['an escape that is not hex', `/${CANARY}%zz`],
    ['an escape that is not UTF-8', `/${CANARY}%ff`],
    ['an overlong escape', `/${CANARY}%c0%af`],
    ['half an escape on a known path', `${CLIENT_SECRETS}%`],
    ['another host', `http://${CANARY}.example${CLIENT_SECRETS}`],
    ['another host with https', `https://${CANARY}.example${CLIENT_SECRETS}`],
    ['another scheme', `file://${CANARY}${CLIENT_SECRETS}`],
    ['a path without a slash', CANARY],
    ['an asterisk', '*'],
    ['a control character', `/${CANARY}\u0001`],
    ['a byte that is not ASCII', `/${CANARY}\u00e9`],
    ['UTF-8', Buffer.from(`/${CANARY}é`).toString('latin1')],
    ['a tab', `/${CANARY}\tx`],
  ])('is refused and not repeated: %s', async (_, target) => {
    const bytes = Buffer.from(toRequest(`POST ${target}`, mintHeaders, mintBody), 'latin1')
    const replies = await exchange(await listen(service().app), bytes)
    expect(replies.map(refusalOf)).toEqual([invalid()])
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })
})

describe('a query', () => {
  it.each(['?', '?%', '?%zz', '?a=%ff', '??', '?&&&', '?a?b', '?a=/../b', `?${'a&'.repeat(2_000)}`])(
    'may be anything: %s',
    async (query) => {
      expect((await post(`${CLIENT_SECRETS}${query}`)).statusCode).toBe(200)
    },
  )

  it('with an empty preset names another one than the body', async () => {
    expect(refusalOf(await post(`${CLIENT_SECRETS}?preset`))).toEqual(invalid('preset'))
  })
})
