/** `AUTH_*`: whether callers need a token, and which tokens are valid. */
import { z } from 'zod'
import { audienceClaims } from '../auth/audience-claims.ts'
import type { KeySource } from '../auth/caller.ts'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { keySetUrl } from './urls.ts'
import { audienceList, flag, sharedSecret, wholeNumber } from './validators.ts'

const AUTH_MODES =
  'Set none: everyone on a page of ALLOWED_ORIGINS may mint; or jwt: everyone with a token of your issuer'

export const callerVariables = {
  AUTH_MODE: z.enum(['none', 'jwt'], {
    error: ({ input }) =>
      input === undefined
        ? `has no default, because a guess could open the service to everyone. ${AUTH_MODES}`
        : `must be none or jwt. ${AUTH_MODES}`,
  }),
  AUTH_JWKS_URL: keySetUrl.optional(),
  AUTH_JWT_SECRET: sharedSecret.optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: audienceList.optional(),
  AUTH_AUDIENCE_CLAIM: z
    .enum(audienceClaims, {
      error: `must be ${audienceClaims.join(', ')}: the claim that names the audience`,
    })
    .default('aud'),
  AUTH_MAX_LIFETIME_SECONDS: wholeNumber(1, 2_592_000).default(7_200),
  AUTH_SINGLE_USE: flag.default(false),
}

/** Undefined where something is missing; checkSettings says what. */
export function toCallerConfig(
  data: z.infer<z.ZodObject<typeof callerVariables>>,
  toProxy: (url: URL) => ProxyOptions | undefined,
) {
  const { AUTH_MODE: mode, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audiences } = data
  if (mode === 'none') return Object.freeze({ mode })
  const { AUTH_JWKS_URL: url, AUTH_JWT_SECRET: secret } = data
  const keys: KeySource | undefined = url === undefined ? secret && { secret } : { url, proxy: toProxy(url) }
  if (keys === undefined || issuer === undefined || audiences === undefined) return undefined
  return Object.freeze({
    mode,
    keys,
    issuer,
    audiences,
    audienceClaim: data.AUTH_AUDIENCE_CLAIM,
    maxLifetimeSeconds: data.AUTH_MAX_LIFETIME_SECONDS,
    singleUse: data.AUTH_SINGLE_USE,
  })
}
