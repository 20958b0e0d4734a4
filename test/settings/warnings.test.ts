import { describe, expect, it } from 'vitest'
import { type Environment, parseConfig } from '../../src/config.ts'
import { API_KEY, enough, enoughForTokens, JWT_SECRET } from './support.ts'

const ALL_PROXY = 'ALL_PROXY: has no effect. Set HTTPS_PROXY'
const unmatched = 'can match no host. Write a name, a .suffix, an address or a CIDR range'
const jwt = { ...enough, ...enoughForTokens }
const shared = { REDIS_URL: 'redis://127.0.0.1', AUDIT_KEY: 'k'.repeat(43), REPLICAS: '11' }

describe('a setting that has no effect, or another one than it seems, is a warning', () => {
  it.each<[settings: Environment, ...warnings: string[]]>([
    [{ ALL_PROXY: 'http://proxy:3128' }, ALL_PROXY],
    [{ all_proxy: 'http://proxy:3128' }, ALL_PROXY],
    [{ NO_PROXY: 'localhost,http://a.example' }, `NO_PROXY: entry 2 ${unmatched}`],
    [{ NO_PROXY: '10.0.0.0/33' }, `NO_PROXY: entry 1 ${unmatched}`],
    [{ OPENAI_API_KEY: `ek_${API_KEY}` }, 'OPENAI_API_KEY: looks like a client secret. Write an API key'],
    [
      { OPENAI_API_KEY: 'sk-admin-0123456789abcdefghij' },
      'OPENAI_API_KEY: looks like an admin key, which cannot mint. Write a project key',
    ],
    [
      { OPENAI_API_KEY: 'sk-ant-api03-0123456789abcdef' },
      'OPENAI_API_KEY: looks like a key of Anthropic. Write a key of OpenAI',
    ],
    [{ AUTH_SINGLEUSE: 'true' }, 'AUTH_SINGLEUSE: is not a setting. Did you mean AUTH_SINGLE_USE?'],
    [{ OPENAI_ORG_ID: 'org-1' }, 'OPENAI_ORG_ID: is not a setting. Did you mean OPENAI_ORGANIZATION?'],
    [
      { INSECURE_HTTP_HOSTS: 'litellm', OPENAI_BASE_URL: 'http://litellm:4000/v1' },
      'INSECURE_HTTP_HOSTS: what is sent to these hosts, such as the API key, is not encrypted',
    ],
    [
      { INSECURE_HTTP_HOSTS: 'litellm' },
      'INSECURE_HTTP_HOSTS: entry 1 is not the host of an http:// URL in OPENAI_BASE_URL or AUTH_JWKS_URL. Remove it',
    ],
    [
      { ...jwt, ALLOWED_ORIGINS: 'null' },
      'ALLOWED_ORIGINS: has the entry null, which every sandboxed frame and local file sends',
    ],
    [
      { ...jwt, ...enough, AUTH_JWT_SECRET: JWT_SECRET },
      'AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_ISSUER, AUTH_AUDIENCE: not used, because AUTH_MODE is none. Set it to jwt to ask callers for tokens',
    ],
    [
      { ADMIN_TOKEN: 't'.repeat(32), ADMIN_HOST: '0.0.0.0' },
      'ADMIN_HOST, ADMIN_TOKEN: not used, because ADMIN_PORT is not set. Set it to open the admin listener',
    ],
    [
      { AUDIT_COPY_TO_LOG: 'true', AUDIT_IDENTITIES: 'plain' },
      'AUDIT_COPY_TO_LOG: the log gets callers and addresses in plain text, as AUDIT_IDENTITIES says. Restrict who can read it',
    ],
    [{ AUDIT_COPY_TO_LOG: 'false', AUDIT_IDENTITIES: 'plain' }],
    [
      shared,
      'RATE_LIMIT_PER_CALLER: is below REPLICAS, so all replicas together admit more than that while Redis is unavailable. Set REDIS_REQUIRED=true, or raise the limit',
    ],
    [{ ...shared, REPLICAS: '10' }],
    [{ ...shared, REDIS_REQUIRED: 'true' }],
    [{ REPLICAS: '3' }, 'REPLICAS: has no effect without REDIS_URL. Each replica counts alone'],
    [
      { ALLOWED_ORIGINS: 'https://a.example,https://b.example,https://a.example' },
      'ALLOWED_ORIGINS: entry 3 repeats an entry. Remove it',
    ],
    [
      { ...jwt, AUTH_AUDIENCE: 'mint,account' },
      'AUTH_AUDIENCE: has the entry account, which Keycloak writes into every token of its realm. Add an audience mapper for this service',
    ],
    [jwt],
    [{}],
    [{ REDIS_PORT: '6379', HTTP_PROXY: 'http://proxy' }],
    [{ NO_PROXY: 'localhost,.example.com,*,10.0.0.0/8,[::1]:80' }],
  ])('%j', (settings, ...warnings) => {
    expect(parseConfig({ ...enough, ...settings }).warnings).toEqual(warnings)
  })
})

describe('the warnings', () => {
  it('are also in the error about the problems of other settings', () => {
    const environment = { ...enough, AUTH_MODE: '', AUTH_SINGLEUSE: 'true' }
    const warnings = ['AUTH_SINGLEUSE: is not a setting. Did you mean AUTH_SINGLE_USE?']
    expect(() => parseConfig(environment)).toThrow(expect.objectContaining({ warnings }))
  })

  it('say once that a name in .env is not a setting', () => {
    const warnings = ['.env: AUTH_SINGLEUSE is not a setting. Did you mean AUTH_SINGLE_USE?']
    expect(parseConfig({ ...enough, AUTH_SINGLEUSE: 'true' }, warnings).warnings).toEqual(warnings)
  })
})
