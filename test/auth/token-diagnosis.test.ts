import { describe, expect, it } from 'vitest'
import { type DiagnosisOptions, diagnoseToken } from '../../src/auth/token-diagnosis.ts'
import { allReasons, CANARY } from '../support/replies.ts'
import { AUDIENCE, ISSUER, SUBJECT, signText } from '../support/tokens.ts'
import { HEADER, NOW, payload, settings, sign, verdictOf } from './secret-tokens.ts'

const keySet = { keys: { url: new URL('https://issuer.example.com/jwks'), proxy: undefined } } as const

/** The diagnosis for the reason of the service, or `valid`. */
async function explain(token: string, changes: Partial<DiagnosisOptions> = {}): Promise<string> {
  const verdict = await verdictOf(token, changes)
  const reason = allReasons.find((one) => one === verdict)
  return reason === undefined ? verdict : diagnoseToken(token, reason, { ...settings, ...changes })
}

const entra = 'https://login.microsoftonline.com/tenant/v2.0'

describe('the form of a token', () => {
  it.each<[what: string, token: string, diagnosis: RegExp]>([
    ['five parts', 'a.b.c.d.e', /encrypted \(JWE\)/],
    ['one part', CANARY, /opaque/],
    ['two parts', 'a.b', /has 2 parts .* must have 3/],
    ['an API key', 'sk-test-0123456789abcdefghij', /key of OpenAI/],
    ['a client secret', 'ek_0123456789abcdefghij', /key of OpenAI/],
    ['quotes', `"${sign()}"`, /quotes/],
    ['a line break', `${sign().slice(0, 40)}\n${sign().slice(40)}`, /line breaks/],
    ['a header that is not JSON', signText('alg', payload()), /header is not a JSON object/],
    ['claims that are not JSON', signText(HEADER, 'sub=x'), /claims are not a JSON object/],
    ['crit', sign({}, { crit: ['x'], x: 1 }), /crit/],
    ['two equal names', signText(HEADER, payload().replace('{', '{"sub":"x",')), /a name twice/],
    ['another type', sign({}, { typ: 'logout+jwt' }), /^typ is logout\+jwt, and must be JWT/],
    ['an unknown type', sign({}, { typ: CANARY }), /^typ is another type, and must be JWT/],
    ['too many characters', sign({ pad: 'x'.repeat(8_192) }), /has 11\d{3} characters, and may have 8192/],
  ])('is named: %s', async (_, token, diagnosis) => {
    expect(await explain(token)).toMatch(diagnosis)
  })

  it('is missing without a token', () => {
    expect(diagnoseToken(undefined, 'token_missing', settings)).toMatch(/^no token/)
  })
})

describe('the key of a token', () => {
  it.each<[what: string, token: string, diagnosis: RegExp]>([
    ['another secret', signText(HEADER, payload(), 'x'), /another secret than AUTH_JWT_SECRET/],
    [
      'an algorithm of key sets',
      sign({}, { alg: 'RS256' }),
      /^alg is RS256, and AUTH_JWT_SECRET allows HS256/,
    ],
    ['an unknown algorithm', sign({}, { alg: CANARY }), /^alg is unknown/],
    ['Microsoft Graph', signText('{"alg":"HS256","nonce":"x"}', payload(), 'x'), /Microsoft Graph/],
  ])('is named for a shared secret: %s', async (_, token, diagnosis) => {
    expect(await explain(token)).toMatch(diagnosis)
  })

  it.each([
    ['token_key_unknown', /AUTH_JWKS_URL has no usable key with its kid/],
    ['token_signature', /another key than the one it names in AUTH_JWKS_URL/],
    ['token_algorithm', /^alg is HS256, and AUTH_JWKS_URL allows RS256/],
  ] as const)('is named for a key set: %s', (reason, diagnosis) => {
    expect(diagnoseToken(sign(), reason, { ...settings, ...keySet })).toMatch(diagnosis)
  })

  it('is named together with a wrong issuer', () => {
    const diagnosis = diagnoseToken(sign({ iss: 'x' }), 'token_key_unknown', { ...settings, ...keySet })
    expect(diagnosis).toMatch(/no usable key.*; iss names another issuer: AUTH_ISSUER is https:/)
  })
})

describe('the claims of a token', () => {
  it.each<[claims: object, diagnosis: string, changes?: Partial<DiagnosisOptions>]>([
    [{ iss: ISSUER.slice(0, -1) }, `iss differs only by its last slash: AUTH_ISSUER is ${ISSUER}`],
    [{ iss: ISSUER.toUpperCase() }, 'iss differs only by capital letters'],
    [{ iss: ISSUER.replace('https', 'http') }, 'iss differs only by http and https'],
    [{ iss: ` ${ISSUER}` }, 'iss differs only by blanks'],
    [{ iss: [ISSUER] }, `iss (a list of one) names another issuer: AUTH_ISSUER is ${ISSUER}`],
    [{ iss: undefined }, `iss is missing, and AUTH_ISSUER is ${ISSUER}`],
    [{ iss: 'https://sts.windows.net/tenant/' }, 'requestedAccessTokenVersion', { issuer: entra }],
    [{ aud: CANARY }, 'aud names another audience: AUTH_AUDIENCE is realtime-mint'],
    [{ aud: [CANARY, 'b'] }, 'aud (a list of 2) names another audience'],
    [{ aud: `${AUDIENCE}/` }, 'aud differs only by its last slash'],
    [{ aud: 'api://realtime-mint' }, 'aud differs only by api:// at the beginning'],
    [{ aud: undefined }, 'aud is missing, and AUTH_AUDIENCE is realtime-mint'],
    [{ aud: undefined, azp: CANARY }, 'AUTH_AUDIENCE is realtime-mint; the token has azp'],
    [{ aud: undefined, client_id: AUDIENCE }, 'set AUTH_AUDIENCE_CLAIM to client_id'],
    [{ aud: 'account', azp: AUDIENCE }, 'azp has it: set AUTH_AUDIENCE_CLAIM to azp'],
    [{}, 'azp is missing', { audienceClaim: 'azp' }],
    [{ sub: undefined }, 'sub is missing, and must be a text'],
    [{ sub: 7 }, 'sub is a number, and must be a text'],
    [{ sub: '' }, 'sub is an empty text'],
    [{ exp: undefined }, 'exp is missing, and must be a number'],
    [{ exp: String(NOW) }, 'exp is a text, and must be a number'],
    [{ iat: null }, 'iat is null, and must be a number'],
    [{ nbf: String(NOW) }, 'nbf is a text, and must be a number'],
    [{}, 'jti is missing, and must be a text, for AUTH_SINGLE_USE is true', { singleUse: true }],
    [{ exp: NOW - 320 }, 'exp was 320 s ago: get a fresh token'],
    [{ iat: NOW + 120, exp: NOW + 180 }, 'iat is 120 s in the future: compare our clock with the issuer’s'],
    [{ nbf: NOW + 120 }, 'nbf is 120 s in the future'],
    [{ exp: NOW + 5_400 }, 'exp − iat is 5,400 s, AUTH_MAX_LIFETIME_SECONDS allows 3,600 s'],
  ])('are named, without their values: %j', async (claims, diagnosis, changes = {}) => {
    const text = await explain(sign(claims), changes)
    expect(text).toContain(diagnosis)
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain(SUBJECT)
  })

  it('are named all at once', async () => {
    const text = await explain(sign({ iss: 'x', aud: 'y', sub: undefined, exp: NOW - 10 }))
    expect(text.split('; ').map((sentence) => sentence.split(' ')[0])).toEqual(['sub', 'iss', 'aud', 'exp'])
  })
})
