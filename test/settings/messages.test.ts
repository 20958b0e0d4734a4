// Settings that people get wrong, and the sentence that tells them what to write instead.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Environment, parseConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/problems.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { enoughForTokens } from './caller-cases.ts'

const KEY = 'sk-test-0123456789abcdefghij'
const enough = { OPENAI_API_KEY: KEY, ALLOWED_ORIGINS: 'https://a.example', AUTH_MODE: 'none' } as const
const redis = { AUDIT_KEY: 'an audit key that is only for tests' } as const

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseConfig({ ...enough, ...environment })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const ENCODED =
  'In a user name or password, write / as %2F, # as %23, ? as %3F, @ as %40, \\ as %5C and % as %25'
const BLANK = 'begins or ends with a blank or a line break. Remove it'
const HTTP =
  'begins with http://, so everyone on the network can read it. Use https://, or list the host in INSECURE_HTTP_HOSTS'

describe('a wrong setting is answered with what to write:', () => {
  it.each<[name: string, value: string, message: string]>([
    // The text of any setting.
    ['OPENAI_API_KEY', `"${KEY}"`, 'has quotes around it. Remove them'],
    ['OPENAI_API_KEY', `'${KEY}'`, 'has quotes around it. Remove them'],
    ['OPENAI_API_KEY', `“${KEY}”`, 'has quotes around it. Remove them'],
    ['OPENAI_API_KEY', `${KEY}\r`, BLANK],
    ['OPENAI_API_KEY', `${KEY}\u00a0`, BLANK],
    [
      'OPENAI_API_KEY',
      '${OPENAI_API_KEY}',
      'contains ${…}, which nothing has replaced. Write the value itself',
    ],
    ['PORT', '"8080"', 'has quotes around it. Remove them'],
    ['HOST', '127.0.0.1\r', BLANK],
    ['AUTH_MODE', "'none'", 'has quotes around it. Remove them'],
    ['PRESETS_FILE', ' presets.yaml', BLANK],
    ['AUDIT_DIR', '${HOME}/audit', 'contains ${…}, which nothing has replaced. Write the value itself'],
    ['OPENAI_API_KEY_FILE', '"/run/secrets/key"', 'has quotes around it. Remove them'],
    // Keys.
    ['OPENAI_API_KEY', `OPENAI_API_KEY=${KEY}`, 'contains NAME=value. Write only the key'],
    ['OPENAI_API_KEY', `{"key":"${KEY}"}`, 'contains JSON. Write only the key'],
    ['OPENAI_API_KEY', Buffer.from(KEY).toString('base64'), 'is in base64. Write the key itself'],
    ['OPENAI_API_KEY', 'ek_0123456789abcdefghijkl', 'is a client secret. Write an API key'],
    [
      'OPENAI_API_KEY',
      'sk-admin-0123456789abcdefghij',
      'is an admin key, which cannot mint. Write a project key',
    ],
    ['OPENAI_API_KEY', 'sk-ant-api03-0123456789abcdef', 'is a key of Anthropic. Write a key of OpenAI'],
    ['OPENAI_API_KEY', 'sk-…', 'contains a blank, or a character that no API key has'],
    [
      'OPENAI_API_KEY',
      'sk–test-0123456789abcdefghij',
      'contains a blank, or a character that no API key has',
    ],
    ['OPENAI_API_KEY', 'sk-your-key', 'is too short for an API key: it has fewer than 20 characters'],
    ['OPENAI_API_KEY_FILE', KEY, 'the file does not exist. Write the path of a file, not a secret'],
    // Paths and hosts.
    ['AUDIT_DIR', '~/audit', 'begins with ~, which only a shell replaces. Write the whole path'],
    ...['http://0.0.0.0', '0.0.0.0:8080', '*', '[::]'].map((host): [string, string, string] => [
      'HOST',
      host,
      'is an address or a host name without scheme and port, such as 0.0.0.0',
    ]),
    // Origins.
    [
      'ALLOWED_ORIGINS',
      'https://a.example https://b.example',
      'entry 1 is more than one origin. Origins are separated by commas',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://a.example\nhttps://b.example',
      'entry 1 is more than one origin. Origins are separated by commas',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://a.example,https://b.example;https://c.example',
      'entry 2 is more than one origin. Origins are separated by commas',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://a.example,https://*.example.com',
      'entry 2 has a wildcard. List each origin, because a wildcard would let in foreign pages',
    ],
    [
      'ALLOWED_ORIGINS',
      '*',
      'entry 1 has a wildcard. List each origin, because a wildcard would let in foreign pages',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://a.example,b.example',
      'entry 2 has no scheme. Write https:// before it, or http:// for localhost',
    ],
    [
      'ALLOWED_ORIGINS',
      'localhost:3000',
      'entry 1 has no scheme. Write https:// before it, or http:// for localhost',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://app.example.com/',
      'entry 1 is not in canonical form. Write https://app.example.com',
    ],
    [
      'ALLOWED_ORIGINS',
      'HTTPS://App.Example.com',
      'entry 1 is not in canonical form. Write https://app.example.com',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://app.example.com:443',
      'entry 1 is not in canonical form. Write https://app.example.com',
    ],
    ['ALLOWED_ORIGINS', 'http://localhost:80', 'entry 1 is not in canonical form. Write http://localhost'],
    [
      'ALLOWED_ORIGINS',
      'https://bücher.example',
      'entry 1 is not in canonical form. Write https://xn--bcher-kva.example',
    ],
    [
      'ALLOWED_ORIGINS',
      'https://u:password@a.example',
      'entry 1 is not in canonical form. Write https://a.example',
    ],
    [
      'ALLOWED_ORIGINS',
      'capacitor://localhost/',
      'entry 1 is not the origin of an app, such as capacitor://localhost',
    ],
    [
      'ALLOWED_ORIGINS',
      'null',
      'has the entry null, which needs AUTH_MODE=jwt: every sandboxed frame and local file sends it',
    ],
    // URLs.
    ['HTTPS_PROXY', 'http://127.0.0.1:3128/some/path', 'is a URL without path; write / as %2F and \\ as %5C'],
    ['HTTPS_PROXY', 'http://name:pa/ss@proxy:3128', 'is a URL without path; write / as %2F and \\ as %5C'],
    [
      'HTTPS_PROXY',
      'http://name:100%@proxy:3128',
      `has a user name or password that is not encoded. ${ENCODED}`,
    ],
    [
      'REDIS_URL',
      'redis:6379',
      'is a URL such as redis://host:6379 or rediss://user:password@host:6379/0: it begins with redis:// or rediss://',
    ],
    ['REDIS_URL', 'redis://:pa#ss@redis:6379', `has a user name or password that is not encoded. ${ENCODED}`],
    ['REDIS_URL', 'redis://:pa/ss@redis:6379', `has a user name or password that is not encoded. ${ENCODED}`],
    ['REDIS_URL', 'redis://:pa%ss@redis:6379', `has a user name or password that is not encoded. ${ENCODED}`],
    [
      'REDIS_URL',
      'rediss://redis?ssl_cert_reqs=none',
      'takes no parameters. Remove the "?" and what follows it',
    ],
    ['REDIS_URL', 'redis://redis#1', 'takes no fragment. Remove the "#" and what follows it'],
    [
      'REDIS_URL',
      'redis://redis/name',
      'may end in the number of a database, such as /0, and in nothing else',
    ],
    ...['redis+sentinel://a:26379/mymaster', 'redis://a:6379,b:6379', 'unix:///run/redis.sock'].map(
      (url): [string, string, string] => [
        'REDIS_URL',
        url,
        'names one server. Sentinel, Cluster and sockets are not supported',
      ],
    ),
    ['OPENAI_BASE_URL', 'http://litellm:4000/v1', HTTP],
    ...[
      'https://api.openai.com',
      'https://api.openai.com//v1',
      'https://api.openai.com/v1/chat/completions',
      'https://platform.openai.com/v1',
    ].map((url): [string, string, string] => [
      'OPENAI_BASE_URL',
      url,
      'is not OpenAI’s base URL. Write https://api.openai.com/v1',
    ]),
    ...[
      'https://name.openai.azure.com',
      'https://name.openai.azure.com/openai/deployments/gpt-realtime/chat/completions?api-version=2025-01-01',
      'https://name.services.ai.azure.com/models',
      'https://name.cognitiveservices.azure.com/openai',
    ].map((url): [string, string, string] => [
      'OPENAI_BASE_URL',
      url,
      'is not a base URL of Azure OpenAI. Write https://NAME.openai.azure.com/openai/v1',
    ]),
    ...['https://api.x.ai/v1', 'https://openrouter.ai/api/v1'].map((url): [string, string, string] => [
      'OPENAI_BASE_URL',
      url,
      'is of a provider without client secrets for sessions. See docs/deploying.md',
    ]),
    [
      'OPENAI_BASE_URL',
      'https://gateway.example.com/v1/chat/completions',
      'is the URL of an endpoint. Write the URL up to /v1',
    ],
    [
      'OPENAI_BASE_URL',
      'https://api.openai.com/v1/realtime/client_secrets',
      'ends before /realtime: write the URL up to /v1, such as https://api.openai.com/v1',
    ],
    [
      'INSECURE_HTTP_HOSTS',
      'a,http://litellm:4000',
      'lists exact host names in lower case, without scheme and port, separated by commas. Entry 2 is not one',
    ],
    [
      'TRUST_PROXY',
      'true',
      'lists the addresses or CIDRs of your proxies, separated by commas, such as 10.0.0.5,fd00::/64. true and hop counts would believe whatever a caller writes into X-Forwarded-For. Entry 1 is not an address or a CIDR',
    ],
    [
      'RATE_LIMIT_TOTAL',
      '10/minute;200/day',
      'is written like 60/minute, or several like 10/minute,200/day, separated by commas (second, minute, hour, day)',
    ],
  ])('%s=%j', (name, value, message) => {
    expect(
      problemsOf({ ...redis, [name]: value, ...(name.endsWith('_FILE') ? { OPENAI_API_KEY: '' } : {}) })[0],
    ).toBe(`${name}: ${message}`)
  })

  it('AUTH_ISSUER of a discovery document', () => {
    const AUTH_ISSUER = 'https://issuer.example/.well-known/openid-configuration'
    expect(problemsOf({ ...enoughForTokens, AUTH_ISSUER })).toEqual([
      'AUTH_ISSUER: is the URL of a document. Write "iss" exactly as in your issuer’s tokens',
    ])
  })

  it('AUTH_JWKS_URL over http', () => {
    const environment = { ...enoughForTokens, AUTH_JWKS_URL: 'http://keycloak:8080/jwks' }
    expect(problemsOf(environment)).toEqual([`AUTH_JWKS_URL: ${HTTP}`])
    expect(problemsOf({ ...environment, INSECURE_HTTP_HOSTS: 'litellm,keycloak' })).toEqual([])
  })

  it('a list names each wrong entry', () => {
    expect(problemsOf({ ALLOWED_ORIGINS: 'https://a.example/,https://b.example,*' })).toEqual([
      'ALLOWED_ORIGINS: entry 1 is not in canonical form. Write https://a.example',
      'ALLOWED_ORIGINS: entry 3 has a wildcard. List each origin, because a wildcard would let in foreign pages',
    ])
  })
})

