import { type Config, type Environment, parseConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/problems.ts'

export const API_KEY = 'sk-test-0123456789abcdefghij'
export const AUDIT_KEY = 'an audit key that is only for tests'
export const JWT_SECRET = 'a shared secret that is only for tests'

/** The settings that a service needs at least. */
export const enough = {
  OPENAI_API_KEY: API_KEY,
  ALLOWED_ORIGINS: 'https://app.example.com',
  AUTH_MODE: 'none',
} as const

/** The settings that a service with tokens needs besides its API key. */
export const enoughForTokens = {
  AUTH_MODE: 'jwt',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_ISSUER: 'https://issuer.example.com/',
  AUTH_AUDIENCE: 'realtime-mint',
} as const

export const withSecret = {
  ...enoughForTokens,
  AUTH_JWKS_URL: undefined,
  AUTH_JWT_SECRET: JWT_SECRET,
} as const

/** What is wrong with exactly these settings. */
export function problemsOf(environment: Environment): readonly string[] {
  try {
    parseConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

export const namesOf = (problems: readonly string[]): readonly string[] =>
  problems.map((line) => line.split(':')[0] ?? '')

/** The rules for tokens; undefined if callers need none. */
export const tokens = ({ callers }: Config) => (callers.mode === 'jwt' ? callers : undefined)

export function secretOf(config: Config): string | undefined {
  const keys = tokens(config)?.keys
  return keys !== undefined && 'secret' in keys ? keys.secret.reveal() : undefined
}

export interface Setting {
  readonly name: string
  readonly read: (config: Config) => unknown
  /** The default. */
  readonly unset: unknown
  /** Other settings that it needs. */
  readonly beside?: Environment
  /** Alone where the value is the text itself. */
  readonly good: readonly (string | readonly [text: string, value: unknown])[]
  /** With the message where the table has no other with the same message. */
  readonly bad: readonly (string | readonly [text: string, message: string])[]
}

/** Texts without blanks that are wrong alike. */
export const alike = (texts: string, message?: string): Setting['bad'] =>
  texts.split(' ').map((text) => (message === undefined ? text : [text, message]))

export const INSECURE =
  'begins with http://, so everyone on the network can read it. Use https://, or list the host in INSECURE_HTTP_HOSTS'
export const ENCODING =
  'has a user name or password that is not encoded. In a user name or password, write / as %2F, # as %23, ? as %3F, @ as %40, \\ as %5C and % as %25'

/** A whole number: the lowest and highest that are valid, and a number that is too low if 0 is. */
export const wholeNumber = (
  name: string,
  read: Setting['read'],
  unset: number | undefined,
  [least, most]: readonly [least: number, most: number],
): Setting => ({
  name,
  read,
  unset,
  good: [least, most].map((value) => [String(value), value]),
  bad: [...(least > 0 ? [String(least - 1)] : []), ...alike(`${most + 1} -1 1.5 0x10 1e1 one 999999999999`)],
})

/** One of a few words; the first is the default. */
export function choice(name: string, read: Setting['read'], valid: string, invalid: string): Setting {
  const good = valid.split(' ')
  return { name, read, unset: good[0], good, bad: alike(invalid) }
}

export const flag = (name: string, read: Setting['read'], beside: Environment): Setting => ({
  name,
  read,
  unset: false,
  beside,
  good: [
    ['true', true],
    ['false', false],
  ],
  bad: alike('1 yes True TRUE on'),
})
