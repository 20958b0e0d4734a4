import { chmod, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Remarks, runPreflight } from '../../src/cli/preflight.ts'
import { parseConfig } from '../../src/config.ts'
import { createCertificate, createTrustedAuthority } from '../support/certificates.ts'
import { type Fault, startProxy } from '../support/proxy.ts'
import { API_KEY, createTemporaryDirectory } from '../support/service.ts'
import { startTlsUpstream } from '../support/tls-upstream.ts'
import { answerKeys, createKey, issuerEnvironment, startKeySetServer } from '../support/tokens.ts'
import { settings } from './running.ts'

const authority = await createTrustedAuthority()
const certificate = await createCertificate({ issuer: authority })

const fine: Remarks = { problems: [], warnings: [] }
const warn = (warning: string): Remarks => ({ problems: [], warnings: [warning] })
const problem = (text: string): Remarks => ({ problems: [text], warnings: [] })

async function inspect(own: Record<string, string | undefined>): Promise<Remarks> {
  const environment = { ...settings, AUDIT_DIR: await createTemporaryDirectory(), ...own }
  return runPreflight(environment, parseConfig(environment))
}

describe('a file with a secret', () => {
  const exposed = 'users other than its owner can read the file. Only the user that runs the service needs to'

  it.each([
    [0o600, 0o755, fine],
    [0o400, 0o755, fine],
    [0o640, 0o710, warn(`OPENAI_API_KEY_FILE: ${exposed}`)],
    [0o604, 0o701, warn(`OPENAI_API_KEY_FILE: ${exposed}`)],
    [0o444, 0o700, fine],
  ])('has mode %o in a directory of mode %o', async (mode, directoryMode, expected) => {
    const directory = await createTemporaryDirectory()
    const file = join(directory, 'key')
    await writeFile(file, API_KEY)
    await chmod(file, mode)
    await chmod(directory, directoryMode)
    expect(await inspect({ OPENAI_API_KEY: undefined, OPENAI_API_KEY_FILE: file })).toStrictEqual(expected)
  })

  it('may be the one beside the records', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'audit.key'), 'k'.repeat(43), { mode: 0o644 })
    await chmod(directory, 0o755)
    expect(await inspect({ AUDIT_DIR: directory })).toStrictEqual(warn(`AUDIT_DIR/audit.key: ${exposed}`))
  })
})

describe('the directory of the audit', () => {
  it('may be missing, and is not created', async () => {
    const directory = await createTemporaryDirectory()
    expect(await inspect({ AUDIT_DIR: join(directory, 'a', 'b') })).toStrictEqual(fine)
    expect(await readdir(directory)).toStrictEqual([])
  })

  it.each([
    ['a file', 'file', 'ENOTDIR'],
    ['below a file', 'file/below', 'ENOTDIR'],
    ['a link that leads nowhere', 'link', 'ENOENT'],
  ])('must not be %s', async (_what, path, code) => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'file'), '')
    await symlink('nowhere', join(directory, 'link'))
    const expected = problem(`AUDIT_DIR: cannot be written (${code})`)
    expect(await inspect({ AUDIT_DIR: join(directory, path) })).toStrictEqual(expected)
  })

  it.runIf(process.platform === 'linux').each(['/proc', '/proc/a/b', '/sys/a'])(
    'must not be %s',
    async (path) => {
      const { problems } = await inspect({ AUDIT_DIR: path })
      expect(problems).toStrictEqual([
        expect.stringMatching(/^AUDIT_DIR: (?:must be on a disk|cannot be written)/),
      ])
    },
  )

  it.each([
    ['decides, where no other key is given', undefined, [expect.stringContaining('audit.key is too short')]],
    ['is of no interest where another one is', 'k'.repeat(43), []],
  ])('has a key in it that %s', async (_, AUDIT_KEY, problems) => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'audit.key'), 'short', { mode: 0o600 })
    expect((await inspect({ AUDIT_DIR: directory, AUDIT_KEY })).problems).toStrictEqual(problems)
  })
})

describe('the key set of tokens', () => {
  it('is fetched', async () => {
    const { url, asked } = await startKeySetServer(answerKeys(await createKey('ES256', 'first')))
    expect(await inspect({ ...issuerEnvironment, AUTH_JWKS_URL: url.href })).toStrictEqual(fine)
    expect(asked).toStrictEqual(['GET /jwks'])
  })

  it.each([
    [
      200,
      '{"jwks_uri":"https://a.example/keys"}',
      /is the address of a discovery document\. Use the jwks_uri/,
    ],
    [200, '<!doctype html>', /is the address of an HTML page\. Use the address of your issuer’s key set/],
    [200, '{"a":"-----BEGIN CERTIFICATE-----"}', /is the address of a map of certificates\. Use the key set/],
    [200, '{"keys":[]}', /is the address of a key set without a public key for signatures$/],
    [404, '', /answers with status 404$/],
  ])('is a problem where the address answers %i %s', async (status, body, what) => {
    const { url } = await startKeySetServer((_request, response) => response.writeHead(status).end(body))
    expect(await inspect({ ...issuerEnvironment, AUTH_JWKS_URL: url.href })).toStrictEqual({
      problems: [expect.stringMatching(what)],
      warnings: [],
    })
  })
})

async function inspectProxy(fault?: Fault) {
  const upstream = await startTlsUpstream(certificate)
  const instead = fault === undefined ? {} : { instead: () => fault }
  const proxy = await startProxy({ port: upstream.port, ...instead })
  const remarks = await inspect({ OPENAI_BASE_URL: upstream.baseUrl, HTTPS_PROXY: `http://${proxy.host}` })
  return { remarks, upstream, proxy }
}

describe('the proxy', () => {
  it('is asked for a tunnel to upstream, which is shown no key', async () => {
    const { remarks, upstream, proxy } = await inspectProxy()
    expect(remarks).toStrictEqual(fine)
    expect([proxy.asked.length, upstream.requests.length]).toStrictEqual([1, 1])
    expect(upstream.heard()).toMatch(/^HEAD \/ /)
    expect(upstream.heard()).not.toContain(API_KEY)
  })

  it('is a warning where it refuses', async () => {
    const { remarks } = await inspectProxy((client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    expect(remarks).toStrictEqual(
      warn('OPENAI_BASE_URL: cannot be reached with HTTPS_PROXY and NO_PROXY as they are (upstream_proxy)'),
    )
  })
})
