import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Environment, parseConfig, variableNames } from '../../src/config.ts'
import { ROOT } from '../support/service.ts'
import { settings } from './cases.ts'
import { API_KEY, enough, enoughForTokens, JWT_SECRET, namesOf, problemsOf } from './support.ts'

const optional = settings.filter(({ unset }) => unset !== 'required')
const required = settings.filter(({ unset }) => unset === 'required')

const good = settings.flatMap((setting) =>
  setting.good.map((item) => {
    const [text, value] = typeof item === 'string' ? [item, item] : item
    return { ...setting, text, value }
  }),
)
const bad = settings.flatMap((setting) =>
  setting.bad.map((item) => {
    const [text, message] = typeof item === 'string' ? [item] : item
    return { ...setting, text, message }
  }),
)

describe('every setting', () => {
  it('has a case here', () => {
    const inFiles = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY', 'REDIS_URL', 'ADMIN_TOKEN']
    const files = inFiles.map((name) => `${name}_FILE`)
    expect([...settings.map(({ name }) => name), ...files].toSorted()).toEqual(variableNames.toSorted())
  })

  it.each(optional)('has a default: $name', ({ name, read, unset }) => {
    expect(read(parseConfig({ ...enough, [name]: undefined }))).toEqual(unset)
    expect(read(parseConfig({ ...enough, [name]: '' }))).toEqual(unset)
  })

  it.each(required)('is required if it has no default: $name', ({ name }) => {
    expect(namesOf(problemsOf({ ...enough, [name]: undefined }))).toEqual([name])
    expect(namesOf(problemsOf({ ...enough, [name]: '' }))).toEqual([name])
  })

  it.each(good)('takes $name=$text', ({ name, text, value, read, beside }) => {
    expect(read(parseConfig({ ...enough, ...beside, [name]: text }))).toEqual(value)
  })

  it.each(bad)('refuses $name=$text', ({ name, text, message, beside }) => {
    const problems = problemsOf({ ...enough, ...beside, [name]: text })
    const [found, expected] =
      message === undefined ? [namesOf(problems), name] : [problems, `${name}: ${message}`]
    expect(found).toEqual([expected])
  })

  it.each(good)('refuses what is around $name=$text', ({ name, text, beside }) => {
    const wrong: Record<string, readonly string[]> = {
      'has quotes around it. Remove them': [`"${text}"`, `'${text}'`, `\`${text}\``, `“${text}”`],
      'begins or ends with a blank or a line break. Remove it': [' ', `${text} `, ` ${text}`, `${text}\r`],
      'begins with ~, which only a shell replaces. Write the whole path': [`~/${text}`],
      'contains ${…}, which nothing has replaced. Write the value itself': [`\${X}${text}`],
    }
    for (const [problem, texts] of Object.entries(wrong)) {
      const problems = texts.flatMap((around) => problemsOf({ ...enough, ...beside, [name]: around }))
      const own = problems.filter((line) => line.startsWith(`${name}:`))
      expect(own).toEqual(texts.map(() => `${name}: ${problem}`))
    }
  })

  it('is in .env.example under a sentence of its own, and nothing else is', async () => {
    const lines = (await readFile(join(ROOT, '.env.example'), 'utf8')).split('\n')
    const assigned = lines.flatMap((line, index) => {
      const [, name] = /^([A-Z_]+)=/.exec(line) ?? []
      return name === undefined ? [] : [{ name, above: lines[index - 1] ?? '' }]
    })
    expect(assigned.map(({ name }) => name).toSorted()).toEqual(variableNames.toSorted())
    for (const { above } of assigned) expect(above).toMatch(/^# .*[a-z].*\.$/)
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toHaveLength(assigned.length)
  })

  it('has its default in .env.example, or nothing', async () => {
    const text = await readFile(join(ROOT, '.env.example'), 'utf8')
    const written = optional.map(({ name, read }) => {
      const value = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]
      return [name, read(parseConfig({ ...enough, [name]: value }))]
    })
    expect(written).toEqual(optional.map(({ name, unset }) => [name, unset]))
  })
})

describe('all problems are reported at once', () => {
  it('if nothing is set', () => {
    expect(namesOf(problemsOf({})).toSorted()).toEqual(['ALLOWED_ORIGINS', 'AUTH_MODE', 'OPENAI_API_KEY'])
  })

  it('if everything is wrong', () => {
    const wrong = Object.fromEntries(bad.map(({ name, text }) => [name, text]))
    expect(namesOf(problemsOf(wrong)).toSorted()).toEqual(Object.keys(wrong).toSorted())
  })

  it('by name and never by value', () => {
    const canary = 'canary value 7c1e9'
    const problems = problemsOf(Object.fromEntries(variableNames.map((name) => [name, canary])))
    expect(problems.length).toBeGreaterThan(10)
    expect(problems.join('\n')).not.toContain('canary')
    for (const problem of problems) expect(problem).toMatch(/^[A-Z_]+: [a-z].*$/)
  })

  it('each wrong entry of a list', () => {
    expect(problemsOf({ ...enough, ALLOWED_ORIGINS: 'https://a.example/,https://b.example,*' })).toEqual([
      'ALLOWED_ORIGINS: entry 1 is not in canonical form. Write https://a.example',
      'ALLOWED_ORIGINS: entry 3 has a wildcard. List each origin, because a wildcard would let in foreign pages',
    ])
  })
})

