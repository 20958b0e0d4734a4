import { assert, asyncProperty, constantFrom, integer, jsonValue, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { AUDIENCE, JWT_SECRET, SUBJECT, signText, toBearer, toClaims } from '../support/tokens.ts'
import { createGuard, HEADER, NOW, NOW_MS, payload, sign, verdictOf } from './secret-tokens.ts'

describe('a valid token', () => {
  it('gives the subject and all claims', async () => {
    const claims = { plan: ['pro'], nested: { a: 1 } }
    expect(await createGuard().identify(toBearer(sign(claims)))).toStrictEqual({
      subject: SUBJECT,
      claims: { ...toClaims({}, NOW_MS), ...claims },
      singleUse: null,
    })
  })

  it.each<[what: string, claims: object, header?: object]>([
    ['no type', {}, {}],
    ['the type JWT', {}, { typ: 'JWT' }],
    ['the type in lower case', {}, { typ: 'jwt' }],
    ['the type of access tokens', {}, { typ: 'at+jwt' }],
    ['that type as a media type', {}, { typ: 'application/at+JWT' }],
    ['a key id that the secret does not have', {}, { kid: 'any' }],
    ['several audiences', { aud: ['https://other.example', AUDIENCE] }],
    ['a start time', { nbf: NOW - 1 }],
    ['an id', { jti: 'x' }],
    ['times with fractions', { iat: NOW - 0.5, exp: NOW + 59.5 }],
    ['a subject of 255 characters', { sub: 'x'.repeat(255) }],
    ['claims named like members of every object', { constructor: 1, toString: 2 }],
    ['the same name in different objects', { a: { b: 1 }, c: { b: 2 } }],
  ])('may have %s', async (_, claims, header) => {
    expect(await verdictOf(sign(claims, header))).toBe('valid')
  })
})

describe('a malformed token or one of another type', () => {
  it.each<[what: string, token: string, verdict: string]>([
    ['a word', 'x', 'token_malformed'],
    ['two parts', 'a.b', 'token_malformed'],
    ['four parts', `${sign()}.x`, 'token_malformed'],
    ['five parts, encrypted', 'a.b.c.d.e', 'token_malformed'],
    ['no header', sign().replace(/^[^.]*/, ''), 'token_malformed'],
    ['padding', `${sign()}=`, 'token_malformed'],
    ['characters of plain base64', `${sign().slice(0, -1)}+`, 'token_malformed'],
    ['a blank inside', sign().replace('.', ' .'), 'token_malformed'],
    ['a second token after a comma', `${sign()}, Bearer ${sign()}`, 'token_malformed'],
    ['a header that is no JSON', signText('{alg:HS256}', payload()), 'token_malformed'],
    ['a header that is a list', signText('["HS256"]', payload()), 'token_malformed'],
    ['no algorithm', signText('{}', payload()), 'token_malformed'],
    ['an algorithm that is a list', signText('{"alg":["HS256"]}', payload()), 'token_malformed'],
    ['claims that are no JSON', signText(HEADER, 'sub=x'), 'token_malformed'],
    ['claims that are a list', signText(HEADER, `[${payload()}]`), 'token_malformed'],
    ['claims behind a byte order mark', signText(HEADER, `\ufeff${payload()}`), 'token_malformed'],
    ['no payload', signText(HEADER, ''), 'token_malformed'],
    ['an unknown critical extension', sign({}, { crit: ['x'], x: 1 }), 'token_malformed'],
    ['an empty list of critical extensions', sign({}, { crit: [] }), 'token_malformed'],
    ['an unencoded payload', sign({}, { crit: ['b64'], b64: false }), 'token_malformed'],
    ['a logout', sign({}, { typ: 'logout+jwt' }), 'token_type'],
    ['a proof of possession', sign({}, { typ: 'dpop+jwt' }), 'token_type'],
    ['an event', sign({}, { typ: 'secevent+jwt' }), 'token_type'],
    ['an empty type', sign({}, { typ: '' }), 'token_type'],
    ['a type that is not text', sign({}, { typ: 1 }), 'token_type'],
  ])('is refused: %s (%s)', async (_, token, verdict) => {
    expect(await verdictOf(token)).toBe(verdict)
  })
})

const toPart = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a forged token', () => {
  const [header = '', claims = '', signature = ''] = sign().split('.')

  it.each<[what: string, token: string, verdict: string]>([
    ['has no signature', `${header}.${claims}.`, 'token_signature'],
    ['claims to need none', `${toPart({ alg: 'none' })}.${claims}.`, 'token_algorithm'],
    ['claims so in mixed case', `${toPart({ alg: 'nOnE' })}.${claims}.${signature}`, 'token_algorithm'],
    ['names a longer hash', sign({}, { alg: 'HS384' }), 'token_algorithm'],
    ['names an algorithm of key sets', sign({}, { alg: 'RS256' }), 'token_algorithm'],
    [
      'has other claims',
      `${header}.${toPart(toClaims({ sub: 'x' }, NOW_MS))}.${signature}`,
      'token_signature',
    ],
    ['has another header', `${toPart({ alg: 'HS256', kid: 'x' })}.${claims}.${signature}`, 'token_signature'],
    ['has half a signature', `${header}.${claims}.${signature.slice(0, 20)}`, 'token_signature'],
    ['is signed with another secret', signText(HEADER, payload(), `${JWT_SECRET}!`), 'token_signature'],
    ['is signed with an empty secret', signText(HEADER, payload(), ''), 'token_signature'],
  ])('is refused if it %s (%s)', async (_, token, verdict) => {
    expect(await verdictOf(token)).toBe(verdict)
  })

  it('is refused if any character of header or claims is changed', async () => {
    const letters = constantFrom('A', 'B', 'Z', 'a', 'b', 'z', '0', '9', '-', '_')
    const places = integer({ min: 0, max: header.length + claims.length })
    await assert(
      asyncProperty(places, letters, async (place, letter) => {
        const token = sign()
        if (token[place] === letter || token[place] === '.') return
        expect(await verdictOf(token.slice(0, place) + letter + token.slice(place + 1))).not.toBe('valid')
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('is refused with a reason, whatever it contains', async () => {
    await assert(
      asyncProperty(jsonValue(), jsonValue(), string(), async (one, other, secret) => {
        const token = signText(JSON.stringify(one), JSON.stringify(other), secret)
        expect(await verdictOf(token)).toMatch(/^token_/)
      }),
      { seed: 1 },
    )
  })
})

describe('the error for an invalid token', () => {
  it.each<[what: string, token: string]>([
    ['with wrong claims', sign({ exp: 1 })],
    ['with a wrong signature', signText(HEADER, payload(), 'x')],
    ['with a wrong form', `${sign()}=`],
  ])('%s contains nothing of the token', async (_, token) => {
    const error: unknown = await createGuard()
      .identify(toBearer(token))
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ServiceError)
    expect(error).not.toHaveProperty('cause')
    expect(error).toMatchObject({ code: 'unauthenticated', status: 401 })
  })
})

describe('a single-use token', () => {
  const singleUse = { singleUse: true }

  it('is identified by a hash of issuer and id, until it expires', async () => {
    const { singleUse: use } = await createGuard(singleUse).identify(toBearer(sign({ jti: 'id-7' })))
    expect(use).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      untilUnixSeconds: NOW + 65,
    })
    const other = await createGuard(singleUse).identify(toBearer(sign({ jti: 'id-8' })))
    expect(other.singleUse?.id).not.toBe(use?.id)
    const theirs = createGuard({ ...singleUse, issuer: 'another' })
    const same = await theirs.identify(toBearer(sign({ jti: 'id-7', iss: 'another' })))
    expect(same.singleUse?.id).not.toBe(use?.id)
  })

  it.each<[value: unknown, verdict: string]>([
    [undefined, 'token_claim_missing'],
    ['', 'token_claim_invalid'],
    [7, 'token_claim_invalid'],
    [null, 'token_claim_invalid'],
    ['x', 'valid'],
  ])('needs an id: %j gives %s', async (jti, verdict) => {
    expect(await verdictOf(sign({ jti }), singleUse)).toBe(verdict)
  })
})
