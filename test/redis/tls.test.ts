/** Redis behind TLS: whom the service believes that it talks to. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { RedisConnection } from '../../src/redis/connection.ts'
import type { RedisFault } from '../../src/redis/faults.ts'
import { Secret } from '../../src/secret.ts'
import { type Certificate, createAuthority, createCertificate, trust } from '../support/certificates.ts'
import { findPort } from '../support/ports.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { AUDIT_KEY, createTemporaryDirectory, ORIGIN } from '../support/service.ts'
import { startReplier, toSecretBody } from '../support/upstream.ts'

const PASSWORD = 'a password that is only for tests'

const authority = await createAuthority()
const stranger = await createAuthority()

// A check that is skipped would pass unnoticed where nothing but the signer is wrong.
beforeAll(() => trust(authority))

interface TlsRedis extends RedisServer {
  readonly tlsPort: number
}

/** Also answers without TLS, for the test's own questions. */
async function startTlsRedis({ key, cert }: Certificate): Promise<TlsRedis> {
  const directory = await createTemporaryDirectory()
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  await Promise.all([writeFile(keyFile, key), writeFile(certFile, cert)])
  const tlsPort = await findPort()
  const tls = ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no']
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  return { ...(await startRedis({ settings: [...tls, ...files] })), tlsPort }
}

async function open(url: string): Promise<{ changes: readonly (RedisFault | null)[]; available: boolean }> {
  const changes: (RedisFault | null)[] = []
  const connection = new RedisConnection({ url: new Secret(url), onChange: (fault) => changes.push(fault) })
  onTestFinished(() => connection.close())
  await connection.open()
  return { changes, available: connection.available }
}

/** How often one came. */
async function passwordsSeen({ client }: RedisServer): Promise<number> {
  const [, calls = '0'] = /cmdstat_auth:calls=(\d+)/.exec(await client.info('commandstats')) ?? []
  return Number(calls)
}

describe.skipIf(isMissing('redis-server'))(`a Redis whose certificate${ifMissing('redis-server')}`, () => {
  it.each(['localhost', '127.0.0.1'])('is of a known authority, for %s, is used', async (host) => {
    const { tlsPort } = await startTlsRedis(await createCertificate({ issuer: authority }))
    expect(await open(`rediss://${host}:${tlsPort}`)).toEqual({ changes: [], available: true })
  })

  it.each<[what: string, create: () => Promise<Certificate>]>([
    ['is signed by itself', () => createCertificate()],
    ['is of an unknown authority', () => createCertificate({ issuer: stranger })],
    ['has expired', () => createCertificate({ issuer: authority, validDays: [-2, -1] })],
    [
      'is for another name',
      () => createCertificate({ issuer: authority, names: ['redis.example.com'], addresses: [] }),
    ],
    ['is for the address, not for the name', () => createCertificate({ issuer: authority, names: [] })],
  ])('%s is not used, and never sees the password', async (_, create) => {
    const server = await startTlsRedis(await create())
    const url = `rediss://:${encodeURIComponent(PASSWORD)}@localhost:${server.tlsPort}`
    expect(await open(url)).toEqual({ changes: ['untrusted'], available: false })
    expect(await passwordsSeen(server)).toBe(0)
  })
})

const mint = (url: string): Promise<Response> =>
  fetch(`${url}/v1/realtime/client_secrets?preset=voice-assistant`, {
    method: 'POST',
    headers: { origin: ORIGIN },
  })

describe.skipIf(isMissing('redis-server'))(`rediss:${ifMissing('redis-server')}`, () => {
  it('does not go on without TLS where the server has none', async () => {
    const server = await startRedis()
    const { available } = await open(`rediss://:${encodeURIComponent(PASSWORD)}@localhost:${server.port}`)
    expect(available).toBe(false)
    expect(await passwordsSeen(server)).toBe(0)
  })

  it('believes the authority in NODE_EXTRA_CA_CERTS, and without it nobody', async () => {
    const file = join(await createTemporaryDirectory(), 'authority.pem')
    await writeFile(file, authority.cert)
    const { tlsPort, client } = await startTlsRedis(await createCertificate({ issuer: authority }))
    const upstream = await startReplier((_, response) => response.end(toSecretBody()))
    const environment = {
      ...(await createEnvironment(upstream)),
      AUDIT_KEY,
      REDIS_URL: `rediss://localhost:${tlsPort}`,
    }
    const start = (extra: Record<string, string>) => startServiceProcess({ ...environment, ...extra })
    const [knowing, unknowing] = await Promise.all([start({ NODE_EXTRA_CA_CERTS: file }), start({})])
    expect((await mint(unknowing.url)).status).toBe(200)
    expect(await client.dbsize()).toBe(0)
    await unknowing.seen(/"cause":"untrusted".*redis cannot be used/)
    expect((await mint(knowing.url)).status).toBe(200)
    expect(await client.dbsize()).toBeGreaterThan(0)
    expect(knowing.stdout()).not.toContain('redis cannot be used')
  })
})
