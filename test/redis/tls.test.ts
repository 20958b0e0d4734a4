/** Redis with TLS: which certificates the service accepts. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type Certificate,
  createCertificate,
  createTrustedAuthority,
  wrongCertificates,
} from '../support/certificates.ts'
import { findPort } from '../support/ports.ts'
import { createEnvironment, mintAt, startServiceProcess } from '../support/process.ts'
import { callsOf, connectRedis, describeRedis, type RedisServer, startRedis } from '../support/redis.ts'
import { AUDIT_KEY, createTemporaryDirectory } from '../support/service.ts'
import { startReplier, toSecretBody } from '../support/upstream.ts'

const PASSWORD = 'a password that is only for tests'

const authority = await createTrustedAuthority()

interface TlsRedis extends RedisServer {
  readonly tlsPort: number
}

/** It also answers without TLS, for the test's own commands. */
async function startTlsRedis({ key, cert }: Certificate): Promise<TlsRedis> {
  const directory = await createTemporaryDirectory()
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  await Promise.all([writeFile(keyFile, key), writeFile(certFile, cert)])
  const tlsPort = await findPort()
  const tls = ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no']
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  return { ...(await startRedis({ settings: [...tls, ...files] })), tlsPort }
}

async function open(url: string) {
  const { redis, changes } = await connectRedis(url)
  return { changes, available: redis.available }
}

describeRedis('a Redis whose certificate', () => {
  it.each(['localhost', '127.0.0.1'])('is of a known authority is accepted for %s', async (host) => {
    const { tlsPort } = await startTlsRedis(await createCertificate({ issuer: authority }))
    expect(await open(`rediss://${host}:${tlsPort}`)).toEqual({ changes: [], available: true })
  })

  it.each(wrongCertificates(authority))('%s is refused before the password is sent', async (_, create) => {
    const server = await startTlsRedis(await create())
    const url = `rediss://:${encodeURIComponent(PASSWORD)}@localhost:${server.tlsPort}`
    expect(await open(url)).toEqual({ changes: ['untrusted'], available: false })
    expect(await callsOf(server, 'auth')).toBe(0)
  })
})

describeRedis('rediss:', () => {
  it('does not fall back to a connection without TLS', async () => {
    const server = await startRedis()
    const { available } = await open(`rediss://:${encodeURIComponent(PASSWORD)}@localhost:${server.port}`)
    expect(available).toBe(false)
    expect(await callsOf(server, 'auth')).toBe(0)
  })

  it('trusts the authority in NODE_EXTRA_CA_CERTS, and no unknown one', async () => {
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
    const [trusting, other] = await Promise.all([start({ NODE_EXTRA_CA_CERTS: file }), start({})])
    expect((await mintAt(other.url)).status).toBe(200)
    expect(await client.dbsize()).toBe(0)
    await other.seen(/"cause":"untrusted".*redis unavailable/)
    expect((await mintAt(trusting.url)).status).toBe(200)
    expect(await client.dbsize()).toBeGreaterThan(0)
    expect(trusting.stdout()).not.toContain('redis unavailable')
  })
})
