/** The settings for upstream. */
import { alike, choice, ENCODING, INSECURE, API_KEY as key, type Setting, wholeNumber } from './support.ts'

const azureForm = 'is not a base URL of Azure OpenAI. Write https://NAME.openai.azure.com/openai/v1'
const openAiForm = 'is not OpenAI’s base URL. Write https://api.openai.com/v1'
const unable = 'is of a provider without client secrets for sessions. See docs/deploying.md'
const endpoint = 'is the URL of an endpoint. Write the URL up to /v1'
const tooLong = 'must end before /realtime: write the URL up to /v1, such as https://api.openai.com/v1'
const withUser = 'must be a URL without user name, password and fragment'
const pathless = 'must be a URL without path; write / as %2F and \\ as %5C'

export const upstreamSettings: readonly Setting[] = [
  {
    name: 'OPENAI_API_KEY',
    read: ({ upstream }) => upstream.apiKey.reveal(),
    unset: 'required',
    good: [key, 'x'.repeat(20), 'x'.repeat(8_192)],
    bad: [
      'x'.repeat(19),
      'x'.repeat(8_193),
      `${key} ${key}`,
      ...alike(`${key}\n${key} ${key}é ${key}\u200b ${key}\u00a0x`),
      [`OPENAI_API_KEY=${key}`, 'contains NAME=value. Write only the key'],
      [`{"key":"${key}"}`, 'contains JSON. Write only the key'],
      [Buffer.from(key).toString('base64'), 'is in base64. Write the key itself'],
      ...alike('sk-… sk–test-0123456789abcdefghij', 'contains a blank, or a character that no API key has'),
      ['sk-your-key', 'is too short for an API key: it has fewer than 20 characters'],
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
      ...alike('proxy.example.com:3128 socks5://proxy.example.com * http://'),
      ...alike('http://name:100%@proxy.example.com http://name:%ff@proxy.example.com', ENCODING),
      ...alike('http://100%@proxy.example.com http://proxy.example.com:3128?a=b'),
      ...alike('http://proxy.example.com:3128/some/path http://name:pass/word@proxy.example.com', pathless),
      ...alike('http://name:pass#word@proxy.example.com http://name:pass\\word@proxy.example.com', pathless),
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
      ...alike('api.openai.com/v1 /v1 ftp://api.openai.com/v1 file:///v1 https://api.openai.com/v1#part'),
      ...alike('http://litellm:4000/v1 http://api.openai.com/v1 http://localhost.example.com/v1', INSECURE),
      ...alike('http://127.0.0.1.example.com/v1 http://0.0.0.0/v1 http://10.0.0.1/v1', INSECURE),
      ...alike('https://user:password@api.openai.com/v1 https://user@api.openai.com/v1', withUser),
      ['https://:password@api.openai.com/v1', withUser],
      ...alike(
        'https://api.openai.com/v1/realtime/client_secrets https://api.openai.com/v1/realtime/',
        tooLong,
      ),
      ...alike('https://api.openai.com https://api.openai.com//v1', openAiForm),
      ...alike('https://api.openai.com/v1/chat/completions https://platform.openai.com/v1', openAiForm),
      ...alike('https://name.openai.azure.com https://name.services.ai.azure.com/models', azureForm),
      ['https://name.openai.azure.com/openai/deployments/x/chat/completions?api-version=1', azureForm],
      ['https://name.cognitiveservices.azure.com/openai', azureForm],
      ...alike('https://api.x.ai/v1 https://openrouter.ai/api/v1', unable),
      ['https://gateway.example.com/v1/chat/completions', endpoint],
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
