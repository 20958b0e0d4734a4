import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  type AnyReply,
  CANARY,
  CLIENT_SECRETS,
  reasonOf,
  refusalOf,
  SESSIONS,
  unauthenticated,
} from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { mintBody, mintHeaders, send } from '../support/sockets.ts'
import { SUBJECT, secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { createGuard, NOW, sign } from './secret-tokens.ts'

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
    const headers = authorization === undefined ? {} : { authorization }
    expect(await reasonOf(() => createGuard().identify(headers))).toBe(verdict)
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

describe.each([CLIENT_SECRETS, SESSIONS])('%s requires a token', (path) => {
  const service = shareService({ environment: secretEnvironment })

  const post = (headers: readonly string[], target = path): Promise<AnyReply> =>
    send(service(), `POST ${target}`, [...mintHeaders, ...headers], mintBody)

  const lastRecord = async () => (await service().attempts()).at(-1)

  it('and mints for a valid one', async () => {
    expect((await post([`Authorization: Bearer ${toToken()}`])).statusCode).toBe(200)
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
    ['a large one', 'token_too_large', [`Authorization: Bearer ${toToken({ pad: oversized(8_000) })}`]],
    ['text that is not a token', 'token_malformed', [`Authorization: Bearer ${CANARY}`]],
  ])('and refuses %s (%s)', async (_, reason, headers) => {
    const reply = await post(headers)
    expect(refusalOf(reply)).toEqual(unauthenticated)
    const readable = { 'www-authenticate': 'Bearer', 'access-control-allow-origin': ORIGIN }
    expect(reply.headers).toMatchObject(readable)
    expect(reply.headers).not.toHaveProperty('x-should-retry')
    const record = { outcome: 'refused', code: 'unauthenticated', reason, caller: null }
    expect(await lastRecord()).toMatchObject(record)
  })

  it('and replies to every refused token in the same words', async () => {
    const tokens = ['', 'x', toToken({ exp: 1 }), toToken({ iss: 'x' }), toToken({}, { alg: 'none' })]
    const replies: AnyReply[] = []
    for (const token of tokens) replies.push(await post([`Authorization: Bearer ${token}`]))
    const said = replies.map(({ headers, body: text }) => {
      const { date: _date, ratelimit: _left, 'x-request-id': id, ...rest } = headers
      return JSON.stringify([rest, text.replace(String(id), '')])
    })
    expect(new Set(said).size).toBe(1)
  })

  it('and ignores a token in the URL', async () => {
    expect(refusalOf(await post([], `${path}?access_token=${toToken()}`))).toEqual(unauthenticated)
  })
})

describe('a caller', () => {
  it('has one pseudonym per subject in the audit, and another one for upstream', async () => {
    const service = await startTestService({ environment: secretEnvironment })
    const mintAs = (claims: JWTPayload) =>
      service.mint({ preset: 'assistant' }, { authorization: `Bearer ${toToken(claims)}` })
    await mintAs({})
    await mintAs({ exp: Math.floor(Date.now() / 1000) + 90, plan: 'pro' })
    await mintAs({ sub: 'another' })
    const attempts = await service.attempts()
    const [one, same, other] = attempts.map(({ caller }) => caller)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
    const identifiers = service.sandbox.requests.map(({ headers }) => headers['openai-safety-identifier'])
    expect(identifiers).toEqual([identifiers[0], identifiers[0], expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(new Set([...identifiers, one, other]).size).toBe(4)
    expect((await service.auditText()) + service.logText()).not.toContain(SUBJECT)
  })
})
