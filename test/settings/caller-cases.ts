/** The settings for callers and their tokens. */
import {
  alike,
  choice,
  enoughForTokens,
  flag,
  INSECURE,
  JWT_SECRET,
  type Setting,
  secretOf,
  tokens,
  wholeNumber,
  withSecret,
} from './support.ts'

const readClaim: Setting['read'] = (config) => tokens(config)?.audienceClaim ?? 'aud'
const audienceClaim = choice('AUTH_AUDIENCE_CLAIM', readClaim, 'aud client_id azp', 'AUD sub aud,azp scope')

const readLifetime: Setting['read'] = (config) => tokens(config)?.maxLifetimeSeconds ?? 7_200
const lifetime = wholeNumber('AUTH_MAX_LIFETIME_SECONDS', readLifetime, 7_200, [1, 2_592_000])

export const callerSettings: readonly Setting[] = [
  {
    name: 'AUTH_MODE',
    read: ({ callers }) => callers.mode,
    unset: 'required',
    good: ['none'],
    bad: alike('None off x JWT'),
  },
  {
    name: 'AUTH_JWKS_URL',
    read: (config) => {
      const keys = tokens(config)?.keys
      return keys !== undefined && 'url' in keys ? keys.url.href : undefined
    },
    unset: undefined,
    beside: enoughForTokens,
    good: [
      'https://issuer.example.com/.well-known/jwks.json',
      'https://issuer.example.com/jwks/?tenant=a',
      'http://127.0.0.1:4000/jwks',
      'http://localhost:4000/jwks',
      'http://[::1]:4000/jwks',
    ],
    bad: [
      ...alike('issuer.example.com/jwks /jwks file:///jwks data:application/json,{}'),
      ...alike(
        'http://issuer.example.com/jwks http://127.0.0.1.example.com/jwks http://10.0.0.1/jwks',
        INSECURE,
      ),
      ...alike('https://user:password@issuer.example.com/jwks https://issuer.example.com/jwks#keys'),
    ],
  },
  {
    name: 'AUTH_JWT_SECRET',
    read: secretOf,
    unset: undefined,
    beside: withSecret,
    good: [JWT_SECRET, 'x'.repeat(32), 'é'.repeat(16)],
    bad: ['x'.repeat(31), `-----BEGIN PUBLIC KEY-----\n${'x'.repeat(64)}\n-----END PUBLIC KEY-----`],
  },
  {
    name: 'AUTH_ISSUER',
    read: (config) => tokens(config)?.issuer,
    unset: undefined,
    beside: enoughForTokens,
    good: ['https://issuer.example.com', 'https://issuer.example.com/', 'x'],
    bad: [
      [
        'https://issuer.example/.well-known/openid-configuration',
        'is the URL of a document. Write "iss" exactly as in your issuer’s tokens',
      ],
      ' ',
    ],
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
    bad: alike('ios, ,ios ios,,web'),
  },
  { ...audienceClaim, beside: enoughForTokens },
  { ...lifetime, beside: enoughForTokens },
  flag('AUTH_SINGLE_USE', (config) => tokens(config)?.singleUse ?? false, enoughForTokens),
]
