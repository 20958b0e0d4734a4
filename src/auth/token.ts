/** Verifies JSON Web Tokens with jose. No option is left to the defaults of jose. */
import { hash } from 'node:crypto'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import * as errors from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import type { Caller, TokenUse } from '../attempt.ts'
import { ServiceError } from '../errors.ts'
import { parseJsonObject } from '../json.ts'
import type { Reason } from '../reasons.ts'
import type { AudienceClaim } from './audience-claims.ts'

export interface Keys {
  /** The keys in effect. Throws keys_unavailable. */
  readonly current: () => Promise<JWTVerifyGetKey>
  /** Keys that replace these; undefined if there are none. */
  readonly newerThan: (keys: JWTVerifyGetKey) => Promise<JWTVerifyGetKey | undefined>
}

export interface TokenOptions {
  readonly keys: Keys
  /** The only algorithms that are accepted, whatever a token claims. */
  readonly algorithms: readonly string[]
  readonly issuer: string
  /** A token must name one of them. */
  readonly audiences: readonly string[]
  readonly audienceClaim: AudienceClaim
  /** From iat to exp. */
  readonly maxLifetimeSeconds: number
  readonly singleUse: boolean
  /** Unix milliseconds. */
  readonly unixNow: () => number
}

export const TOLERANCE_SECONDS = 5
/** OpenID's own maximum. */
const MAX_SUBJECT_LENGTH = 255

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** The same keys sign tokens for other uses, such as a logout. https://www.rfc-editor.org/rfc/rfc8725#section-3.11 */
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt'])

const claimReasons: ReadonlyMap<string, Reason> = new Map([
  ['iss', 'token_issuer'],
  ['nbf', 'token_not_yet_valid'],
  ['iat', 'token_not_yet_valid'],
])

const reasonsByCode: ReadonlyMap<string, Reason> = new Map([
  ['ERR_JWS_INVALID', 'token_malformed'],
  ['ERR_JWT_INVALID', 'token_malformed'],
  // No extension that a token calls critical is supported.
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
  // A faulty key in the set is a key that we cannot use.
  return (error instanceof errors.JOSEError && reasonsByCode.get(error.code)) || 'token_key_unknown'
}

/** jose's errors contain the claims, so only the reason is kept. */
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

/** For issuers that do not name their keys: while there are two, both are tried. */
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

const isForOtherKeys = (error: unknown): boolean =>
  error instanceof ServiceError &&
  (error.reason === 'token_key_unknown' || error.reason === 'token_signature')

/** Tries newer keys, if there are any, after the keys in effect have failed. */
async function verifyByKeys(token: string, source: Keys, options: JWTVerifyOptions) {
  const keys = await source.current()
  try {
    return await verify(token, keys, options)
  } catch (error) {
    const newer = isForOtherKeys(error) ? await source.newerThan(keys) : undefined
    if (newer === undefined) throw error
    return verify(token, newer, options)
  }
}

/** jose uses the last of two claims with the same name; another reader of the token may use the first. */
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

/** A list of audiences passes if one of them is accepted. */
function checkAudience(claim: unknown, audiences: readonly string[]): void {
  const given: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  if (!audiences.some((audience) => given.includes(audience))) throw new ServiceError('token_audience')
}

interface Times {
  readonly iat?: number | undefined
  readonly exp?: number | undefined
}

/** jose has checked that both are present and are numbers. */
function checkLifetime({ iat = 0, exp = Number.POSITIVE_INFINITY }: Times, maxSeconds: number): number {
  if (exp - iat > maxSeconds) throw new ServiceError('token_lifetime')
  return exp
}

function toText(claim: unknown, maxLength = Number.POSITIVE_INFINITY): string {
  if (typeof claim === 'string' && claim !== '' && claim.length <= maxLength) return claim
  throw new ServiceError('token_claim_invalid')
}

/** Returns a function from a token in compact form to its caller. It throws a ServiceError for an invalid token. */
export function createTokenVerifier(options: TokenOptions): (token: string) => Promise<Caller> {
  const { keys, issuer, audiences, audienceClaim, maxLifetimeSeconds, singleUse, unixNow } = options
  const fixed = {
    issuer,
    algorithms: [...options.algorithms],
    requiredClaims: ['exp', 'iat', 'sub', audienceClaim, ...(singleUse ? ['jti'] : [])],
    clockTolerance: TOLERANCE_SECONDS,
    // With it, jose also rejects an iat in the future.
    maxTokenAge: maxLifetimeSeconds,
  }

  const toTokenUse = ({ jti }: JWTPayload, exp: number): TokenUse => ({
    id: hash('sha256', `${issuer}\0${toText(jti)}`),
    untilUnixSeconds: Math.ceil(exp) + TOLERANCE_SECONDS,
  })

  return async (token) => {
    if (!compactForm.test(token)) throw new ServiceError('token_malformed')
    const now = new Date(unixNow())
    const { payload, protectedHeader } = await verifyByKeys(token, keys, { ...fixed, currentDate: now })
    checkMembers(token)
    checkType(protectedHeader.typ)
    checkAudience(payload[audienceClaim], audiences)
    const exp = checkLifetime(payload, maxLifetimeSeconds)
    return {
      subject: toText(payload.sub, MAX_SUBJECT_LENGTH),
      claims: payload,
      singleUse: singleUse ? toTokenUse(payload, exp) : null,
    }
  }
}
