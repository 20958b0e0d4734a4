import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { type AnyReply, CANARY, CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'
import { SUBJECT, secretEnvironment, toToken } from '../support/tokens.ts'
import { createGuard, sign } from './secret-tokens.ts'

/** `holds`, or the reason why nobody is identified. */
async function verdictOf(authorization: string | undefined): Promise<string> {
  try {
    await createGuard().identify(authorization === undefined ? {} : { authorization })
    return 'holds'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const oversized = (length: number): string => 'x'.repeat(length)

describe('Authorization', () => {
  it.each<[what: string, authorization: string | undefined, verdict: string]>([
    ['with a token', `Bearer ${sign()}`, 'holds'],
    ['with a scheme in lower case', `bearer ${sign()}`, 'holds'],
    ['with a scheme in capitals', `BEARER ${sign()}`, 'holds'],
    ['with several blanks', `Bearer   ${sign()}`, 'holds'],
    ['that is missing', undefined, 'token_missing'],
    ['that is empty', '', 'token_missing'],
    ['with a scheme alone', 'Bearer', 'token_missing'],
    ['with a token alone', sign(), 'token_missing'],
    ['with another scheme', `Basic ${sign()}`, 'token_missing'],
    ['with a scheme that only begins so', `Bearers ${sign()}`, 'token_missing'],
    ['with a tab', `Bearer\t${sign()}`, 'token_missing'],
    ['with a blank before', ` Bearer ${sign()}`, 'token_missing'],
    ['with a blank behind', `Bearer ${sign()} `, 'token_malformed'],
    ['with quotes', `Bearer "${sign()}"`, 'token_malformed'],
    ['with an API key', 'Bearer sk-test-0123456789abcdefghij', 'token_malformed'],
    ['with 8 KiB of something', `Bearer ${oversized(8_192)}`, 'token_malformed'],
    ['with a byte more', `Bearer ${oversized(8_193)}`, 'token_too_large'],
    ['with far more', `bearer ${oversized(15_000)}`, 'token_too_large'],
  ])('%s', async (_, authorization, verdict) => {
    expect(await verdictOf(authorization)).toBe(verdict)
  })

  it('may hold a token of 8 KiB, and no larger one', async () => {
    // Base64 writes four letters for three.
    const room = Math.floor(((8_192 - sign({ pad: '' }).length) * 3) / 4)
    const pads = Array.from({ length: 8 }, (_, index) => sign({ pad: oversized(room - 4 + index) }))
    const verdicts = await Promise.all(pads.map((token) => verdictOf(`Bearer ${token}`)))
    expect(verdicts).toEqual(pads.map(({ length }) => (length > 8_192 ? 'token_too_large' : 'holds')))
    expect(new Set(verdicts).size).toBe(2)
  })
})

const body = '{"preset":"assistant"}'
const unauthenticated = [401, 'unauthenticated', null] as const

describe.each([CLIENT_SECRETS, SESSIONS])('%s asks for a token', (path) => {
  const service = shareService({ environment: secretEnvironment })

  async function send(headers: readonly string[], target = path): Promise<AnyReply> {
    const all = [...pageHeaders, `Content-Length: ${body.length}`, ...headers]
    const [reply] = await exchange(await listen(service().app), toRequest(`POST ${target}`, all, body))
    if (reply === undefined) throw new Error('no reply')
    return reply
  }

  const lastRecord = async () => (await service().records()).findLast(({ event }) => event === 'attempt')

  it('and mints for one that holds', async () => {
    expect((await send([`Authorization: Bearer ${toToken()}`])).statusCode).toBe(200)
    expect(await lastRecord()).toMatchObject({
      outcome: 'issued',
      caller: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })

  it.each<[what: string, reason: string, headers: readonly string[]]>([
    ['none', 'token_missing', []],
    ['one in a cookie', 'token_missing', [`Cookie: token=${toToken()}; Authorization=Bearer ${toToken()}`]],
    ['one for a proxy', 'token_missing', [`Proxy-Authorization: Bearer ${toToken()}`]],
    ['one in a header of its own', 'token_missing', [`X-Authorization: Bearer ${toToken()}`]],
    ['a forged one', 'token_signature', [`Authorization: Bearer ${toToken().slice(0, -4)}AAAA`]],
    ['one that is expired', 'token_expired', [`Authorization: Bearer ${toToken({ exp: 1 })}`]],
    ['one for others', 'token_audience', [`Authorization: Bearer ${toToken({ aud: CANARY })}`]],
    [
      'one that is too large',
      'token_too_large',
      [`Authorization: Bearer ${toToken({ pad: oversized(8_000) })}`],
    ],
    ['something', 'token_malformed', [`Authorization: Bearer ${CANARY}`]],
  ])('and refuse %s: %s', async (_, reason, headers) => {
    const reply = await send(headers)
    expect(refusalOf(reply)).toEqual(unauthenticated)
    expect(reply.headers).toMatchObject({
      'www-authenticate': 'Bearer',
      'access-control-allow-origin': ORIGIN,
    })
    expect(reply.headers).not.toHaveProperty('x-should-retry')
    expect(await lastRecord()).toMatchObject({
      outcome: 'refused',
      code: 'unauthenticated',
      reason,
      caller: null,
    })
  })

  it('of all that is refused, replies say the same', async () => {
    const tokens = ['', 'x', toToken({ exp: 1 }), toToken({ iss: 'x' }), toToken({}, { alg: 'none' })]
    const replies: AnyReply[] = []
    for (const token of tokens) replies.push(await send([`Authorization: Bearer ${token}`]))
    const said = replies.map(({ headers, body: text }) => {
      const { date: _date, ratelimit: _left, 'x-request-id': id, ...rest } = headers
      return JSON.stringify([rest, text.replace(String(id), '')])
    })
    expect(new Set(said).size).toBe(1)
  })

  it('two of them are malformed, whether or not they are the same', async () => {
    const good = `Authorization: Bearer ${toToken()}`
    for (const headers of [
      [good, good],
      [good, 'authorization: Bearer x'],
      ['AUTHORIZATION: Basic x', good],
    ]) {
      expect(refusalOf(await send(headers))).toEqual([400, 'invalid_request', null])
    }
  })

  it('one in the URL is none', async () => {
    expect(refusalOf(await send([], `${path}?access_token=${toToken()}`))).toEqual(unauthenticated)
  })
})

describe('a caller', () => {
  it('is the same in the audit whatever the token, and another with another subject', async () => {
    const service = await startTestService({ environment: secretEnvironment })
    const mintAs = (claims: JWTPayload) =>
      service.mint({ preset: 'assistant' }, { authorization: `Bearer ${toToken(claims)}` })
    await mintAs({})
    await mintAs({ exp: Math.floor(Date.now() / 1000) + 90, plan: 'pro' })
    await mintAs({ sub: 'another' })
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    const [one, same, other] = attempts.map(({ caller }) => caller)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
    expect((await service.auditText()) + service.logText()).not.toContain(SUBJECT)
  })
})

describe('AUTH_MODE=none', () => {
  it('leaves tokens unread', async () => {
    const service = await startTestService()
    for (const authorization of [`Bearer ${toToken()}`, 'Bearer x', 'Basic x', 'x'.repeat(9_000)]) {
      expect((await service.mint({ preset: 'assistant' }, { authorization })).statusCode).toBe(200)
    }
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    expect(attempts.map(({ caller }) => caller)).toEqual([null, null, null, null])
  })
})
