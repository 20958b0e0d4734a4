/** Explains to an operator why a token is refused: the claim, the setting, and the kind of value, never the value. */
import { isObject, type JsonObject, parseJson } from '../json.ts'
import type { Reason } from '../reasons.ts'
import { audienceClaims } from './audience-claims.ts'
import { type KeySource, publicKeyAlgorithms } from './caller.ts'
import { TOLERANCE_SECONDS, type TokenOptions } from './token.ts'

export interface DiagnosisOptions extends Omit<TokenOptions, 'keys' | 'algorithms'> {
  readonly keys: KeySource
}

interface Decoded {
  readonly header: JsonObject | undefined
  readonly claims: JsonObject | undefined
}

const moreAlgorithms = ['none', 'HS256', 'HS384', 'HS512', 'ES256K']
const otherTypes = ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'token-introspection+jwt']

function decode(part = ''): JsonObject | undefined {
  const value = parseJson(Buffer.from(part, 'base64url').toString())
  return isObject(value) ? value : undefined
}

export function toKind(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'an empty text'
  if (typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return value.length === 1 ? 'a list of one' : `a list of ${value.length}`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What kind of value it is, unless it is a text, which can be right. */
function toNote(value: unknown): string {
  const kind = toKind(value)
  return kind === 'a text' ? '' : ` (${kind})`
}

const toSeconds = (seconds: number): string => `${Math.round(seconds).toLocaleString('en-US')} s`

/** How two texts differ, if the difference is one that people overlook. */
function toDifference(given: string, wanted: string): string | undefined {
  const differences: readonly (readonly [difference: string, change: (text: string) => string])[] = [
    ['differs only by its last slash', (text) => text.replace(/\/$/, '')],
    ['differs only by blanks', (text) => text.replaceAll(/\s/g, '')],
    ['differs only by capital letters', (text) => text.toLowerCase()],
    ['differs only by http and https', (text) => text.replace(/^https?:/, '')],
    ['differs only by api:// at the beginning', (text) => text.replace(/^api:\/\//, '')],
  ]
  return differences.find(([, change]) => change(given) === change(wanted))?.[0]
}

const isEntraVersion1 = (given: unknown, issuer: string): boolean =>
  String(given).startsWith('https://sts.windows.net/') &&
  issuer.startsWith('https://login.microsoftonline.com/')

function checkIssuer({ iss }: JsonObject, { issuer }: DiagnosisOptions): string[] {
  if (iss === issuer) return []
  if (iss === undefined) return [`iss is missing, and AUTH_ISSUER is ${issuer}`]
  const difference = isEntraVersion1(iss, issuer)
    ? 'is that of Entra ID tokens of version 1 (set requestedAccessTokenVersion to 2)'
    : typeof iss === 'string' && toDifference(iss, issuer)
  return [`iss${toNote(iss)} ${difference || 'names another issuer'}: AUTH_ISSUER is ${issuer}`]
}

function checkAudience(claims: JsonObject, { audiences, audienceClaim }: DiagnosisOptions): string[] {
  const claim = claims[audienceClaim]
  const given: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  if (audiences.some((audience) => given.includes(audience))) return []
  const configured = `AUTH_AUDIENCE is ${audiences.join(', ')}`
  const elsewhere = audienceClaims.find((name) => audiences.some((audience) => claims[name] === audience))
  const advice =
    elsewhere === undefined ? '' : `. ${elsewhere} has it: set AUTH_AUDIENCE_CLAIM to ${elsewhere}`
  if (claim === undefined) {
    const present = audienceClaims.filter((name) => claims[name] !== undefined)
    const others = present.length === 0 || advice !== '' ? '' : `; the token has ${present.join(' and ')}`
    return [`${audienceClaim} is missing, and ${configured}${others}${advice}`]
  }
  const [difference] = given.flatMap((one) =>
    audiences.flatMap((audience) => (typeof one === 'string' && toDifference(one, audience)) || []),
  )
  return [
    `${audienceClaim}${toNote(claim)} ${difference ?? 'names another audience'}: ${configured}${advice}`,
  ]
}

function checkNames(claims: JsonObject, { singleUse }: DiagnosisOptions): string[] {
  const isText = (name: string): boolean => typeof claims[name] === 'string' && claims[name] !== ''
  const required: readonly (readonly [name: string, wanted: string, isValid: boolean])[] = [
    ['sub', 'a text of at most 255 characters', isText('sub') && String(claims['sub']).length <= 255],
    ['exp', 'a number of seconds', typeof claims['exp'] === 'number'],
    ['iat', 'a number of seconds', typeof claims['iat'] === 'number'],
    ['jti', 'a text, for AUTH_SINGLE_USE is true', !singleUse || isText('jti')],
    ['nbf', 'a number of seconds', ['number', 'undefined'].includes(typeof claims['nbf'])],
  ]
  return required.flatMap(([name, wanted, isValid]) => {
    if (isValid) return []
    const given = claims[name] === undefined ? 'is missing' : `is ${toKind(claims[name])}`
    return [`${name} ${given}, and must be ${wanted}`]
  })
}

function checkTimes(
  { exp, iat, nbf }: JsonObject,
  { maxLifetimeSeconds, unixNow }: DiagnosisOptions,
): string[] {
  const now = unixNow() / 1000
  const problems: string[] = []
  if (typeof exp === 'number' && exp <= now - TOLERANCE_SECONDS) {
    problems.push(`exp was ${toSeconds(now - exp)} ago: get a fresh token`)
  }
  for (const [name, time] of [
    ['iat', iat],
    ['nbf', nbf],
  ] as const) {
    if (typeof time !== 'number' || time <= now + TOLERANCE_SECONDS) continue
    problems.push(`${name} is ${toSeconds(time - now)} in the future: compare our clock with the issuer’s`)
  }
  if (typeof exp === 'number' && typeof iat === 'number' && exp - iat > maxLifetimeSeconds) {
    const allowed = `AUTH_MAX_LIFETIME_SECONDS allows ${toSeconds(maxLifetimeSeconds)}`
    problems.push(`exp − iat is ${toSeconds(exp - iat)}, ${allowed}`)
  }
  return problems
}

/** Everything that is wrong with the claims, so that one look is enough. */
const checkClaims = (claims: JsonObject, options: DiagnosisOptions): string[] =>
  [checkNames, checkIssuer, checkAudience, checkTimes].flatMap((check) => check(claims, options))

function diagnoseForm(token: string, { header, claims }: Decoded): string {
  const parts = token.split('.').length
  if (/^(?:sk-|ek_)/.test(token)) return 'this is a key of OpenAI, not a token of your issuer'
  if (parts === 5) return 'the token is encrypted (JWE). Ask your issuer for a signed one (JWS)'
  if (parts === 1) {
    return 'the token is opaque, not a JSON Web Token. Ask your issuer for a JWT: many need an audience for it'
  }
  if (parts !== 3) return `the token has ${parts} parts between its dots, and must have 3`
  if (!/^[\w.-]+$/.test(token)) return 'the token has blanks, quotes, line breaks or other foreign characters'
  if (header === undefined) return 'its header is not a JSON object'
  if (claims === undefined) return 'its claims are not a JSON object'
  return 'crit' in header
    ? 'its header has crit: no extension is supported'
    : 'its header or claims are malformed'
}

function diagnoseAlgorithm({ header }: Decoded, { keys }: DiagnosisOptions): string {
  const alg = [...publicKeyAlgorithms, ...moreAlgorithms].find((name) => name === header?.['alg'])
  const given = alg === undefined ? 'alg is unknown' : `alg is ${alg}`
  return 'url' in keys
    ? `${given}, and AUTH_JWKS_URL allows ${publicKeyAlgorithms.join(', ')}`
    : `${given}, and AUTH_JWT_SECRET allows HS256. For public keys, set AUTH_JWKS_URL instead`
}

function diagnoseKey(reason: Reason, { header }: Decoded, { keys }: DiagnosisOptions): string {
  if (header?.['nonce'] !== undefined) {
    return 'its header has a nonce: only Microsoft Graph can verify it. Request a token for your own API'
  }
  if (!('url' in keys)) return 'it is signed with another secret than AUTH_JWT_SECRET'
  return reason === 'token_signature'
    ? 'it is signed with another key than the one it names in AUTH_JWKS_URL, or it was changed'
    : 'AUTH_JWKS_URL has no usable key with its kid and alg: it may be the key set of another issuer or tenant'
}

/** One sentence, or several separated by semicolons; empty if nothing is found. The token need not be authentic. */
export function diagnoseToken(token: string | undefined, reason: Reason, options: DiagnosisOptions): string {
  if (token === undefined) return 'no token was given. Add --token'
  const [first, second] = token.split('.')
  const decoded = { header: decode(first), claims: decode(second) }
  const ofClaims = decoded.claims === undefined ? [] : checkClaims(decoded.claims, options)
  const sentences: Partial<Record<Reason, () => string>> = {
    token_too_large: () => `the token has ${token.length} characters, and may have 8192`,
    token_malformed: () => diagnoseForm(token, decoded),
    token_duplicate_key: () => 'its header or claims have a name twice',
    token_type: () => {
      const typ = otherTypes.find((name) => name === decoded.header?.['typ']) ?? 'another type'
      return `typ is ${typ}, and must be JWT or at+jwt, or missing`
    },
    token_algorithm: () => diagnoseAlgorithm(decoded, options),
    token_key_unknown: () => diagnoseKey(reason, decoded, options),
    token_signature: () => diagnoseKey(reason, decoded, options),
  }
  const sentence = sentences[reason]?.()
  const all =
    sentence === undefined ? ofClaims : reason === 'token_malformed' ? [sentence] : [sentence, ...ofClaims]
  return all.join('; ')
}
