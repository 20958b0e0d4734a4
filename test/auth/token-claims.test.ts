import { assert, asyncProperty, integer, tuple } from 'fast-check'
import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, SUBJECT, signText } from '../support/tokens.ts'
import { HEADER, NOW, payload, sign, verdictOf } from './secret-tokens.ts'

describe('times', () => {
  it.each<[what: string, claims: JWTPayload, verdict: string]>([
    ['expired 4 s ago', { exp: NOW - 4 }, 'valid'],
    ['expired 5 s ago', { exp: NOW - 5 }, 'token_expired'],
    ['expired long ago', { iat: NOW - 9_000, exp: NOW - 8_940 }, 'token_expired'],
    ['expired in 1970', { exp: 0 }, 'token_expired'],
    ['expired before 1970', { exp: -1 }, 'token_expired'],
    ['was issued 5 s from now', { iat: NOW + 5 }, 'valid'],
    ['was issued 6 s from now', { iat: NOW + 6 }, 'token_not_yet_valid'],
    ['starts 5 s from now', { nbf: NOW + 5 }, 'valid'],
    ['starts 6 s from now', { nbf: NOW + 6 }, 'token_not_yet_valid'],
    ['lives for the maximum', { exp: NOW + 3_600 }, 'valid'],
    ['lives a second longer', { exp: NOW + 3_601 }, 'token_lifetime'],
    ['lives for a hundred years', { exp: NOW + 3_155_760_000 }, 'token_lifetime'],
    ['lives for the largest number of seconds', { exp: Number.MAX_VALUE }, 'token_lifetime'],
    ['was issued long before it expires', { iat: NOW - 3_541 }, 'token_lifetime'],
    ['was issued a hundred years ago', { iat: NOW - 3_155_760_000 }, 'token_lifetime'],
    ['expires before it was issued', { iat: NOW + 4, exp: NOW + 3 }, 'valid'],
  ])('of a token that %s: %s', async (_, claims, verdict) => {
    expect(await verdictOf(sign(claims))).toBe(verdict)
  })

  it.each([
    ['exp', '1e999', 'token_lifetime'],
    ['exp', '-1e999', 'token_expired'],
    ['iat', '1e999', 'token_not_yet_valid'],
    ['iat', '-1e999', 'token_lifetime'],
    ['nbf', '1e999', 'token_not_yet_valid'],
    ['nbf', '-1e999', 'valid'],
  ])('may be infinite: %s of %s gives %s', async (name, number, verdict) => {
    const text = payload({ [name]: 'x' }).replace(`"${name}":"x"`, `"${name}":${number}`)
    expect(await verdictOf(signText(HEADER, text))).toBe(verdict)
  })

  it('never allow a longer lifetime than the operator sets, whatever the claims', async () => {
    const options = { maxLifetimeSeconds: 1_800 }
    const times = tuple(integer({ min: -5_000, max: 5_000 }), integer({ min: -5_000, max: 5_000 }))
    await assert(
      asyncProperty(times, async ([iat, exp]) => {
        const isValid = exp > -5 && iat <= 5 && exp - iat <= options.maxLifetimeSeconds
        const verdict = await verdictOf(sign({ iat: NOW + iat, exp: NOW + exp }), options)
        expect(verdict === 'valid').toBe(isValid)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})

describe('claims', () => {
  it.each(['iss', 'aud', 'sub', 'iat', 'exp'])('must include %s', async (name) => {
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
  ])('are refused with %s: %j', async (name, value, verdict) => {
    expect(await verdictOf(sign({ [name]: value }))).toBe(verdict)
  })

  it.each<[what: string, text: string]>([
    ['two different subjects', payload().replace('{', '{"sub":"another",')],
    ['two equal subjects', payload().replace('{', `{"sub":"${SUBJECT}",`)],
    ['two subjects, one with an escaped name', payload().replace('{', '{"\\u0073ub":"another",')],
    ['two expiry times', payload().replace('{', `{"exp":${NOW + 9},`)],
    ['two values of a private claim', payload({ plan: 'pro' }).replace('{', '{"plan":"free",')],
    ['two values in a nested object', payload({ a: { b: 1, c: 2 } }).replace('"c"', '"b"')],
  ])('are refused with %s', async (_, text) => {
    expect(await verdictOf(signText(HEADER, text))).toBe('token_duplicate_key')
  })

  it.each([
    ['key ids', '{"alg":"HS256","kid":"a","kid":"b"}'],
    ['algorithms', '{"alg":"none","alg":"HS256"}'],
  ])('are refused if the header has two %s', async (_, header) => {
    expect(await verdictOf(signText(header, payload()))).toBe('token_duplicate_key')
  })

  it('are refused with the name __proto__', async () => {
    const text = payload().replace('{', '{"__proto__":{"plan":"pro"},')
    expect(await verdictOf(signText(HEADER, text))).toBe('token_malformed')
  })
})
