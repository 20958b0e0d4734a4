import { assert, asyncProperty, integer, tuple } from 'fast-check'
import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, SUBJECT, signText } from '../support/tokens.ts'
import { HEADER, NOW, payload, sign, verdictOf } from './secret-tokens.ts'

describe('times', () => {
  it.each<[what: string, claims: JWTPayload, verdict: string]>([
    ['expired a moment ago', { exp: NOW - 4 }, 'holds'],
    ['expired 5 s ago', { exp: NOW - 5 }, 'token_expired'],
    ['expired long ago', { iat: NOW - 9_000, exp: NOW - 8_940 }, 'token_expired'],
    ['expires at the beginning of time', { exp: 0 }, 'token_expired'],
    ['expires before it', { exp: -1 }, 'token_expired'],
    ['was issued a moment from now', { iat: NOW + 5 }, 'holds'],
    ['was issued 6 s from now', { iat: NOW + 6 }, 'token_not_yet_valid'],
    ['holds from a moment from now on', { nbf: NOW + 5 }, 'holds'],
    ['holds from 6 s from now on', { nbf: NOW + 6 }, 'token_not_yet_valid'],
    ['lives as long as it may', { exp: NOW + 3_600 }, 'holds'],
    ['lives a second longer', { exp: NOW + 3_601 }, 'token_lifetime'],
    ['lives for a hundred years', { exp: NOW + 3_155_760_000 }, 'token_lifetime'],
    ['lives for longer than numbers go', { exp: Number.MAX_VALUE }, 'token_lifetime'],
    ['was issued long before it expires', { iat: NOW - 3_541 }, 'token_lifetime'],
    ['was issued a hundred years ago', { iat: NOW - 3_155_760_000 }, 'token_lifetime'],
    ['expires before it was issued', { iat: NOW + 4, exp: NOW + 3 }, 'holds'],
  ])('a token that %s: %s', async (_, claims, verdict) => {
    expect(await verdictOf(sign(claims))).toBe(verdict)
  })

  it.each([
    ['exp', '1e999', 'token_lifetime'],
    ['exp', '-1e999', 'token_expired'],
    ['iat', '1e999', 'token_not_yet_valid'],
    ['iat', '-1e999', 'token_lifetime'],
    ['nbf', '1e999', 'token_not_yet_valid'],
    ['nbf', '-1e999', 'holds'],
  ])('%s may be beyond all numbers: %s is told as %s', async (name, number, verdict) => {
    const text = payload({ [name]: 'x' }).replace(`"${name}":"x"`, `"${name}":${number}`)
    expect(await verdictOf(signText(HEADER, text))).toBe(verdict)
  })

  it('the lifetime is what the operator allows', async () => {
    const options = { maxLifetimeSeconds: 60 }
    expect(await verdictOf(sign({ exp: NOW + 60 }), options)).toBe('holds')
    expect(await verdictOf(sign({ exp: NOW + 61 }), options)).toBe('token_lifetime')
  })

  it('no token lives for longer than it may, whatever it says', async () => {
    const times = tuple(integer({ min: -5_000, max: 5_000 }), integer({ min: -5_000, max: 5_000 }))
    await assert(
      asyncProperty(times, async ([iat, exp]) => {
        const holds = exp > -5 && iat <= 5 && exp - iat <= 3_600
        const verdict = await verdictOf(sign({ iat: NOW + iat, exp: NOW + exp }))
        expect(verdict === 'holds').toBe(holds)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})

describe('claims', () => {
  it.each(['iss', 'aud', 'sub', 'iat', 'exp'])('%s may not be missing', async (name) => {
    expect(await verdictOf(sign({ [name]: undefined }))).toBe('token_claim_missing')
  })

  it.each<[name: string, value: unknown, verdict: string]>([
    ['iss', ISSUER.slice(0, -1), 'token_issuer'],
    ['iss', ISSUER.toUpperCase(), 'token_issuer'],
    ['iss', `${ISSUER}/`, 'token_issuer'],
    ['iss', [ISSUER], 'token_issuer'],
    ['iss', null, 'token_issuer'],
    ['aud', 'another', 'token_audience'],
    ['aud', `${AUDIENCE},another`, 'token_audience'],
    ['aud', [], 'token_audience'],
    ['aud', ['another'], 'token_audience'],
    ['aud', [[AUDIENCE]], 'token_audience'],
    ['aud', { [AUDIENCE]: AUDIENCE }, 'token_audience'],
    ['aud', null, 'token_audience'],
    ['sub', '', 'token_claim_invalid'],
    ['sub', 7, 'token_claim_invalid'],
    ['sub', null, 'token_claim_invalid'],
    ['sub', ['x'], 'token_claim_invalid'],
    ['sub', 'x'.repeat(256), 'token_claim_invalid'],
    ['exp', String(NOW + 60), 'token_claim_invalid'],
    ['exp', null, 'token_claim_invalid'],
    ['exp', [NOW + 60], 'token_claim_invalid'],
    ['iat', String(NOW), 'token_claim_invalid'],
    ['nbf', String(NOW), 'token_claim_invalid'],
  ])('%s may not be %j', async (name, value, verdict) => {
    expect(await verdictOf(sign({ [name]: value }))).toBe(verdict)
  })

  it.each<[what: string, text: string]>([
    ['two subjects', payload().replace('{', '{"sub":"another",')],
    ['two alike', payload().replace('{', `{"sub":"${SUBJECT}",`)],
    ['two, one of them escaped', payload().replace('{', '{"\\u0073ub":"another",')],
    ['two ends', payload().replace('{', `{"exp":${NOW + 9},`)],
    ['two of a name of the issuer’s own', payload({ plan: 'pro' }).replace('{', '{"plan":"free",')],
    ['two further in', payload({ a: { b: 1, c: 2 } }).replace('"c"', '"b"')],
  ])('of one name may not be %s', async (_, text) => {
    expect(await verdictOf(signText(HEADER, text))).toBe('token_duplicate_key')
  })

  it.each([
    ['members of a name', '{"alg":"HS256","kid":"a","kid":"b"}'],
    ['algorithms', '{"alg":"none","alg":"HS256"}'],
  ])('in a header there may not be two %s', async (_, header) => {
    expect(await verdictOf(signText(header, payload()))).toBe('token_duplicate_key')
  })

  it('may not be called __proto__', async () => {
    const text = payload().replace('{', '{"__proto__":{"plan":"pro"},')
    expect(await verdictOf(signText(HEADER, text))).toBe('token_malformed')
  })
})
