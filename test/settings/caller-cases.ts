/** The variables that tell who may ask, and by which tokens. */
import type { Config } from '../../src/config.ts'
import { type Setting, wrongNumbers } from './upstream-cases.ts'

/** The least that is enough where callers need tokens. */
export const enoughForTokens = {
  AUTH_MODE: 'jwt',
  AUTH_JWKS_URL: 'https://issuer.example.com/jwks',
  AUTH_ISSUER: 'https://issuer.example.com/',
  AUTH_AUDIENCE: 'realtime-mint',
} as const

const jwtSecret = 'a shared secret that is only for tests'
const withSecret = { ...enoughForTokens, AUTH_JWKS_URL: undefined, AUTH_JWT_SECRET: jwtSecret } as const

/** How tokens are judged; undefined where nobody needs one. */
const tokens = ({ callers }: Config) => (callers.mode === 'jwt' ? callers : undefined)

const urlOf = (config: Config): unknown => {
  const keys = tokens(config)?.keys
  return keys !== undefined && 'url' in keys ? keys.url.href : undefined
}

export const secretOf = (config: Config): string | undefined => {
  const keys = tokens(config)?.keys
  return keys !== undefined && 'secret' in keys ? keys.secret.reveal() : undefined
}

export const callerSettings: readonly Setting[] = [
  {
    name: 'AUTH_MODE',
    read: ({ callers }) => callers.mode,
    unset: 'required',
    good: [['none', 'none']],
    bad: ['None', 'off', 'x', 'JWT'],
  },
  {
    name: 'AUTH_JWKS_URL',
    read: urlOf,
    unset: undefined,
    beside: enoughForTokens,
    good: [
      [
        'https://issuer.example.com/.well-known/jwks.json',
        'https://issuer.example.com/.well-known/jwks.json',
      ],
      ['https://issuer.example.com/jwks/?tenant=a', 'https://issuer.example.com/jwks/?tenant=a'],
      ['http://127.0.0.1:4000/jwks', 'http://127.0.0.1:4000/jwks'],
      ['http://localhost:4000/jwks', 'http://localhost:4000/jwks'],
      ['http://[::1]:4000/jwks', 'http://[::1]:4000/jwks'],
    ],
    bad: [
      'issuer.example.com/jwks',
      '/jwks',
      'http://issuer.example.com/jwks',
      'http://127.0.0.1.example.com/jwks',
      'http://10.0.0.1/jwks',
      'file:///jwks',
      'data:application/json,{}',
      'https://user:password@issuer.example.com/jwks',
      'https://issuer.example.com/jwks#keys',
    ],
  },
  {
    name: 'AUTH_JWT_SECRET',
    read: secretOf,
    unset: undefined,
    beside: withSecret,
    good: [
      [jwtSecret, jwtSecret],
      ['x'.repeat(32), 'x'.repeat(32)],
      ['é'.repeat(16), 'é'.repeat(16)],
    ],
    bad: [' ', 'x'.repeat(31), `-----BEGIN PUBLIC KEY-----\n${'x'.repeat(64)}\n-----END PUBLIC KEY-----`],
  },
  {
    name: 'AUTH_ISSUER',
    read: (config) => tokens(config)?.issuer,
    unset: undefined,
    beside: enoughForTokens,
    good: [
      ['https://issuer.example.com', 'https://issuer.example.com'],
      ['https://issuer.example.com/', 'https://issuer.example.com/'],
      ['x', 'x'],
    ],
    bad: [' https://issuer.example.com', 'https://issuer.example.com ', ' '],
  },
  {
    name: 'AUTH_AUDIENCE',
    read: (config) => tokens(config)?.audiences,
    unset: undefined,
    beside: enoughForTokens,
    good: [
      ['https://mint.example.com', ['https://mint.example.com']],
      ['a name of its own', ['a name of its own']],
      ['ios,web', ['ios', 'web']],
      ['ios , web', ['ios', 'web']],
    ],
    bad: [' realtime-mint', 'realtime-mint ', ' ', ',', 'ios,', ',ios', 'ios,,web'],
  },
  {
    name: 'AUTH_AUDIENCE_CLAIM',
    read: (config) => tokens(config)?.audienceClaim ?? 'aud',
    unset: 'aud',
    beside: enoughForTokens,
    good: [
      ['aud', 'aud'],
      ['client_id', 'client_id'],
      ['azp', 'azp'],
    ],
    bad: ['AUD', 'sub', 'aud,azp', 'scope'],
  },
  {
    name: 'AUTH_MAX_LIFETIME_SECONDS',
    read: (config) => tokens(config)?.maxLifetimeSeconds ?? 7_200,
    unset: 7_200,
    beside: enoughForTokens,
    good: [
      ['1', 1],
      ['86400', 86_400],
      ['2592000', 2_592_000],
    ],
    bad: ['0', ...wrongNumbers(2_592_000)],
  },
  {
    name: 'AUTH_SINGLE_USE',
    read: (config) => tokens(config)?.singleUse ?? false,
    unset: false,
    beside: enoughForTokens,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['yes', '1', 'True', 'on'],
  },
]
