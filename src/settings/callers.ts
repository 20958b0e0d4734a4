/** `ALLOWED_ORIGINS` and `AUTH_*`: which pages may ask, whether callers need a token, and which tokens are valid. */
import { z } from 'zod'
import type { KeySource } from '../auth/caller.ts'
import { type AudienceClaim, audienceClaims } from '../auth/token.ts'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { keySetUrl } from './urls.ts'
import { flag, sharedSecret, wholeNumber } from './validators.ts'

const AUTH_MODE_ADVICE =
  'has no default, because a guess could open the service to everyone. Set none: everyone on a page of ALLOWED_ORIGINS may mint; or jwt: everyone with a token of your issuer'

const audienceList = z.string().transform((text, context) => {
  const list = text.split(',').map((one) => one.trim())
  const empty = list.indexOf('')
  if (empty >= 0) context.addIssue(`has an empty entry (number ${empty + 1}). Separate audiences by commas`)
  return list
})

export const callerVariables = {
  AUTH_MODE: z.enum(['none', 'jwt'], { error: AUTH_MODE_ADVICE }),
  AUTH_JWKS_URL: keySetUrl.optional(),
  AUTH_JWT_SECRET: sharedSecret.optional(),
  AUTH_ISSUER: z.string().optional(),
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

/** What is missing or too much for the mode. The values are the validators' to check. */
export function checkCallerSettings(read: Settings): readonly string[] {
  const { AUTH_MODE: mode, ALLOWED_ORIGINS: origins } = read
  const isSet = (name: string): boolean => read[name] !== undefined
  const hasSecret = isSet('AUTH_JWT_SECRET') || isSet('AUTH_JWT_SECRET_FILE')
  const hasNull = origins?.split(',').some((entry) => entry.trim() === 'null')
  const rules: readonly (readonly [isBroken: boolean | undefined, problem: string])[] =
    mode === 'jwt'
      ? [
          [
            isSet('AUTH_JWKS_URL') && hasSecret,
            'AUTH_JWKS_URL: is set together with AUTH_JWT_SECRET. Keep the one that your issuer signs with',
          ],
          [
            !isSet('AUTH_JWKS_URL') && !hasSecret,
            'AUTH_JWKS_URL: is missing. Set the URL of your issuer’s key set, or name the file of the shared secret in AUTH_JWT_SECRET_FILE',
          ],
          [
            read['AUTH_ISSUER']?.includes('/.well-known/'),
            'AUTH_ISSUER: is the URL of a document. Write "iss" exactly as in your issuer’s tokens',
          ],
          [!isSet('AUTH_ISSUER'), 'AUTH_ISSUER: is missing. Write "iss" exactly as in your issuer’s tokens'],
          [
            !isSet('AUTH_AUDIENCE'),
            'AUTH_AUDIENCE: is missing. Write the "aud" of the tokens that are meant for this service',
          ],
        ]
      : [
          [
            origins === undefined,
            'ALLOWED_ORIGINS: is missing. List the origins of your pages, such as https://app.example.com',
          ],
          [
            hasNull,
            'ALLOWED_ORIGINS: has the entry null, which needs AUTH_MODE=jwt: every sandboxed frame and local file sends it',
          ],
        ]
  return rules.flatMap(([isBroken, problem]) => (isBroken === true ? [problem] : []))
}

/** Settings without effect, and settings that open more than they seem to. */
export function toCallerWarnings(read: Settings): readonly string[] {
  if (read['AUTH_MODE'] !== 'none') {
    const has = (name: string, entry: string): boolean =>
      read[name]?.split(',').some((one) => one.trim() === entry) === true
    return [
      ...(has('ALLOWED_ORIGINS', 'null')
        ? ['ALLOWED_ORIGINS: has the entry null, which every sandboxed frame and local file sends']
        : []),
      ...(has('AUTH_AUDIENCE', 'account')
        ? [
            'AUTH_AUDIENCE: has the entry account, which Keycloak writes into every token of its realm. Add an audience mapper for this service',
          ]
        : []),
    ]
  }
  const idle = tokenSettings.filter((name) => read[name] !== undefined)
  return idle.length === 0
    ? []
    : [`${idle.join(', ')}: not used, because AUTH_MODE is none. Set it to jwt to ask callers for tokens`]
}

/** Undefined where something is missing; checkCallerSettings says what. */
export function toCallerConfig(
  data: z.infer<z.ZodObject<typeof callerVariables>>,
  toProxy: (url: URL) => ProxyOptions | undefined,
): CallerConfig | undefined {
  const { AUTH_MODE: mode, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audiences } = data
  if (mode === 'none') return Object.freeze({ mode })
  const { AUTH_JWKS_URL: url, AUTH_JWT_SECRET: secret } = data
  const keys = url === undefined ? secret && { secret } : { url, proxy: toProxy(url) }
  if (keys === undefined || issuer === undefined || audiences === undefined) return undefined
  const { AUTH_MAX_LIFETIME_SECONDS: maxLifetimeSeconds, AUTH_SINGLE_USE: singleUse } = data
  const { AUTH_AUDIENCE_CLAIM: audienceClaim } = data
  return Object.freeze({ mode, keys, issuer, audiences, audienceClaim, maxLifetimeSeconds, singleUse })
}
