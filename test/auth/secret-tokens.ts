/** Tokens of an issuer that shares its secret, before a guard whose clock is fixed. */

import { createCallerGuard } from '../../src/auth/caller.ts'
import { ServiceError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIENCE, ISSUER, JWT_SECRET, signText, toBearer, toClaims } from '../support/tokens.ts'

export const NOW_MS = 1_790_000_000_000
export const NOW = NOW_MS / 1000

interface Options {
  readonly maxLifetimeSeconds?: number
  readonly singleUse?: boolean
  readonly issuer?: string
}

export const createGuard = ({
  maxLifetimeSeconds = 3_600,
  singleUse = false,
  issuer = ISSUER,
}: Options = {}) =>
  createCallerGuard({
    keys: { secret: new Secret(JWT_SECRET) },
    issuer,
    audience: AUDIENCE,
    maxLifetimeSeconds,
    singleUse,
    now: () => 0,
    unixNow: () => NOW_MS,
  })

/** `holds`, or the reason why it does not. */
export async function verdictOf(token: string, options?: Options): Promise<string> {
  try {
    await createGuard(options).identify(toBearer(token))
    return 'holds'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

export const HEADER = '{"alg":"HS256"}'
export const payload = (claims: object = {}): string => JSON.stringify({ ...toClaims({}, NOW_MS), ...claims })
export const sign = (claims: object = {}, header: object = {}): string =>
  signText(JSON.stringify({ alg: 'HS256', ...header }), payload(claims))
