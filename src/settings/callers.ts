/** `AUTH_*`: whether callers need a token, and which ones hold. */
import { z } from 'zod'
import type { KeySource } from '../auth/caller.ts'
import { type AudienceClaim, audienceClaims } from '../auth/token.ts'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { exactText, flag, secureUrl, sharedSecret, wholeNumber } from './validators.ts'

const AUTH_MODE_ADVICE =
  'has no default, because a guess could open the service to everybody. Set none: anybody on a page of ALLOWED_ORIGINS may mint; or jwt: whoever has a token of your issuer'

const audienceList = exactText.transform((text, context) => {
  const list = text.split(',').map((one) => one.trim())
  const empty = list.indexOf('')
  if (empty >= 0) context.addIssue(`has an empty entry (number ${empty + 1}). Separate audiences by commas`)
  return list
})

export const callerVariables = {
  AUTH_MODE: z.enum(['none', 'jwt'], { error: AUTH_MODE_ADVICE }),
  AUTH_JWKS_URL: secureUrl.optional(),
  AUTH_JWT_SECRET: sharedSecret.optional(),
  AUTH_ISSUER: exactText.optional(),
  AUTH_AUDIENCE: audienceList.optional(),
  AUTH_AUDIENCE_CLAIM: z
    .enum(audienceClaims, { error: `is ${audienceClaims.join(', ')}: the claim that names the audience` })
    .default('aud'),
  AUTH_MAX_LIFETIME_SECONDS: wholeNumber(1, 2_592_000).default(7_200),
  AUTH_SINGLE_USE: flag.default(false),
}

export type CallerConfig =
  | { readonly mode: 'none' }
  | {
      readonly mode: 'jwt'
      readonly keys: KeySource
      readonly issuer: string
      readonly audiences: readonly string[]
      readonly audienceClaim: AudienceClaim
      readonly maxLifetimeSeconds: number
      readonly singleUse: boolean
    }

type Settings = Readonly<Record<string, string | undefined>>

const tokenSettings = [
  'AUTH_JWKS_URL',
  'AUTH_JWT_SECRET',
  'AUTH_JWT_SECRET_FILE',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_AUDIENCE_CLAIM',
  'AUTH_MAX_LIFETIME_SECONDS',
  'AUTH_SINGLE_USE',
] as const

/** What is missing, or too much, for the mode. What each setting may look like is not looked at. */
export function checkCallerSettings(read: Settings): readonly string[] {
  const problems: string[] = []
  const isSet = (name: string): boolean => read[name] !== undefined
  if (!isSet('ALLOWED_ORIGINS') && read['AUTH_MODE'] !== 'jwt') {
    problems.push(
      'ALLOWED_ORIGINS: is missing: list the origins of your pages, such as https://app.example.com',
    )
  }
  if (read['AUTH_MODE'] !== 'jwt') return problems
  const hasSecret = isSet('AUTH_JWT_SECRET') || isSet('AUTH_JWT_SECRET_FILE')
  if (isSet('AUTH_JWKS_URL') && hasSecret) {
    problems.push('AUTH_JWKS_URL: is set beside AUTH_JWT_SECRET; keep the one that your issuer signs by')
  }
  if (!isSet('AUTH_JWKS_URL') && !hasSecret) {
    problems.push(
      'AUTH_JWKS_URL: is missing. Name your issuer’s key set, or the secret that it shares with you in AUTH_JWT_SECRET_FILE',
    )
  }
  if (!isSet('AUTH_ISSUER'))
    problems.push('AUTH_ISSUER: is missing: "iss", exactly as in your issuer’s tokens')
  if (!isSet('AUTH_AUDIENCE')) {
    problems.push(
      'AUTH_AUDIENCE: is missing: "aud", by which your issuer’s tokens say that they are for this service',
    )
  }
  return problems
}

/** Settings of tokens that nobody looks at. */
export function toCallerWarnings(read: Settings): readonly string[] {
  const idle = tokenSettings.filter((name) => read['AUTH_MODE'] === 'none' && read[name] !== undefined)
  return idle.length === 0
    ? []
    : [`${idle.join(', ')}: not used, for AUTH_MODE is none. To ask callers for tokens, set it to jwt`]
}

/** Undefined where something is missing; checkCallerSettings says what. */
export function toCallerConfig(
  data: z.infer<z.ZodObject<typeof callerVariables>>,
  proxy: ProxyOptions | undefined,
): CallerConfig | undefined {
  const { AUTH_MODE: mode, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audiences } = data
  if (mode === 'none') return Object.freeze({ mode })
  const { AUTH_JWKS_URL: url, AUTH_JWT_SECRET: secret } = data
  const keys = url === undefined ? secret && { secret } : { url, proxy }
  if (keys === undefined || issuer === undefined || audiences === undefined) return undefined
  const { AUTH_MAX_LIFETIME_SECONDS: maxLifetimeSeconds, AUTH_SINGLE_USE: singleUse } = data
  const { AUTH_AUDIENCE_CLAIM: audienceClaim } = data
  return Object.freeze({ mode, keys, issuer, audiences, audienceClaim, maxLifetimeSeconds, singleUse })
}
