import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { variableNames } from '../../src/config.ts'
import { ConfigError } from '../../src/problems.ts'
import { readDotEnv } from '../../src/settings/dot-env.ts'
import { createTemporaryDirectory } from '../support/service.ts'

async function read(content: string | Buffer) {
  const path = join(await createTemporaryDirectory(), '.env')
  await writeFile(path, content)
  return readDotEnv(variableNames, path)
}

describe('.env', () => {
  it('is empty if the file is missing', async () => {
    const path = join(await createTemporaryDirectory(), '.env')
    expect(readDotEnv(variableNames, path)).toEqual({ values: {}, warnings: [] })
  })

  it('may begin with a byte order mark', async () => {
    expect((await read('\ufeffPORT=1\nHOST=a\n')).values).toEqual({ PORT: '1', HOST: 'a' })
  })

  it.each([
    ['with', '\ufeffPORT=1\n'],
    ['without', 'PORT=1\n'],
  ])('must not be in UTF-16 %s a byte order mark', async (_, text) => {
    const problem = new ConfigError(['.env: is in UTF-16. Save it as UTF-8'])
    await expect(read(Buffer.from(text, 'utf16le'))).rejects.toEqual(problem)
  })

  it('must not be a directory', async () => {
    const path = await createTemporaryDirectory()
    expect(() => readDotEnv(variableNames, path)).toThrow(/^\.env: the file is a directory/)
  })
})

describe('a warning about .env names', () => {
  it.each<[line: string, warning: string]>([
    ['TRUSTED_PROXIES=10.0.0.1', 'TRUSTED_PROXIES is not a setting. Did you mean TRUST_PROXY?'],
    ['AUTH_SINGLEUSE=true', 'AUTH_SINGLEUSE is not a setting. Did you mean AUTH_SINGLE_USE?'],
    ['OPENAI_ORG_ID=org-1', 'OPENAI_ORG_ID is not a setting. Did you mean OPENAI_ORGANIZATION?'],
    ['export ALLOWED_ORIGIN=x', 'ALLOWED_ORIGIN is not a setting. Did you mean ALLOWED_ORIGINS?'],
    ['SOMETHING_ELSE=x', 'SOMETHING_ELSE is not a setting and has no effect'],
    [
      'NODE_EXTRA_CA_CERTS=/ca.pem',
      'NODE_EXTRA_CA_CERTS has no effect, because Node reads it before this file. Set it in the environment',
    ],
    ['AUTH_JWT_SECRET=abc#def', 'the value of AUTH_JWT_SECRET ends before its "#". Put the value in quotes'],
    ['AUTH_MODE: none', 'line 2 has no effect. Write NAME=value'],
    ['HOST="a\nb"\nAUTH_MODE none', 'line 4 has no effect. Write NAME=value'],
    ['export PORT = 2', 'PORT is set more than once. The last line counts'],
  ])('%s', async (line, warning) => {
    expect((await read(`PORT=1\n${line}\n`)).warnings).toEqual([`.env: ${warning}`])
  })

  it.each([
    'PORT=1 # a comment',
    '# OPENAI_ORG_ID=x',
    'AUTH_JWT_SECRET="abc#def"',
    "AUTH_JWT_SECRET='abc#def'",
    'SITE_ADDRESS=x',
    'COMPOSE_PROFILES=scale',
    'PORT=',
    'HOST="a\nb c"',
  ])('nothing for %s', async (line) => {
    expect((await read(`${line}\n`)).warnings).toEqual([])
  })
})
