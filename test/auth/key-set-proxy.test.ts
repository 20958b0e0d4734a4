import { describe, expect, it } from 'vitest'
import { createCertificate, createTrustedAuthority } from '../support/certificates.ts'
import { type Fault, startProxy } from '../support/proxy.ts'
import { startTestService } from '../support/service.ts'
import { answerKeys, createKey, issuerEnvironment, startKeySetServer, toBearer } from '../support/tokens.ts'

const authority = await createTrustedAuthority()
const certificate = await createCertificate({ issuer: authority })

/** A service that fetches its issuer's keys through a proxy. */
async function start(fault?: Fault) {
  const key = await createKey('ES256', 'first')
  const issuer = await startKeySetServer(answerKeys(key), certificate)
  const proxy = await startProxy({
    port: Number(issuer.url.port),
    ...(fault === undefined ? {} : { instead: () => fault }),
  })
  const service = await startTestService({
    environment: {
      ...issuerEnvironment,
      AUTH_JWKS_URL: issuer.url.href,
      HTTPS_PROXY: `http://mint:sw0rd@${proxy.host}`,
    },
  })
  return { service, issuer, proxy, headers: toBearer(await key.sign()) }
}

describe('a key set behind a proxy', () => {
  it('is fetched through a tunnel', async () => {
    const { service, issuer, proxy, headers } = await start()
    expect((await service.mint(undefined, headers)).statusCode).toBe(200)
    expect(proxy.asked).toMatchObject([
      {
        target: issuer.url.host,
        headers: { 'proxy-authorization': `Basic ${Buffer.from('mint:sw0rd').toString('base64')}` },
      },
    ])
    expect(issuer.asked).toStrictEqual(['GET /jwks'])
    expect(proxy.heard()).not.toMatch(/jwks/)
  })

  it.each<[what: string, cause: string, fault: Fault]>([
    ['refuses the tunnel', 'UND_ERR_ABORTED', (client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n')],
    ['does not answer', 'UND_ERR_HEADERS_TIMEOUT', () => undefined],
  ])('is unavailable if the proxy %s, and the log names the cause (%s)', async (_what, cause, fault) => {
    const { service, issuer, headers } = await start(fault)
    const reply = await service.mint(undefined, headers)
    expect([reply.statusCode, reply.json().error.code]).toStrictEqual([503, 'authentication_unavailable'])
    expect(issuer.asked).toStrictEqual([])
    expect(service.logText()).toContain(`"cause":"${cause}"`)
    expect(service.logText()).not.toMatch(/sw0rd/)
  })
})