describe('a secret file', () => {
  it.each<[what: string, create: (path: string) => Promise<unknown>, message: string]>([
    ['is missing', () => Promise.resolve(), 'the file does not exist'],
    [
      'is a directory',
      (path) => mkdir(path),
      'the file is a directory, not a file. Docker Compose creates a directory where a mounted file is missing',
    ],
    ['is too large', (path) => writeFile(path, 'x'.repeat(1_048_577)), 'the file is larger than 1 MiB'],
  ])('that %s is reported as that', async (_what, create, message) => {
    const path = join(await createTemporaryDirectory(), 'secret')
    await create(path)
    expect(problemsOf({ OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: path })).toEqual([
      `OPENAI_API_KEY_FILE: ${message}`,
    ])
  })

  it('that the process must not read is reported with its uid', async () => {
    const path = join(await createTemporaryDirectory(), 'secret')
    await writeFile(path, KEY)
    await chmod(path, 0)
    // Root may read everything.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    const uid = process.geteuid?.()
    const problems = problemsOf({ OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: path })
    if (isRoot) process.seteuid?.(0)
    expect(problems).toEqual([`OPENAI_API_KEY_FILE: the file is not readable for uid ${uid}`])
  })
})

const warningsOf = (environment: Environment) => parseConfig({ ...enough, ...environment }).warnings

