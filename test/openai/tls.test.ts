import type { ServerOptions } from 'node:https'
import { describe, expect, it } from 'vitest'
import {
  type Certificate,
  createAuthority,
  createCertificate,
  createTrustedAuthority,
  wrongCertificates,
} from '../support/certificates.ts'
import { API_KEY } from '../support/service.ts'
import { startTlsUpstream } from '../support/tls-upstream.ts'
import { expectation, outcomeOf, outputsOf, startFor } from './outcome.ts'

const authority = await createTrustedAuthority()
const stranger = await createAuthority()

/** With the issuer's certificate, as servers send it. */
const chain = ({ key, cert }: Certificate, issuer: Certificate): Certificate => ({
  key,
  cert: cert + issuer.cert,
})

describe('a certificate', () => {
  it.each(['localhost', '127.0.0.1'])('of a known authority for %s is accepted', async (host) => {
    const upstream = await startTlsUpstream(await createCertificate({ issuer: authority }))
    const service = await startFor(`https://${host}:${upstream.port}/v1`)
    expect((await service.mint()).statusCode).toBe(200)
    expect(upstream.heard()).toContain(API_KEY)
  })

  it('of an intermediate authority is accepted with its chain', async () => {
    const intermediate = await createCertificate({ issuer: authority, isAuthority: true })
    const leaf = await createCertificate({ issuer: intermediate })
    const whole = await startFor((await startTlsUpstream(chain(leaf, intermediate))).baseUrl)
    const part = await startFor((await startTlsUpstream(leaf)).baseUrl)
    expect([(await whole.mint()).statusCode, (await part.mint()).statusCode]).toStrictEqual([200, 503])
  })
})

const wrong: readonly (readonly [name: string, create: () => Promise<ServerOptions>])[] = [
  ...wrongCertificates(authority),
  [
    'is of an unknown authority in its chain',
    async () => chain(await createCertificate({ issuer: stranger }), stranger),
  ],
  ['is for a name below', () => createCertificate({ issuer: authority, names: ['*.localhost'] })],
  ['is for clients', () => createCertificate({ issuer: authority, use: 'client' })],
  [
    'is of an intermediate authority that has expired',
    async () => {
      const expired = { issuer: authority, isAuthority: true, validDays: [-2, -1] } as const
      const intermediate = await createCertificate(expired)
      return chain(await createCertificate({ issuer: intermediate }), intermediate)
    },
  ],
  [
    'is of a server that plays the authority',
    async () => {
      const server = await createCertificate({ issuer: authority })
      return chain(await createCertificate({ issuer: server }), server)
    },
  ],
  [
    'is right, but only in a TLS that is too old',
    async () => ({
      ...(await createCertificate({ issuer: authority })),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }),
  ],
]

describe('an upstream whose certificate', () => {
  it.each(wrong)('%s is refused at once, without seeing the key', async (_name, create) => {
    const upstream = await startTlsUpstream(await create())
    const service = await startFor(upstream.baseUrl)
    const reply = await service.mint()
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('unavailable', 'upstream_tls'))
    expect(upstream.connections()).toBe(1)
    expect(await service.attempts()).toMatchObject([
      { upstream: { status: null, request_id: null, attempts: 1 } },
    ])
    expect([upstream.heard(), upstream.requests]).toStrictEqual(['', []])
    expect(await outputsOf(service, reply)).not.toMatch(
      new RegExp(`${API_KEY.slice(8)}|certificate|localhost|other\\.example|-----BEGIN`),
    )
  })

  it('is renewed is accepted by the same service', async () => {
    const [expired, renewed] = await Promise.all([
      createCertificate({ issuer: authority, validDays: [-2, -1] }),
      createCertificate({ issuer: authority }),
    ])
    const upstream = await startTlsUpstream(expired)
    const service = await startFor(upstream.baseUrl)
    expect((await service.mint()).statusCode).toBe(503)
    upstream.renew(renewed)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
