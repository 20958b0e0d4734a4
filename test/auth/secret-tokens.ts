/** Tokens that are signed with a shared secret, and a guard with a fixed clock. */
import { type CallerGuardOptions, createCallerGuard } from '../../src/auth/caller.ts'
import { Secret } from '../../src/secret.ts'
import { reasonOf } from '../support/replies.ts'
import { AUDIENCE, ISSUER, JWT_SECRET, signText, toBearer, toClaims } from '../support/tokens.ts'

export const NOW_MS = 1_790_000_000_000
export const NOW = NOW_MS / 1000

type Options = Partial<CallerGuardOptions>

export const settings = {
  keys: { secret: new Secret(JWT_SECRET) },
  issuer: ISSUER,
  audiences: [AUDIENCE],
  audienceClaim: 'aud',
  maxLifetimeSeconds: 3_600,
  singleUse: false,
  monotonicNow: () => 0,
  unixNow: () => NOW_MS,
} as const

export const createGuard = (options: Options = {}) => createCallerGuard({ ...settings, ...options })

export const verdictOf = (token: string, options?: Options): Promise<string> =>
  reasonOf(() => createGuard(options).identify(toBearer(token)))

export const HEADER = '{"alg":"HS256"}'
export const payload = (claims: object = {}): string => JSON.stringify({ ...toClaims({}, NOW_MS), ...claims })
export const sign = (claims: object = {}, header: object = {}): string =>
  signText(JSON.stringify({ alg: 'HS256', ...header }), payload(claims))
