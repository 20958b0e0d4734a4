/** The settings for upstream, and for callers and their tokens. */
import {
  BLANK,
  choice,
  ENCODING,
  enoughForTokens,
  flag,
  JWT_SECRET,
  API_KEY as key,
  QUOTES,
  type Setting,
  secretOf,
  tokens,
  UNREPLACED,
  wholeNumber,
  withSecret,
} from './support.ts'

const httpForm =
  'begins with http://, so everyone on the network can read it. Use https://, or list the host in INSECURE_HTTP_HOSTS'
const azureForm = 'is not a base URL of Azure OpenAI. Write https://NAME.openai.azure.com/openai/v1'
const pathless = 'is a URL without path; write / as %2F and \\ as %5C'

export const upstreamSettings: readonly Setting[] = [
  {
    name: 'OPENAI_API_KEY',
    read: ({ upstream }) => upstream.apiKey.reveal(),
    unset: 'required',
    good: [key, 'x'.repeat(20), 'x'.repeat(8_192)],
    bad: [
      ' ',
      `${key}\n`,
      [`${key}\r`, BLANK],
      [`${key}\u00a0`, BLANK],
      'x'.repeat(19),
      'x'.repeat(8_193),
      `${key} ${key}`,
      `${key}\n${key}`,
      `${key}é`,
      `${key}\u200b`,
      [`OPENAI_API_KEY=${key}`, 'contains NAME=value. Write only the key'],
      [`{"key":"${key}"}`, 'contains JSON. Write only the key'],
      [Buffer.from(key).toString('base64'), 'is in base64. Write the key itself'],
      ['ek_0123456789abcdefghijkl', 'is a client secret. Write an API key'],
      ['sk-admin-0123456789abcdefghij', 'is an admin key, which cannot mint. Write a project key'],
      ['sk-ant-api03-0123456789abcdef', 'is a key of Anthropic. Write a key of OpenAI'],
      ['sk-…', 'contains a blank, or a character that no API key has'],
      ['sk–test-0123456789abcdefghij', 'contains a blank, or a character that no API key has'],
      ['sk-your-key', 'is too short for an API key: it has fewer than 20 characters'],
      [`"${key}"`, QUOTES],
      [`'${key}'`, QUOTES],
      [`“${key}”`, QUOTES],
      ['${OPENAI_API_KEY}', UNREPLACED],
    ],
  },
  ...(['organization', 'project'] as const).map(
    (part): Setting => ({
      name: `OPENAI_${part.toUpperCase()}`,
      read: ({ upstream }) => upstream[part],
      unset: undefined,
      good: ['proj_0123abc'],
      bad: ['two words', 'a\nb', 'é', 'x'.repeat(129)],
    }),
  ),
  {
    name: 'HTTPS_PROXY',
    read: ({ upstream }) => upstream.proxy?.url.reveal(),
    unset: undefined,
    good: [
      ['http://proxy.example.com:3128', 'http://proxy.example.com:3128/'],
      ['https://name:password@proxy.example.com', 'https://name:password@proxy.example.com/'],
    ],
    bad: [
      'proxy.example.com:3128',
      'socks5://proxy.example.com',
      '*',
      'http://',
      ['http://name:100%@proxy.example.com', ENCODING],
      'http://100%@proxy.example.com',
      'http://name:%ff@proxy.example.com',
      ['http://proxy.example.com:3128/some/path', pathless],
      ['http://name:pass/word@proxy.example.com', pathless],
      'http://name:pass#word@proxy.example.com',
      'http://name:pass\\word@proxy.example.com',
      'http://proxy.example.com:3128?a=b',
    ],
  },
  {
    name: 'NO_PROXY',
    read: ({ upstream }) => upstream.proxy?.except,
    unset: undefined,
    good: [['localhost,.example.com', undefined]],
    bad: [],
  },
  {
    name: 'INSECURE_HTTP_HOSTS',
    read: ({ upstream }) => upstream.baseUrl.href,
    unset: 'https://api.openai.com/v1',
    beside: { OPENAI_BASE_URL: 'http://litellm:4000/v1' },
    good: [
      ['litellm', 'http://litellm:4000/v1'],
      ['keycloak, litellm', 'http://litellm:4000/v1'],
    ],
    bad: [],
  },
  {
    name: 'OPENAI_BASE_URL',
    read: ({ upstream }) => upstream.baseUrl.href,
    unset: 'https://api.openai.com/v1',
    good: [
      ['https://eu.api.openai.com/v1/', 'https://eu.api.openai.com/v1'],
      'https://name.openai.azure.com/openai/v1?api-version=preview',
      'http://127.0.0.1:4000/v1',
      'http://127.9.9.9/v1',
      'http://localhost:4000/v1',
      'http://[::1]:4000/v1',
    ],
    bad: [
      'api.openai.com/v1',
      '/v1',
      ['http://litellm:4000/v1', httpForm],
      'http://api.openai.com/v1',
      'http://localhost.example.com/v1',
      'http://127.0.0.1.example.com/v1',
      'http://0.0.0.0/v1',
      'http://10.0.0.1/v1',
      'ftp://api.openai.com/v1',
      'file:///v1',
      'https://user:password@api.openai.com/v1',
      'https://user@api.openai.com/v1',
      'https://api.openai.com/v1#part',
      [
        'https://api.openai.com/v1/realtime/client_secrets',
        'ends before /realtime: write the URL up to /v1, such as https://api.openai.com/v1',
      ],
      'https://api.openai.com/v1/realtime/',
      ...[
        'https://api.openai.com',
        'https://api.openai.com//v1',
        'https://api.openai.com/v1/chat/completions',
        'https://platform.openai.com/v1',
      ].map((url) => [url, 'is not OpenAI’s base URL. Write https://api.openai.com/v1'] as const),
      ...[
        'https://name.openai.azure.com',
        'https://name.openai.azure.com/openai/deployments/gpt-realtime/chat/completions?api-version=2025-01-01',
        'https://name.services.ai.azure.com/models',
        'https://name.cognitiveservices.azure.com/openai',
      ].map((url) => [url, azureForm] as const),
      ...['https://api.x.ai/v1', 'https://openrouter.ai/api/v1'].map(
        (url) =>
          [url, 'is of a provider without client secrets for sessions. See docs/deploying.md'] as const,
      ),
      [
        'https://gateway.example.com/v1/chat/completions',
        'is the URL of an endpoint. Write the URL up to /v1',
      ],
    ],
  },
  choice(
    'OPENAI_REALTIME_API',
    ({ upstream }) => upstream.api,
    'client_secrets sessions',
    'Sessions both translations',
  ),
  choice('OPENAI_AUTH', ({ upstream }) => upstream.auth, 'bearer api-key', 'Bearer basic none'),
  {
    name: 'UPSTREAM_SECRET_PREFIX',
    read: ({ upstream }) => upstream.secretPrefix,
    unset: 'ek_',
    good: ['tk-', ['*', ''], 'x'.repeat(32)],
    bad: ['x'.repeat(33), 'e k', 'é'],
  },
  wholeNumber('UPSTREAM_TIMEOUT_MS', ({ upstream }) => upstream.timeoutMs, 8_000, [100, 8_000]),
]

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
    bad: ['None', 'off', 'x', 'JWT', ["'none'", QUOTES]],
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
      'issuer.example.com/jwks',
      '/jwks',
      ['http://issuer.example.com/jwks', httpForm],
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
    good: [JWT_SECRET, 'x'.repeat(32), 'é'.repeat(16)],
    bad: [' ', 'x'.repeat(31), `-----BEGIN PUBLIC KEY-----\n${'x'.repeat(64)}\n-----END PUBLIC KEY-----`],
  },
  {
    name: 'AUTH_ISSUER',
    read: (config) => tokens(config)?.issuer,
    unset: undefined,
    beside: enoughForTokens,
    good: ['https://issuer.example.com', 'https://issuer.example.com/', 'x'],
    bad: [
      ' https://issuer.example.com',
      'https://issuer.example.com ',
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
    bad: [' realtime-mint', 'realtime-mint ', ' ', ',', 'ios,', ',ios', 'ios,,web'],
  },
  { ...audienceClaim, beside: enoughForTokens },
  { ...lifetime, beside: enoughForTokens },
  flag('AUTH_SINGLE_USE', (config) => tokens(config)?.singleUse ?? false, enoughForTokens),
]
