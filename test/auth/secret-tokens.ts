/** Tokens that are signed with a shared secret, and a guard with a fixed clock. */
import { createCallerGuard } from '../../src/auth/caller.ts'
import type { AudienceClaim } from '../../src/auth/token.ts'
import { ServiceError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIENCE, ISSUER, JWT_SECRET, signText, toBearer, toClaims } from '../support/tokens.ts'

export const NOW_MS = 1_790_000_000_000
export const NOW = NOW_MS / 1000

interface Options {
  readonly maxLifetimeSeconds?: number
  readonly singleUse?: boolean
  readonly issuer?: string
  readonly audiences?: readonly string[]
  readonly audienceClaim?: AudienceClaim
  readonly onTimesRefused?: (refused: boolean) => void
}

export const createGuard = (options: Options = {}) =>
  createCallerGuard({
    keys: { secret: new Secret(JWT_SECRET) },
    issuer: ISSUER,
    audiences: [AUDIENCE],
    audienceClaim: 'aud',
    maxLifetimeSeconds: 3_600,
    singleUse: false,
    monotonicNow: () => 0,
    unixNow: () => NOW_MS,
    ...options,
  })

/** `valid`, or the reason of the refusal. */
export async function verdictOf(token: string, options?: Options): Promise<string> {
  try {
    await createGuard(options).identify(toBearer(token))
    return 'valid'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

export const HEADER = '{"alg":"HS256"}'
export const payload = (claims: object = {}): string => JSON.stringify({ ...toClaims({}, NOW_MS), ...claims })
export const sign = (claims: object = {}, header: object = {}): string =>
  signText(JSON.stringify({ alg: 'HS256', ...header }), payload(claims))
