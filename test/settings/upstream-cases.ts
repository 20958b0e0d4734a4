/** The variables that tell where and how secrets are minted, and what a case of a variable is. */
import type { Config, Environment } from '../../src/config.ts'

export interface Setting {
  readonly name: string
  readonly read: (config: Config) => unknown
  /** What it is where it is not set. */
  readonly unset: unknown
  /** Without which it cannot be set. */
  readonly beside?: Environment
  readonly good: readonly (readonly [text: string, value: unknown])[]
  readonly bad: readonly string[]
}

/** What is no whole number from some small one to `most`. */
export const wrongNumbers = (most: number): readonly string[] => [
  String(most + 1),
  '-1',
  '1.5',
  '0x10',
  '1e1',
  ' 1',
  'one',
  '9'.repeat(12),
]

const key = 'sk-test-0123456789abcdefghij'

export const upstreamSettings: readonly Setting[] = [
  {
    name: 'OPENAI_API_KEY',
    read: ({ upstream }) => upstream.apiKey.reveal(),
    unset: 'required',
    good: [
      [key, key],
      ['x'.repeat(20), 'x'.repeat(20)],
      ['x'.repeat(8_192), 'x'.repeat(8_192)],
    ],
    bad: [
      ' ',
      `${key}\n`,
      'x'.repeat(19),
      'x'.repeat(8_193),
      `${key} ${key}`,
      `${key}\n${key}`,
      `${key}é`,
      `${key}\u200b`,
      `OPENAI_API_KEY=${key}`,
      `{"key":"${key}"}`,
      Buffer.from(key).toString('base64'),
      `"${key}"`,
    ],
  },
  ...['OPENAI_ORGANIZATION', 'OPENAI_PROJECT'].map((name) => ({
    name,
    read: ({ upstream }: Config) => (name === 'OPENAI_PROJECT' ? upstream.project : upstream.organization),
    unset: undefined,
    good: [['proj_0123abc', 'proj_0123abc']] as const,
    bad: ['two words', 'a\nb', 'é', 'x'.repeat(129)],
  })),
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
      'http://name:100%@proxy.example.com',
      'http://100%@proxy.example.com',
      'http://name:%ff@proxy.example.com',
      'http://proxy.example.com:3128/some/path',
      'http://name:pass/word@proxy.example.com',
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
      [
        'https://name.openai.azure.com/openai/v1?api-version=preview',
        'https://name.openai.azure.com/openai/v1?api-version=preview',
      ],
      ['http://127.0.0.1:4000/v1', 'http://127.0.0.1:4000/v1'],
      ['http://127.9.9.9/v1', 'http://127.9.9.9/v1'],
      ['http://localhost:4000/v1', 'http://localhost:4000/v1'],
      ['http://[::1]:4000/v1', 'http://[::1]:4000/v1'],
    ],
    bad: [
      'api.openai.com/v1',
      '/v1',
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
      'https://api.openai.com/v1/realtime/client_secrets',
      'https://api.openai.com/v1/realtime/',
    ],
  },
  {
    name: 'OPENAI_REALTIME_API',
    read: ({ upstream }) => upstream.api,
    unset: 'client_secrets',
    good: [
      ['sessions', 'sessions'],
      ['client_secrets', 'client_secrets'],
    ],
    bad: ['Sessions', 'both', 'translations'],
  },
  {
    name: 'OPENAI_AUTH',
    read: ({ upstream }) => upstream.auth,
    unset: 'bearer',
    good: [
      ['api-key', 'api-key'],
      ['bearer', 'bearer'],
    ],
    bad: ['Bearer', 'basic', 'none'],
  },
  {
    name: 'UPSTREAM_SECRET_PREFIX',
    read: ({ upstream }) => upstream.secretPrefix,
    unset: 'ek_',
    good: [
      ['tk-', 'tk-'],
      ['*', ''],
      ['x'.repeat(32), 'x'.repeat(32)],
    ],
    bad: ['x'.repeat(33), 'e k', 'é'],
  },
  {
    name: 'UPSTREAM_TIMEOUT_MS',
    read: ({ upstream }) => upstream.timeoutMs,
    unset: 8_000,
    good: [
      ['100', 100],
      ['8000', 8_000],
    ],
    bad: ['99', ...wrongNumbers(8_000)],
  },
]
