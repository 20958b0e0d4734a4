/** Tokens: JSON Web Tokens that an issuer signed for us, checked by jose with nothing left to its defaults. */
import { hash } from 'node:crypto'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import * as errors from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { ServiceError } from '../errors.ts'
import { parseJsonObject } from '../json.ts'
import type { Reason } from '../reasons.ts'
import type { TokenUse } from './used-tokens.ts'

/** Who asks, by a token that holds. */
export interface Caller {
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Null where tokens may be used again. */
  readonly use: TokenUse | null
}

/** Where keys come from. */
export interface Keys {
  /** Those in force. Throws keys_unavailable. */
  readonly current: () => Promise<JWTVerifyGetKey>
  /** Other keys than these, which did not do; undefined where there are none. */
  readonly newerThan: (keys: JWTVerifyGetKey) => Promise<JWTVerifyGetKey | undefined>
}

export interface TokenOptions {
  readonly keys: Keys
  /** Nothing else, whatever a token says of itself. */
  readonly algorithms: readonly string[]
  readonly issuer: string
  readonly audience: string
  /** From iat to exp. */
  readonly maxLifetimeSeconds: number
  readonly singleUse: boolean
  /** Unix milliseconds. */
  readonly unixNow: () => number
}

const TOLERANCE_SECONDS = 5
/** OpenID's own bound; limits keep subjects in memory. */
const MAX_SUBJECT_LENGTH = 255

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** A token made for another use, such as a logout, is signed by the same keys. https://www.rfc-editor.org/rfc/rfc8725#section-3.11 */
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt'])

const claimReasons: ReadonlyMap<string, Reason> = new Map([
  ['iss', 'token_issuer'],
  ['aud', 'token_audience'],
  ['nbf', 'token_not_yet_valid'],
  ['iat', 'token_not_yet_valid'],
])

const reasonsByCode: ReadonlyMap<string, Reason> = new Map([
  ['ERR_JWS_INVALID', 'token_malformed'],
  ['ERR_JWT_INVALID', 'token_malformed'],
  // Of extensions that a token calls critical, we know none.
  ['ERR_JOSE_NOT_SUPPORTED', 'token_malformed'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'token_algorithm'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'token_signature'],
])

function toReason(error: unknown): Reason {
  if (error instanceof errors.JWTExpired) return error.claim === 'exp' ? 'token_expired' : 'token_lifetime'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return 'token_claim_missing'
    return error.reason === 'invalid'
      ? 'token_claim_invalid'
      : (claimReasons.get(error.claim) ?? 'token_claim_invalid')
  }
  // Whatever is wrong with a key of the set, it is none that we can use.
  return (error instanceof errors.JOSEError && reasonsByCode.get(error.code)) || 'token_key_unknown'
}

/** jose's errors hold the claims, so nothing of them is kept. */
async function verify(token: string, keys: JWTVerifyGetKey, options: JWTVerifyOptions) {
  try {
    return await jwtVerify(token, keys, options).catch((error: unknown) => {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyByAny(token, error, options)
      throw error
    })
  } catch (error) {
    throw new ServiceError(toReason(error))
  }
}

/** For issuers that do not name their keys, while there are two. */
async function verifyByAny(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
) {
  for await (const key of candidates) {
    try {
      return await jwtVerify(token, key, options)
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

const isOfNoKey = (error: unknown): boolean =>
  error instanceof ServiceError &&
  (error.reason === 'token_key_unknown' || error.reason === 'token_signature')

/** Once more with newer keys, where there are any, if none that we have did. */
async function verifyByKeys(token: string, source: Keys, options: JWTVerifyOptions) {
  const keys = await source.current()
  try {
    return await verify(token, keys, options)
  } catch (error) {
    const newer = isOfNoKey(error) ? await source.newerThan(keys) : undefined
    if (newer === undefined) throw error
    return verify(token, newer, options)
  }
}

/** jose keeps the last of claims with one name; whoever else read the token may have kept the first. */
function checkMembers(token: string): void {
  for (const part of token.split('.', 2)) {
    const parsed = parseJsonObject(Buffer.from(part, 'base64url'))
    if (typeof parsed !== 'string') continue
    throw new ServiceError(parsed === 'duplicate_key' ? 'token_duplicate_key' : 'token_malformed')
  }
}

function checkType(typ: string | undefined): void {
  const type: unknown = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ
  if (!types.has(type)) throw new ServiceError('token_type')
}

interface Times {
  readonly iat?: number | undefined
  readonly exp?: number | undefined
}

/** jose has seen to it that both are there, and numbers. */
function checkLifetime({ iat = 0, exp = Number.POSITIVE_INFINITY }: Times, maxSeconds: number): number {
  if (exp - iat > maxSeconds) throw new ServiceError('token_lifetime')
  return exp
}

function toText(claim: unknown, maxLength = Number.POSITIVE_INFINITY): string {
  if (typeof claim === 'string' && claim !== '' && claim.length <= maxLength) return claim
  throw new ServiceError('token_claim_invalid')
}

/** Returns what turns a token in compact form into its caller, or throws why it does not hold. */
export function createTokenVerifier(options: TokenOptions): (token: string) => Promise<Caller> {
  const { keys, issuer, audience, algorithms, maxLifetimeSeconds, singleUse, unixNow } = options
  const fixed = {
    issuer,
    audience,
    algorithms: [...algorithms],
    requiredClaims: ['exp', 'iat', 'sub', ...(singleUse ? ['jti'] : [])],
    clockTolerance: TOLERANCE_SECONDS,
    // Also makes jose refuse an iat in the future.
    maxTokenAge: maxLifetimeSeconds,
  }

  const toUse = ({ jti }: JWTPayload, exp: number): TokenUse => ({
    id: hash('sha256', `${issuer}\0${toText(jti)}`),
    untilUnixSeconds: Math.ceil(exp) + TOLERANCE_SECONDS,
  })

  return async (token) => {
    if (!compactForm.test(token)) throw new ServiceError('token_malformed')
    const now = new Date(unixNow())
    const { payload, protectedHeader } = await verifyByKeys(token, keys, { ...fixed, currentDate: now })
    checkMembers(token)
    checkType(protectedHeader.typ)
    const exp = checkLifetime(payload, maxLifetimeSeconds)
    return {
      subject: toText(payload.sub, MAX_SUBJECT_LENGTH),
      claims: payload,
      use: singleUse ? toUse(payload, exp) : null,
    }
  }
}
