import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { type AnyReply, CANARY, CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'
import { SUBJECT, secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { createGuard, NOW, sign } from './secret-tokens.ts'

/** `valid`, or the reason of the refusal. */
async function verdictOf(authorization: string | undefined): Promise<string> {
  try {
    await createGuard().identify(authorization === undefined ? {} : { authorization })
    return 'valid'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const oversized = (length: number): string => 'x'.repeat(length)

describe('Authorization', () => {
  it.each<[what: string, authorization: string | undefined, verdict: string]>([
    ['with a token', `Bearer ${sign()}`, 'valid'],
    ['with a scheme in lower case', `bearer ${sign()}`, 'valid'],
    ['with a scheme in capitals', `BEARER ${sign()}`, 'valid'],
    ['with several blanks', `Bearer   ${sign()}`, 'valid'],
    ['that is missing', undefined, 'token_missing'],
    ['that is empty', '', 'token_missing'],
    ['with only a scheme', 'Bearer', 'token_missing'],
    ['with only a token', sign(), 'token_missing'],
    ['with another scheme', `Basic ${sign()}`, 'token_missing'],
    ['with a longer scheme', `Bearers ${sign()}`, 'token_missing'],
    ['with a tab', `Bearer\t${sign()}`, 'token_missing'],
    ['with a leading blank', ` Bearer ${sign()}`, 'token_missing'],
    ['with a trailing blank', `Bearer ${sign()} `, 'token_malformed'],
    ['with quotes', `Bearer "${sign()}"`, 'token_malformed'],
    ['with an API key', 'Bearer sk-test-0123456789abcdefghij', 'token_malformed'],
    ['with 8 KiB that are not a token', `Bearer ${oversized(8_192)}`, 'token_malformed'],
    ['with one byte more', `Bearer ${oversized(8_193)}`, 'token_too_large'],
    ['with 15,000 bytes', `bearer ${oversized(15_000)}`, 'token_too_large'],
  ])('%s', async (_, authorization, verdict) => {
    expect(await verdictOf(authorization)).toBe(verdict)
  })

  it('accepts a token of 8 KiB, and no larger one', async () => {
    // Base64 writes four letters for three.
    const room = Math.floor(((8_192 - sign({ pad: '' }).length) * 3) / 4)
    const pads = Array.from({ length: 8 }, (_, index) => sign({ pad: oversized(room - 4 + index) }))
    const verdicts = await Promise.all(pads.map((token) => verdictOf(`Bearer ${token}`)))
    expect(verdicts).toEqual(pads.map(({ length }) => (length > 8_192 ? 'token_too_large' : 'valid')))
    expect(new Set(verdicts).size).toBe(2)
  })
})

function watchTimes() {
  const reports: boolean[] = []
  const guard = createGuard({ onTimesRefused: (refused) => reports.push(refused) })
  const present = (token: string) => guard.identify(toBearer(token)).catch(() => undefined)
  const presentOften = async (token: string, times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) await present(token)
  }
  return { reports, presentOften }
}

describe('tokens that are refused for their times', () => {
  const expired = sign({ exp: NOW - 60 })
  const early = sign({ iat: NOW + 120, exp: NOW + 180 })

  it('are reported after 20 in a row, once, and when one passes again', async () => {
    const { reports, presentOften } = watchTimes()
    await presentOften(expired, 10)
    await presentOften(early, 9)
    expect(reports).toEqual([])
    await presentOften(early, 20)
    expect(reports).toEqual([true])
    await presentOften(sign(), 2)
    expect(reports).toEqual([true, false])
  })

  it('are not reported if valid ones arrive between them', async () => {
    const { reports, presentOften } = watchTimes()
    for (let round = 0; round < 5; round += 1) {
      await presentOften(expired, 19)
      await presentOften(sign(), 1)
    }
    expect(reports).toEqual([])
  })

  it('are not reported if they are forged', async () => {
    const { reports, presentOften } = watchTimes()
    await presentOften(`${expired.slice(0, -4)}AAAA`, 50)
    expect(reports).toEqual([])
  })
})

const body = '{"preset":"assistant"}'
const unauthenticated = [401, 'unauthenticated', null] as const

describe.each([CLIENT_SECRETS, SESSIONS])('%s requires a token', (path) => {
  const service = shareService({ environment: secretEnvironment })

  async function send(headers: readonly string[], target = path): Promise<AnyReply> {
    const all = [...pageHeaders, `Content-Length: ${body.length}`, ...headers]
    const [reply] = await exchange(await listen(service().app), toRequest(`POST ${target}`, all, body))
    if (reply === undefined) throw new Error('no reply')
    return reply
  }

  const lastRecord = async () => (await service().records()).findLast(({ event }) => event === 'attempt')

  it('and mints for a valid one', async () => {
    expect((await send([`Authorization: Bearer ${toToken()}`])).statusCode).toBe(200)
    expect(await lastRecord()).toMatchObject({
      outcome: 'issued',
      caller: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })

  it.each<[what: string, reason: string, headers: readonly string[]]>([
    ['none', 'token_missing', []],
    ['one in a cookie', 'token_missing', [`Cookie: token=${toToken()}; Authorization=Bearer ${toToken()}`]],
    ['one in a proxy’s header', 'token_missing', [`Proxy-Authorization: Bearer ${toToken()}`]],
    ['one in another header', 'token_missing', [`X-Authorization: Bearer ${toToken()}`]],
    ['a forged one', 'token_signature', [`Authorization: Bearer ${toToken().slice(0, -4)}AAAA`]],
    ['an expired one', 'token_expired', [`Authorization: Bearer ${toToken({ exp: 1 })}`]],
    ['one for another audience', 'token_audience', [`Authorization: Bearer ${toToken({ aud: CANARY })}`]],
    [
      'one that is too large',
      'token_too_large',
      [`Authorization: Bearer ${toToken({ pad: oversized(8_000) })}`],
    ],
    ['text that is not a token', 'token_malformed', [`Authorization: Bearer ${CANARY}`]],
  ])('and refuses %s (%s)', async (_, reason, headers) => {
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

  it('and replies to every refused token in the same words', async () => {
    const tokens = ['', 'x', toToken({ exp: 1 }), toToken({ iss: 'x' }), toToken({}, { alg: 'none' })]
    const replies: AnyReply[] = []
    for (const token of tokens) replies.push(await send([`Authorization: Bearer ${token}`]))
    const said = replies.map(({ headers, body: text }) => {
      const { date: _date, ratelimit: _left, 'x-request-id': id, ...rest } = headers
      return JSON.stringify([rest, text.replace(String(id), '')])
    })
    expect(new Set(said).size).toBe(1)
  })

  it('and refuses two Authorization headers as malformed', async () => {
    const good = `Authorization: Bearer ${toToken()}`
    for (const headers of [
      [good, good],
      [good, 'authorization: Bearer x'],
      ['AUTHORIZATION: Basic x', good],
    ]) {
      expect(refusalOf(await send(headers))).toEqual([400, 'invalid_request', null])
    }
  })

  it('and ignores a token in the URL', async () => {
    expect(refusalOf(await send([], `${path}?access_token=${toToken()}`))).toEqual(unauthenticated)
  })
})

describe('a caller', () => {
  it('has one pseudonym per subject in the audit', async () => {
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
  it('ignores tokens', async () => {
    const service = await startTestService()
    for (const authorization of [`Bearer ${toToken()}`, 'Bearer x', 'Basic x', 'x'.repeat(9_000)]) {
      expect((await service.mint({ preset: 'assistant' }, { authorization })).statusCode).toBe(200)
    }
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    expect(attempts.map(({ caller }) => caller)).toEqual([null, null, null, null])
  })
})