const jwt = { OPENAI_API_KEY: API_KEY, ...enoughForTokens }
const keycloak = { AUTH_JWKS_URL: 'http://keycloak:8080/jwks', INSECURE_HTTP_HOSTS: 'litellm,keycloak' }
const keyless = { AUTH_JWKS_URL: '', AUTH_JWT_SECRET: '' }

describe('settings that depend on each other', () => {
  it.each<[mode: 'none' | 'jwt', given: Environment, ...problems: string[]]>([
    ['jwt', {}],
    ['jwt', keycloak],
    ['jwt', { AUTH_JWKS_URL: '', AUTH_JWT_SECRET: JWT_SECRET }],
    ['jwt', { AUTH_JWT_SECRET: JWT_SECRET }, 'AUTH_JWKS_URL: is set together'],
    [
      'jwt',
      { AUTH_JWT_SECRET_FILE: '/nowhere' },
      'AUTH_JWT_SECRET_FILE: the file does not exist',
      'AUTH_JWKS_URL: is set together',
    ],
    [
      'jwt',
      { ...keyless, AUTH_ISSUER: '', AUTH_AUDIENCE: '' },
      'AUTH_JWKS_URL: is missing',
      'AUTH_ISSUER: is missing',
      'AUTH_AUDIENCE: is missing',
    ],
    ['jwt', { ALLOWED_ORIGINS: '*' }, 'ALLOWED_ORIGINS: entry 1 has a wildcard'],
    ['none', { AUTH_MODE: undefined }, 'AUTH_MODE: has no default, because'],
    ['none', { AUTH_MODE: 'JWT' }, 'AUTH_MODE: must be none or jwt. Set none:'],
    ['none', { REDIS_URL: 'redis://redis' }, 'REDIS_URL: needs AUDIT_KEY or'],
    ['none', { REDIS_REQUIRED: 'true' }, 'REDIS_REQUIRED: needs REDIS_URL'],
    ['none', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'NODE_TLS_REJECT_UNAUTHORIZED: is 0'],
    ['none', { NODE_TLS_REJECT_UNAUTHORIZED: '1' }],
    ['none', { OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: '"/key"' }, 'OPENAI_API_KEY_FILE: has quotes'],
    ['none', { INSECURE_HTTP_HOSTS: 'a,http://b:40' }, 'INSECURE_HTTP_HOSTS: entry 2 is not an exact host'],
  ])('%s: %j', (mode, given, ...problems) => {
    expect(problemsOf({ ...(mode === 'jwt' ? jwt : enough), ...given })).toEqual(
      problems.map((problem) => expect.stringContaining(problem)),
    )
  })
})

describe('a configuration', () => {
  it('cannot be changed', () => {
    const config = parseConfig({ ...enough, ADMIN_PORT: '9090' })
    for (const part of [config, config.upstream, config.limits, config.audit, config.callers, config.admin])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it('does not show its secrets', () => {
    const config = parseConfig({ ...enough, AUDIT_KEY: 'an audit key of the right length' })
    expect(JSON.stringify(config)).not.toMatch(/sk-test|right length/)
  })

  it('ignores the variables of other programs', () => {
    expect(parseConfig({ ...enough, PATH: '/bin', ORIGIN: '*', HTTP_PROXY: 'x' })).toEqual(
      parseConfig(enough),
    )
  })

  it('with tokens needs no origins', () => {
    expect([...parseConfig(jwt).allowedOrigins]).toEqual([])
    const { allowedOrigins } = parseConfig({ ...jwt, ALLOWED_ORIGINS: 'https://a.example' })
    expect([...allowedOrigins]).toEqual(['https://a.example'])
  })

  it.each<[baseUrl: string, list: string, isProxied: boolean]>([
    ['https://10.1.2.3/v1', '10.0.0.0/8', false],
    ['https://11.1.2.3/v1', '10.0.0.0/8', true],
    ['https://[fd00::1]/v1', 'localhost, fd00::/64', false],
    ['https://[fd01::1]/v1', 'fd00::/64', true],
    ['https://api.openai.com/v1', '10.0.0.0/8', true],
  ])('reaches %s with NO_PROXY=%s through a proxy: %s', (OPENAI_BASE_URL, NO_PROXY, isProxied) => {
    const proxied = { ...enough, HTTPS_PROXY: 'http://proxy:3128' }
    const { upstream } = parseConfig({ ...proxied, OPENAI_BASE_URL, NO_PROXY })
    expect(upstream.proxy !== undefined).toBe(isProxied)
  })
})
