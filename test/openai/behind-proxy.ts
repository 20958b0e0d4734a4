import { createCertificate, createTrustedAuthority } from '../support/certificates.ts'
import { type ProxyOptions, startProxy, type TestProxy } from '../support/proxy.ts'
import { startTestService } from '../support/service.ts'
import { startTlsUpstream, type TlsUpstream } from '../support/tls-upstream.ts'

export const CREDENTIALS = 'mint:pa%24sw0rd'
export const AUTHORIZATION = `Basic ${Buffer.from('mint:pa$sw0rd').toString('base64')}`
/** As written, as sent, and by itself. */
export const password = new RegExp(`sw0rd|${AUTHORIZATION.slice(6)}`)

/** The issuer of upstream's certificate. Tests trust it. */
export const authority = await createTrustedAuthority()
export const certificate = await createCertificate({ issuer: authority })

/** A service with a proxy between it and its upstream; `toEnvironment` may add settings. */
export async function startBehindProxy(
  options: Partial<ProxyOptions> = {},
  toEnvironment: (upstream: TlsUpstream, proxy: TestProxy) => Record<string, string> = () => ({}),
) {
  const upstream = await startTlsUpstream(certificate)
  const proxy = await startProxy({ port: upstream.port, ...options })
  const environment = {
    OPENAI_BASE_URL: upstream.baseUrl,
    HTTPS_PROXY: `http://${CREDENTIALS}@${proxy.host}`,
    ...toEnvironment(upstream, proxy),
  }
  return { service: await startTestService({ environment }), upstream, proxy }
}
