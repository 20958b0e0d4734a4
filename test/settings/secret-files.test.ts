import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Config, type Environment, parseConfig } from '../../src/config.ts'
import { loadApiKey } from '../../src/settings/upstream.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { API_KEY, AUDIT_KEY, enough, namesOf, problemsOf, secretOf, withSecret } from './support.ts'

const createPath = async (): Promise<string> => join(await createTemporaryDirectory(), 'secret')

type Row = readonly [name: string, read: (config: Config) => string | undefined, beside: Environment]
const secrets: readonly Row[] = [
  ['OPENAI_API_KEY', ({ upstream }) => upstream.apiKey.reveal(), {}],
  ['AUTH_JWT_SECRET', secretOf, { ...withSecret, AUTH_JWT_SECRET: undefined }],
  ['AUDIT_KEY', ({ audit }) => audit.key?.reveal(), {}],
  ['ADMIN_TOKEN', ({ admin }) => admin?.token?.reveal(), { ADMIN_PORT: '9090' }],
  ['REDIS_URL', ({ redis }) => redis?.url.reveal(), { AUDIT_KEY }],
]

describe.each(secrets)('%s_FILE', (name, read, beside) => {
  const secret =
    name === 'REDIS_URL' ? 'redis://mint:password@redis.example.com' : 'sk-file-0123456789abcdefghijklmnopqr'

  const withPath = (path: string): Environment => ({
    ...enough,
    ...beside,
    [name]: undefined,
    [`${name}_FILE`]: path,
  })

  async function withFile(content: string): Promise<Environment> {
    const path = await createPath()
    await writeFile(path, content)
    return withPath(path)
  }

  it.each(['', '\n', '\r\n'])('contains the secret and %j', async (end) => {
    for (const start of ['', '\ufeff'])
      expect(read(parseConfig(await withFile(start + secret + end)))).toBe(secret)
  })

  it.each([
    '',
    `${secret}\n\n`,
    `"${secret}"\n`,
    `${name}=${secret}`,
    JSON.stringify({ secret }),
    `${secret}\r\r\n`,
  ])('must not contain %j', async (content) => {
    expect(namesOf(problemsOf(await withFile(content)))).toEqual([`${name}_FILE`])
  })

  it.each<[what: string, create: (path: string) => unknown, message: string]>([
    ['missing', () => undefined, 'the file does not exist'],
    [
      'a directory',
      mkdir,
      'the file is a directory, not a file. Docker Compose creates a directory where a mounted file is missing',
    ],
    ['too large', (path) => writeFile(path, 'x'.repeat(1_048_577)), 'the file is larger than 1 MiB'],
  ])('must not be %s', async (_, create, message) => {
    const path = await createPath()
    await create(path)
    expect(problemsOf(withPath(path))).toEqual([`${name}_FILE: ${message}`])
  })

  it(`must not be set together with ${name}, unless that is empty`, async () => {
    const environment = await withFile(secret)
    expect(namesOf(problemsOf({ ...environment, [name]: secret }))).toEqual([name])
    expect(read(parseConfig({ ...environment, [name]: '' }))).toBe(secret)
  })
})

describe('the file of the API key', () => {
  it('is reported with the uid that cannot read it', async () => {
    const path = await createPath()
    await writeFile(path, API_KEY)
    await chmod(path, 0)
    // Root may read everything.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    const uid = process.geteuid?.()
    const problems = problemsOf({ ...enough, OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: path })
    if (isRoot) process.seteuid?.(0)
    expect(problems).toEqual([`OPENAI_API_KEY_FILE: the file is not readable for uid ${uid}`])
  })

  it.each<[what: string, content: string, refused: string]>([
    ['JSON', '{"key":1}', 'contains JSON. Write only the secret'],
    ['a short key', 'sk-x', 'is too short for an API key: it has fewer than 20 characters'],
  ])('is read again, and refused with %s', async (_, content, refused) => {
    const path = await createPath()
    await expect(loadApiKey(path)).resolves.toEqual({ refused: 'the file does not exist' })
    await writeFile(path, `${API_KEY}\n`)
    const loaded = await loadApiKey(path)
    expect('value' in loaded && loaded.value.reveal()).toBe(API_KEY)
    await writeFile(path, content)
    await expect(loadApiKey(path)).resolves.toEqual({ refused })
  })
})
