/** Minting routes that require a token: who passes, and what is checked before. */
import { describe, expect, it } from 'vitest'
import {
  CLIENT_SECRETS,
  draining,
  limited,
  noPreset,
  noRoute,
  otherOrigin,
  refusalOf,
  tooLarge,
  unauthenticated,
  unsupported,
} from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'
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

const plain = { preset: 'plain' } as const

describe('a token replaces a missing origin', () => {
  const service = shareService({ environment, presets })

  it.each<[what: string, origin: string | undefined, token: string | undefined, outcome: unknown]>([
    ['a page with a token', ORIGIN, toToken(), 'issued'],
    ['a server with a token', undefined, toToken(), 'issued'],
    ['a page without one', ORIGIN, undefined, unauthenticated],
    ['a server without one', undefined, undefined, unauthenticated],
    ['a server with an expired one', undefined, toToken({ exp: 1 }), unauthenticated],
    ['another page with a token', 'https://evil.example', toToken(), otherOrigin],
    ['a page with the origin null and a token', 'null', toToken(), otherOrigin],
    ['an empty origin with a token', '', toToken(), otherOrigin],
  ])('%s', async (_, origin, token, outcome) => {
    const headers = { origin, ...(token === undefined ? {} : toBearer(token)) }
    expect(outcomeOf(await ask(service(), { body: plain, headers }))).toEqual(outcome)
  })

  it('but not Fetch Metadata', async () => {
    const headers = { origin: undefined, 'sec-fetch-mode': 'navigate', ...toBearer(toToken()) }
    expect(outcomeOf(await ask(service(), { body: plain, headers }))).toEqual(otherOrigin)
  })

  it('a server has no origin in the audit', async () => {
    await ask(service(), { body: plain, headers: { origin: undefined, ...toBearer(toToken()) } })
    const record = (await service().attempts()).at(-1)
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

describe('access to a preset', () => {
  const service = shareService({ environment, presets })

  it.each<[preset: string, origin: string | undefined, claims: object, outcome: unknown]>([
    ['plain', ORIGIN, {}, 'issued'],
    ['elsewhere', OTHER_ORIGIN, {}, 'issued'],
    ['elsewhere', undefined, {}, noPreset],
    ['paid', ORIGIN, { plan: 'pro', seats: 1 }, 'issued'],
    ['paid', undefined, { plan: ['free', 'team'], seats: [2, 3] }, 'issued'],
    ['paid', ORIGIN, { plan: 'pro', seats: '1' }, noPreset],
    ['both', OTHER_ORIGIN, { plan: 'pro' }, 'issued'],
    ['both', undefined, { plan: 'pro' }, noPreset],
  ])('%s from %s with %j: %j', async (preset, origin, claims, outcome) => {
    const headers = { origin, ...toBearer(toToken({ ...claims })) }
    expect(outcomeOf(await ask(service(), { body: { preset }, headers }))).toEqual(outcome)
  })

  it('other callers get the same reply as for an unknown preset', async () => {
    const headers = toBearer(toToken())
    const replies = await Promise.all(
      ['paid', 'elsewhere', 'nobody'].map((preset) => ask(service(), { body: { preset }, headers })),
    )
    const told = replies.map(({ body, headers: { 'x-request-id': id } }) => body.replace(String(id), ''))
    expect(new Set(told).size).toBe(1)
    expect(new Set(replies.map((reply) => Object.keys(reply.headers).join())).size).toBe(1)
  })
})

describe('the token is checked', () => {
  const service = shareService({ environment, presets })

  it.each<[what: string, request: Asked, outcome: unknown]>([
    ['after the route', { path: '/nowhere' }, noRoute],
    ['after the origin', { body: plain, headers: { origin: 'https://evil.example' } }, otherOrigin],
    ['after the content type', { body: 'x', headers: { 'content-type': 'text/plain' } }, unsupported],
    ['after the declared size', { body: 'x'.repeat(16_385) }, tooLarge],
    ['before the JSON', { body: '{' }, unauthenticated],
    ['before the fields', { body: { preset: 'plain', x: 1 } }, unauthenticated],
    ['before the preset', { body: { preset: 'nobody' } }, unauthenticated],
  ])('%s', async (_, request, outcome) => {
    expect(outcomeOf(await ask(service(), request))).toEqual(outcome)
  })

  it('before the body arrives', async () => {
    const text = toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, 'Content-Length: 100'])
    expect(await exchange(await listen(service().app), text)).toMatchObject([{ statusCode: 401 }])
  })

  it('not for preflights, which have none', async () => {
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    }
    const reply = await service().app.inject({ method: 'OPTIONS', url: CLIENT_SECRETS, headers })
    expect(reply.statusCode).toBe(204)
    expect(reply.headers['access-control-allow-headers']).toContain('authorization')
  })

  it('not for OPTIONS without an origin', async () => {
    const reply = await service().app.inject({ method: 'OPTIONS', url: CLIENT_SECRETS })
    expect(refusalOf(reply)).toEqual(otherOrigin)
  })

  it.each(['/livez', '/readyz'])('not for %s', async (url) => {
    expect((await service().app.inject({ url })).statusCode).toBe(200)
  })

  it('without a second reply or record if the parser has refused the request', async () => {
    const alone = await startTestService({ environment, presets })
    const headers = [...pageHeaders, 'Transfer-Encoding: chunked']
    const text = toRequest(`POST ${CLIENT_SECRETS}`, headers, 'no chunk\r\n')
    expect(await exchange(await listen(alone.app), text)).toHaveLength(1)
    const attempts = await alone.attempts()
    expect(attempts).toHaveLength(1)
  })

  it('after the limit per address and a drain', async () => {
    const limit = { ...environment, RATE_LIMIT_PER_ADDRESS: '1/day' }
    const alone = await startTestService({ environment: limit, presets })
    const mint = async () => refusalOf(await alone.mint(plain))
    expect([await mint(), await mint()]).toEqual([unauthenticated, limited])
    const other = await startTestService({ environment, presets })
    other.lifecycle.phase = 'draining'
    expect(refusalOf(await other.mint(plain))).toEqual(draining)
  })
})
