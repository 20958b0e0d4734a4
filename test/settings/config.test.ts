import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Config,
  type Environment,
  parseAuditConfig,
  parseConfig,
  variableNames,
} from '../../src/config.ts'
import { ConfigError } from '../../src/problems.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'
import { enoughForTokens, secretOf } from './caller-cases.ts'
import { settings } from './cases.ts'

const API_KEY = 'sk-test-0123456789abcdefghij'

/** The least that is enough. */
const enough = {
  OPENAI_API_KEY: API_KEY,
  ALLOWED_ORIGINS: 'https://app.example.com',
  AUTH_MODE: 'none',
} as const

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const optional = settings.filter(({ unset }) => unset !== 'required')
const required = settings.filter(({ unset }) => unset === 'required')

const namesOf = (problems: readonly string[]): readonly string[] =>
  problems.map((line) => line.split(':')[0] ?? '')

describe('every variable', () => {
  it('has its case here', () => {
    const files = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY', 'REDIS_URL', 'ADMIN_TOKEN'].map(
      (name) => `${name}_FILE`,
    )
    expect([...settings.map(({ name }) => name), ...files].toSorted()).toEqual(variableNames.toSorted())
  })

  it.each(optional)('$name has a default', ({ name, read, unset }) => {
    expect(read(parseConfig({ ...enough, [name]: undefined }))).toEqual(unset)
    expect(read(parseConfig({ ...enough, [name]: '' }))).toEqual(unset)
  })

  it.each(
    settings.flatMap(({ good, ...setting }) => good.map(([text, value]) => ({ ...setting, text, value }))),
  )('$name may be $text', ({ name, text, value, read, beside }) => {
    expect(read(parseConfig({ ...enough, ...beside, [name]: text }))).toEqual(value)
  })

  it.each(settings.flatMap(({ name, bad, beside }) => bad.map((text) => [name, text, beside] as const)))(
    '%s is not %j',
    (name, text, beside) => {
      expect(namesOf(problemsOf({ ...enough, ...beside, [name]: text }))).toEqual([name])
    },
  )

  it.each(required)('$name has no default', ({ name }) => {
    expect(namesOf(problemsOf({ ...enough, [name]: undefined }))).toEqual([name])
    expect(namesOf(problemsOf({ ...enough, [name]: '' }))).toEqual([name])
  })

  it('is in .env.example, and nothing else is, each under a sentence of its own', async () => {
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
  it('with nothing set', () => {
    expect(namesOf(problemsOf({})).toSorted()).toEqual(['ALLOWED_ORIGINS', 'AUTH_MODE', 'OPENAI_API_KEY'])
  })

  it('with everything wrong', () => {
    const wrong = settings.filter(({ bad }) => bad.length > 0)
    const environment = Object.fromEntries(wrong.map(({ name, bad }) => [name, bad[0]]))
    expect(namesOf(problemsOf(environment)).toSorted()).toEqual(wrong.map(({ name }) => name).toSorted())
  })

  it('each on a line of its own, in an error that says them all', () => {
    const error = new ConfigError(problemsOf({ ...enough, PORT: 'x', HOST: '', LOG_LEVEL: 'loud' }))
    expect(error.message.split('\n')).toEqual(error.problems)
    expect(error.problems).toHaveLength(2)
  })

  it('by name and never by value', () => {
    const canary = 'canary value 7c1e9'
    const environment = Object.fromEntries(variableNames.map((name) => [name, canary]))
    const problems = problemsOf(environment)
    expect(problems.length).toBeGreaterThan(10)
    expect(problems.join('\n')).not.toContain('canary')
    for (const problem of problems) expect(problem).toMatch(/^[A-Z_]+: [a-z].*$/)
  })

  it.each(['NODE_TLS_REJECT_UNAUTHORIZED'])('%s=0 is one of them', (name) => {
    expect(namesOf(problemsOf({ ...enough, [name]: '0' }))).toEqual([name])
    expect(problemsOf({ ...enough, [name]: '1' })).toEqual([])
  })

  it('and why AUTH_MODE has no default', () => {
    expect(problemsOf({ ...enough, AUTH_MODE: undefined }).join()).toMatch(/no default, because/)
  })

  it.each<[what: string, environment: Environment, problem: RegExp]>([
    [
      'REDIS_URL needs a key that all replicas have',
      { REDIS_URL: 'redis://redis' },
      /^REDIS_URL: needs AUDIT_KEY or/,
    ],
    [
      'an admin listener beyond loopback needs a token',
      { ADMIN_PORT: '9090', ADMIN_HOST: '0.0.0.0' },
      /^ADMIN_TOKEN: is missing/,
    ],
    ['a name may be beyond loopback', { ADMIN_PORT: '9090', ADMIN_HOST: 'mint' }, /^ADMIN_TOKEN: is missing/],
    ['two listeners need two ports', { ADMIN_PORT: '80', PORT: '80' }, /^ADMIN_PORT: is the port of the/],
    ['REDIS_REQUIRED needs REDIS_URL', { REDIS_REQUIRED: 'true' }, /^REDIS_REQUIRED: needs REDIS_URL/],
  ])('and that %s', (_, environment, problem) => {
    expect(problemsOf({ ...enough, ...environment })).toEqual([expect.stringMatching(problem)])
  })
})

const secrets: readonly [name: string, read: (config: Config) => string | undefined, beside: Environment][] =
  [
    ['OPENAI_API_KEY', ({ upstream }) => upstream.apiKey.reveal(), {}],
    ['AUTH_JWT_SECRET', secretOf, { ...enoughForTokens, AUTH_JWKS_URL: undefined }],
    ['AUDIT_KEY', ({ audit }) => audit.key?.reveal(), {}],
    ['ADMIN_TOKEN', ({ admin }) => admin?.token?.reveal(), { ADMIN_PORT: '9090' }],
    ['REDIS_URL', ({ redis }) => redis?.url.reveal(), { AUDIT_KEY: 'an audit key that is only for tests' }],
  ]

describe.each(secrets)('%s_FILE', (name, read, beside) => {
  const secret =
    name === 'REDIS_URL' ? 'redis://mint:password@redis.example.com' : 'sk-file-0123456789abcdefghijklmnopqr'
  const all = { ...enough, ...beside }

  /** Enough, but with this secret in a file with this content. */
  async function withFile(content: string | Buffer): Promise<Environment> {
    const path = join(await createTemporaryDirectory(), 'secret')
    await writeFile(path, content)
    return { ...all, [name]: undefined, [`${name}_FILE`]: path }
  }

  it.each<[what: string, content: string]>([
    ['alone', secret],
    ['with a newline', `${secret}\n`],
    ['with a CRLF', `${secret}\r\n`],
    ['with a byte order mark', `\ufeff${secret}`],
    ['with a byte order mark and a CRLF', `\ufeff${secret}\r\n`],
  ])('contains the secret %s', async (_, content) => {
    expect(read(parseConfig(await withFile(content)))).toBe(secret)
  })

  it.each<[what: string, content: string | Buffer]>([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['too little', 'short'],
    ['two line endings', `${secret}\n\n`],
    ['a blank at the end', `${secret} \n`],
    ['a blank at the beginning', ` ${secret}`],
    ['quotes', `"${secret}"\n`],
    ['a variable that nothing has replaced', 'sk-${OPENAI_API_KEY}-0123456789abcdefghij'],
    ['NAME=value', `${name}=${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['a CR too many', `${secret}\r\r\n`],
  ])('must not contain %s', async (_, content) => {
    const problems = problemsOf(await withFile(content))
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}_FILE: `))])
  })

  it('may not be missing', async () => {
    const path = join(await createTemporaryDirectory(), 'missing')
    const problems = problemsOf({ ...all, [name]: undefined, [`${name}_FILE`]: path })
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}_FILE: `))])
    expect(problems.join()).not.toContain(path)
  })

  it('may not be a directory', async () => {
    const path = join(await createTemporaryDirectory(), 'directory')
    await mkdir(path)
    const environment = { ...all, [name]: undefined, [`${name}_FILE`]: path }
    expect(namesOf(problemsOf(environment))).toEqual([`${name}_FILE`])
  })

  it(`may not be set beside ${name}`, async () => {
    const environment = { ...(await withFile(secret)), [name]: secret }
    expect(namesOf(problemsOf(environment))).toEqual([name])
  })

  it(`may be set beside an empty ${name}`, async () => {
    expect(read(parseConfig({ ...(await withFile(secret)), [name]: '' }))).toBe(secret)
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

  it('ignores variables that are not its own', () => {
    expect(parseConfig({ ...enough, PATH: '/bin', ALLOWED_ORIGIN: '*', HTTP_PROXY: 'x' })).toEqual(
      parseConfig(enough),
    )
  })
})

describe('the settings that reading an audit takes', () => {
  it('are its directory and its key, whatever else is missing or wrong', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'key'), `${'k'.repeat(32)}\n`)
    const { directory: found, key } = parseAuditConfig({
      AUDIT_DIR: directory,
      AUDIT_KEY_FILE: join(directory, 'key'),
      OPENAI_API_KEY_FILE: '/nowhere',
      PORT: 'none',
    })
    expect([found, key?.reveal()]).toStrictEqual([directory, 'k'.repeat(32)])
    expect(parseAuditConfig({})).toStrictEqual({ directory: './audit', key: undefined })
  })

  it('are reported by name if they are wrong, and never by value', () => {
    expect(() => parseAuditConfig({ AUDIT_KEY: 'tooshort' })).toThrow(
      /^AUDIT_KEY: is too short: (?!.*tooshort)/,
    )
    expect(() => parseAuditConfig({ AUDIT_KEY_FILE: '/nowhere' })).toThrow(
      /^AUDIT_KEY_FILE: the file does not exist$/,
    )
  })
})
