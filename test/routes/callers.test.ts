/** Both minting routes where callers need a token: which ones pass, what they get, and what is checked first. */
import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { ORIGIN, type Reply, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { listen, openPeer, parseReplies, toRequest } from '../support/sockets.ts'
import { secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { type Asked, ask, OTHER_ORIGIN, outcomeOf } from './asking.ts'

const presets = `
presets:
  plain: { session: { type: realtime, model: gpt-realtime-2.1 } }
  elsewhere:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: ["${OTHER_ORIGIN}"] }
  paid:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { claims: { plan: [pro, team], seats: [1, 2] } }
  both:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: ["${OTHER_ORIGIN}"], claims: { plan: [pro] } }
`

const environment = { ...secretEnvironment, ALLOWED_ORIGINS: `${ORIGIN},${OTHER_ORIGIN}` } as const

const denied = [401, 'unauthenticated', null] as const
const otherOrigin = [403, 'origin_not_allowed', null] as const
const noPreset = [404, 'unknown_preset', null] as const

const plain = { preset: 'plain' } as const

describe('a token stands in for the origin where there is none', () => {
  const service = shareService({ environment, presets })

  it.each<[what: string, origin: string | undefined, token: string | undefined, outcome: unknown]>([
    ['a page with a token', ORIGIN, toToken(), 'issued'],
    ['a server with a token', undefined, toToken(), 'issued'],
    ['a page without one', ORIGIN, undefined, denied],
    ['a server without one', undefined, undefined, denied],
    ['a server with a bad one', undefined, toToken({ exp: 1 }), denied],
    ['another page with a token', 'https://evil.example', toToken(), otherOrigin],
    ['a page of no origin with a token', 'null', toToken(), otherOrigin],
    ['an empty origin with a token', '', toToken(), otherOrigin],
  ])('%s', async (_, origin, token, outcome) => {
    const headers = { origin, ...(token === undefined ? {} : toBearer(token)) }
    expect(outcomeOf(await ask(service(), { body: plain, headers }))).toEqual(outcome)
  })

  it('but not for how a request came about', async () => {
    const headers = { origin: undefined, 'sec-fetch-mode': 'navigate', ...toBearer(toToken()) }
    expect(outcomeOf(await ask(service(), { body: plain, headers }))).toEqual(otherOrigin)
  })

  it('a server has no origin in the audit', async () => {
    await ask(service(), { body: plain, headers: { origin: undefined, ...toBearer(toToken()) } })
    const record = (await service().records()).findLast(({ event }) => event === 'attempt')
    expect(record).toMatchObject({ outcome: 'issued', origin: null, caller: expect.any(String) })
  })
})

describe('without a list of origins', () => {
  const service = shareService({
    environment: { ...secretEnvironment, ALLOWED_ORIGINS: undefined },
    presets: 'presets: { plain: { session: { type: realtime, model: gpt-realtime-2.1 } } }',
  })

  it('servers mint and pages do not', async () => {
    const token = toBearer(toToken())
    expect(outcomeOf(await ask(service(), { body: plain, headers: { origin: undefined, ...token } }))).toBe(
      'issued',
    )
    const page = await ask(service(), { body: plain, headers: { origin: ORIGIN, ...token } })
    expect(outcomeOf(page)).toEqual(otherOrigin)
    expect(page.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('a preset is for', () => {
  const service = shareService({ environment, presets })

  it.each<[preset: string, origin: string | undefined, claims: object, outcome: unknown]>([
    ['plain', ORIGIN, {}, 'issued'],
    ['elsewhere', OTHER_ORIGIN, {}, 'issued'],
    ['elsewhere', ORIGIN, {}, noPreset],
    ['elsewhere', undefined, {}, noPreset],
    ['paid', ORIGIN, { plan: 'pro', seats: 1 }, 'issued'],
    ['paid', undefined, { plan: ['free', 'team'], seats: [2, 3] }, 'issued'],
    ['paid', ORIGIN, { plan: 'pro' }, noPreset],
    ['paid', ORIGIN, { plan: 'free', seats: 1 }, noPreset],
    ['paid', ORIGIN, { plan: 'pro', seats: '1' }, noPreset],
    ['paid', ORIGIN, { plan: { pro: true }, seats: 1 }, noPreset],
    ['paid', ORIGIN, {}, noPreset],
    ['both', OTHER_ORIGIN, { plan: 'pro' }, 'issued'],
    ['both', undefined, { plan: 'pro' }, noPreset],
    ['nobody', ORIGIN, { plan: 'pro', seats: 1 }, noPreset],
  ])('%s, asked for from %s with %j: %j', async (preset, origin, claims, outcome) => {
    const headers = { origin, ...toBearer(toToken({ ...claims })) }
    expect(outcomeOf(await ask(service(), { body: { preset }, headers }))).toEqual(outcome)
  })

  it('whoever it is not for is told what whoever asks for none is told', async () => {
    const headers = toBearer(toToken())
    const replies = await Promise.all(
      ['paid', 'elsewhere', 'nobody'].map((preset) => ask(service(), { body: { preset }, headers })),
    )
    const told = replies.map(({ body, headers: { 'x-request-id': id } }) => body.replace(String(id), ''))
    expect(new Set(told).size).toBe(1)
  })
})

describe('the caller is asked for', () => {
  const service = shareService({ environment, presets })

  it.each<[what: string, request: Asked, outcome: unknown]>([
    ['after the route', { path: '/nowhere' }, [404, 'invalid_request', null]],
    ['after the origin', { body: plain, headers: { origin: 'https://evil.example' } }, otherOrigin],
    [
      'after the content type',
      { body: 'x', headers: { 'content-type': 'text/plain' } },
      [415, 'invalid_request', null],
    ],
    ['after the declared size', { body: 'x'.repeat(16_385) }, [413, 'invalid_request', null]],
    ['before the body is JSON', { body: '{' }, denied],
    ['before an unknown field', { body: { preset: 'plain', x: 1 } }, denied],
    ['before an unknown preset', { body: { preset: 'nobody' } }, denied],
  ])('%s', async (_, request, outcome) => {
    expect(outcomeOf(await ask(service(), request))).toEqual(outcome)
  })

  it('before a byte of the body has arrived', async () => {
    const peer = await openPeer(await listen(service().app))
    const headers = [`Origin: ${ORIGIN}`, 'Content-Type: application/json', 'Content-Length: 100']
    peer.socket.write(toRequest(`POST ${CLIENT_SECRETS}`, headers))
    await peer.closed
    expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([401])
  })

  it('not by preflights, which have no token', async () => {
    const reply = await service().app.inject({
      method: 'OPTIONS',
      url: CLIENT_SECRETS,
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    expect(reply.statusCode).toBe(204)
    expect(reply.headers['access-control-allow-headers']).toContain('authorization')
  })

  it('nor by preflights without an origin, which are none', async () => {
    const reply = await service().app.inject({ method: 'OPTIONS', url: CLIENT_SECRETS })
    expect(refusalOf(reply)).toEqual(otherOrigin)
  })

  it.each(['/livez', '/readyz'])('nor by %s', async (url) => {
    expect((await service().app.inject({ url })).statusCode).toBe(200)
  })

  it('in vain where the parser has refused the request already: there is one reply and one record', async () => {
    const alone = await startTestService({ environment, presets })
    const peer = await openPeer(await listen(alone.app))
    const headers = [`Origin: ${ORIGIN}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked']
    peer.socket.write(toRequest(`POST ${CLIENT_SECRETS}`, headers, 'no chunk\r\n'))
    await peer.closed
    expect(parseReplies(peer.received())).toHaveLength(1)
    const attempts = (await alone.records()).filter(({ event }) => event === 'attempt')
    expect(attempts).toHaveLength(1)
  })
})

describe('a caller over a limit', () => {
  it('is told so before the token is looked at', async () => {
    const service = await startTestService({
      environment: { ...environment, RATE_LIMIT_PER_ADDRESS: '1/day' },
      presets,
    })
    const mint = (): Promise<Reply> => ask(service, { body: plain })
    expect(outcomeOf(await mint())).toEqual(denied)
    expect(outcomeOf(await mint())).toEqual([429, 'rate_limited', null])
  })
})

describe('a drain', () => {
  it('is told before the token is looked at', async () => {
    const service: TestService = await startTestService({ environment, presets })
    service.lifecycle.phase = 'draining'
    expect(outcomeOf(await ask(service, { body: plain }))).toEqual([503, 'shutting_down', null])
  })
})
