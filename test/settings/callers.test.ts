import { describe, expect, it } from 'vitest'
import { type Environment, parseConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/problems.ts'
import { enoughForTokens } from './caller-cases.ts'

const enough = { OPENAI_API_KEY: 'sk-test-0123456789abcdefghij', ...enoughForTokens } as const
const secret = 'a shared secret that is only for tests'

/** The names of all that is wrong. */
function wrongIn(environment: Environment): readonly string[] {
  try {
    parseConfig({ ...enough, ...environment })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.split(':')[0] ?? '')
    throw error
  }
}

describe('AUTH_MODE=jwt', () => {
  it.each<[what: string, environment: Environment, wrong: readonly string[]]>([
    ['a key set', {}, []],
    ['a shared secret', { AUTH_JWKS_URL: '', AUTH_JWT_SECRET: secret }, []],
    ['neither', { AUTH_JWKS_URL: '' }, ['AUTH_JWKS_URL']],
    ['both', { AUTH_JWT_SECRET: secret }, ['AUTH_JWKS_URL']],
    [
      'a key set and a file that cannot be read',
      { AUTH_JWT_SECRET_FILE: '/nowhere' },
      ['AUTH_JWT_SECRET_FILE', 'AUTH_JWKS_URL'],
    ],
    ['no issuer', { AUTH_ISSUER: '' }, ['AUTH_ISSUER']],
    ['no audience', { AUTH_AUDIENCE: '' }, ['AUTH_AUDIENCE']],
    [
      'nothing',
      { AUTH_JWKS_URL: '', AUTH_ISSUER: '', AUTH_AUDIENCE: '' },
      ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'],
    ],
  ])('with %s', (_, environment, wrong) => {
    expect(wrongIn(environment)).toEqual(wrong)
  })

  it('needs no origins: then no page may ask', () => {
    expect([...parseConfig(enough).allowedOrigins]).toEqual([])
    const { allowedOrigins } = parseConfig({ ...enough, ALLOWED_ORIGINS: 'https://a.example' })
    expect([...allowedOrigins]).toEqual(['https://a.example'])
  })

  it('but those that it is given are checked', () => {
    expect(wrongIn({ ALLOWED_ORIGINS: '*' })).toEqual(['ALLOWED_ORIGINS'])
  })

  it('warns of nothing', () => {
    expect(parseConfig(enough).warnings).toEqual([])
  })
})

describe('AUTH_MODE=none', () => {
  const none = { AUTH_MODE: 'none', ALLOWED_ORIGINS: 'https://a.example' } as const

  it('needs origins', () => {
    expect(wrongIn({ ...none, ALLOWED_ORIGINS: '' })).toEqual(['ALLOWED_ORIGINS'])
  })

  it('warns of settings that would check tokens, by name and never by value', () => {
    const { warnings, callers } = parseConfig({ ...enough, ...none, AUTH_JWT_SECRET: secret })
    expect(warnings).toEqual([
      expect.stringMatching(/^AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_ISSUER, AUTH_AUDIENCE: .*AUTH_MODE/),
    ])
    expect(warnings.join()).not.toMatch(/example|shared/)
    expect(callers).toEqual({ mode: 'none' })
  })

  it('warns of nothing where there are none', () => {
    const { OPENAI_API_KEY } = enough
    expect(parseConfig({ OPENAI_API_KEY, ...none }).warnings).toEqual([])
  })
})