describe('a setting without effect is warned of:', () => {
  it.each<[environment: Environment, warning: string]>([
    [{ ALL_PROXY: 'http://proxy:3128' }, 'ALL_PROXY: has no effect. Set HTTPS_PROXY'],
    [{ all_proxy: 'http://proxy:3128' }, 'ALL_PROXY: has no effect. Set HTTPS_PROXY'],
    [
      { NO_PROXY: 'localhost,http://a.example' },
      'NO_PROXY: entry 2 can match no host. Write a name, a .suffix, an address or a CIDR range',
    ],
    [
      { NO_PROXY: '10.0.0.0/33' },
      'NO_PROXY: entry 1 can match no host. Write a name, a .suffix, an address or a CIDR range',
    ],
    [
      { ADMIN_TOKEN: 't'.repeat(32), ADMIN_HOST: '0.0.0.0' },
      'ADMIN_HOST, ADMIN_TOKEN: not used, because ADMIN_PORT is not set. Set it to open the admin listener',
    ],
    [{ AUTH_SINGLEUSE: 'true' }, 'AUTH_SINGLEUSE: is not a setting. Did you mean AUTH_SINGLE_USE?'],
    [{ OPENAI_ORG_ID: 'org-1' }, 'OPENAI_ORG_ID: is not a setting. Did you mean OPENAI_ORGANIZATION?'],
    [
      { INSECURE_HTTP_HOSTS: 'litellm' },
      'INSECURE_HTTP_HOSTS: what is sent to these hosts, such as the API key, is not encrypted',
    ],
    [{ REPLICAS: '3' }, 'REPLICAS: has no effect without REDIS_URL. Each replica counts alone'],
    [
      { ALLOWED_ORIGINS: 'https://a.example,https://b.example,https://a.example' },
      'ALLOWED_ORIGINS: entry 3 repeats an entry. Remove it',
    ],
    [
      { ...enoughForTokens, AUTH_AUDIENCE: 'mint,account' },
      'AUTH_AUDIENCE: has the entry account, which Keycloak writes into every token of its realm. Add an audience mapper for this service',
    ],
  ])('%j', (environment, warning) => {
    expect(warningsOf(environment)).toEqual([warning])
  })

  it('also where another setting is a problem', () => {
    const environment = { ...enough, AUTH_MODE: '', AUTHMODE: 'none', AUTH_SINGLEUSE: 'true' }
    expect(() => parseConfig(environment)).toThrow(
      expect.objectContaining({
        warnings: ['AUTH_SINGLEUSE: is not a setting. Did you mean AUTH_SINGLE_USE?'],
      }),
    )
  })

  it('nothing, for what other programs read', () => {
    expect(
      warningsOf({
        REDIS_PORT: '6379',
        HTTP_PROXY: 'http://proxy',
        NO_PROXY: 'localhost,.example.com,*,10.0.0.0/8,[::1]:80',
      }),
    ).toEqual([])
  })

  it('null in ALLOWED_ORIGINS, which is allowed with tokens', () => {
    const { warnings, allowedOrigins } = parseConfig({
      ...enough,
      ...enoughForTokens,
      ALLOWED_ORIGINS: 'null',
    })
    expect(warnings).toEqual([
      'ALLOWED_ORIGINS: has the entry null, which every sandboxed frame and local file sends',
    ])
    expect([...allowedOrigins]).toEqual(['null'])
  })
})

describe('NO_PROXY', () => {
  it.each<[baseUrl: string, list: string, isProxied: boolean]>([
    ['https://10.1.2.3/v1', '10.0.0.0/8', false],
    ['https://11.1.2.3/v1', '10.0.0.0/8', true],
    ['https://[fd00::1]/v1', 'localhost, fd00::/64', false],
    ['https://[fd01::1]/v1', 'fd00::/64', true],
    ['https://api.openai.com/v1', '10.0.0.0/8', true],
  ])('%s with %s: %s', (OPENAI_BASE_URL, NO_PROXY, isProxied) => {
    const { upstream } = parseConfig({
      ...enough,
      OPENAI_BASE_URL,
      NO_PROXY,
      HTTPS_PROXY: 'http://proxy:3128',
    })
    expect(upstream.proxy !== undefined).toBe(isProxied)
  })
})
