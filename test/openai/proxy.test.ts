import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createCertificate } from '../support/certificates.ts'
import { createEnvironment, mintAt, startServiceProcess } from '../support/process.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { API_KEY, createTemporaryDirectory, readAudit } from '../support/service.ts'
import { startTlsUpstream, type TlsUpstream } from '../support/tls-upstream.ts'
import {
  AUTHORIZATION,
  authority,
  CREDENTIALS,
  certificate,
  password,
  startBehindProxy,
} from './behind-proxy.ts'
import { expectation, mintOutcome, outcomeOf } from './outcome.ts'

const viaTls = (_upstream: TlsUpstream, { host }: TestProxy) => ({
  HTTPS_PROXY: `https://${CREDENTIALS}@${host}`,
})

describe('a mint through a proxy', () => {
  it('goes through a tunnel that the proxy cannot read', async () => {
    const { service, upstream, proxy } = await startBehindProxy()
    expect((await service.mint()).statusCode).toBe(200)
    expect(proxy.asked).toMatchObject([
      { target: `localhost:${upstream.port}`, headers: { 'proxy-authorization': AUTHORIZATION } },
    ])
    expect(upstream.requests).toMatchObject([{ authorization: `Bearer ${API_KEY}` }])
    expect(proxy.heard()).toContain('CONNECT localhost')
    expect(proxy.heard()).not.toMatch(/sk-test|client_secrets|Bearer/)
  })

  it('sends nothing about the proxy to upstream', async () => {
    const { service, upstream } = await startBehindProxy()
    await service.mint()
    expect(Object.keys(upstream.requests[0] ?? {})).toContain('x-client-request-id')
    expect(upstream.heard()).not.toMatch(/proxy/i)
  })

  it.each([
    ['no user', '', undefined],
    ['a user alone', 'mint@', `Basic ${Buffer.from('mint:').toString('base64')}`],
    ['a password with signs', 'mint:p%3A%40%2F@', `Basic ${Buffer.from('mint:p:@/').toString('base64')}`],
  ])('authenticates as %s if the URL says so', async (_name, credentials, authorization) => {
    const { service, proxy } = await startBehindProxy({}, (_upstream, { host }) => ({
      HTTPS_PROXY: `http://${credentials}${host}`,
    }))
    expect((await service.mint()).statusCode).toBe(200)
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe(authorization)
  })

  it('reuses the tunnel after its rest', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { service, upstream, proxy } = await startBehindProxy()
    const replies = await inTurn(Array.from({ length: 5 }), () => {
      vi.advanceTimersByTime(2_000)
      return service.mint()
    })
    expect(replies.map(({ statusCode }) => statusCode)).toStrictEqual([200, 200, 200, 200, 200])
    expect([proxy.asked.length, upstream.connections()]).toStrictEqual([1, 1])
  })

  it('may use a proxy with TLS, which is verified before it receives anything', async () => {
    const good = await startBehindProxy({ certificate }, viaTls)
    expect((await good.service.mint()).statusCode).toBe(200)
    expect(good.proxy.heard()).toContain(AUTHORIZATION)

    const bad = await startBehindProxy({ certificate: await createCertificate() }, viaTls)
    expect(await mintOutcome(bad.service)).toStrictEqual(expectation('unavailable', 'upstream_tls'))
    expect(bad.proxy.heard()).toBe('')
  })

  it('fails if the proxy intercepts TLS', async () => {
    const listener = await startTlsUpstream(await createCertificate())
    const { service, proxy } = await startBehindProxy({ port: listener.port })
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_tls'))
    expect([proxy.asked.length, listener.heard()]).toStrictEqual([1, ''])
  })
})

describe('whether the proxy is used', () => {
  it.each([
    ['nothing', () => '', true],
    ['the host', () => 'localhost', false],
    ['the host in capitals', () => 'LOCALHOST', false],
    ['the host and its port', (port: number) => `localhost:${port}`, false],
    ['the host and another port', () => 'localhost:1', true],
    ['the host among others', () => 'a.example, localhost ,b.example', false],
    ['everything', () => '*', false],
    ['the end of its name', () => 'host', true],
    ['a name below', () => 'a.localhost', true],
    ['its address', () => '127.0.0.1', true],
  ])('is decided by NO_PROXY: %s', async (_name, toList, isAsked) => {
    const { service, proxy } = await startBehindProxy({}, ({ port }) => ({ NO_PROXY: toList(port) }))
    expect((await service.mint()).statusCode).toBe(200)
    expect(proxy.asked).toHaveLength(isAsked ? 1 : 0)
  })

  // No resolver accepts a label of 64 characters, so only the proxy can find this host.
  const host = `${'a'.repeat(64)}.corp.example`

  it.each([
    ['.corp.example', false],
    ['corp.example', false],
    ['*.corp.example', false],
    ['.example', false],
    ['orp.example', true],
    ['.corp.example:444', true],
    ['.corp.example:443', false],
  ])('is decided by NO_PROXY for subdomains: %s', async (list, isAsked) => {
    const { service, proxy } = await startBehindProxy({}, () => ({
      OPENAI_BASE_URL: `https://${host}/v1`,
      NO_PROXY: list,
    }))
    const reply = await service.mint()
    const reason = isAsked ? 'upstream_tls' : 'upstream_not_resolved'
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('unavailable', reason))
    expect(proxy.asked.map(({ target }) => target)).toStrictEqual(isAsked ? [`${host}:443`] : [])
  })
})

describe('a proxy in the environment of a process', () => {
  it('works in lower case, never shows its password, and is not used for plain HTTP', async () => {
    const file = join(await createTemporaryDirectory(), 'authority.pem')
    await writeFile(file, authority.cert)
    const upstream = await startTlsUpstream(certificate)
    const proxy = await startProxy({ port: upstream.port })
    const sandbox = await startSandbox({ apiKey: API_KEY })
    onTestFinished(() => sandbox.close())
    const url = `http://${CREDENTIALS}@${proxy.host}`
    const proxies = { https_proxy: url, no_proxy: 'a.example', HTTP_PROXY: url, http_proxy: url }
    const startFor = async (baseUrl: string) => {
      const environment: Record<string, string> = {
        ...(await createEnvironment(baseUrl)),
        ...proxies,
        LOG_LEVEL: 'trace',
      }
      const service = await startServiceProcess({ ...environment, NODE_EXTRA_CA_CERTS: file })
      return { service, audit: environment['AUDIT_DIR'] ?? '' }
    }
    const [tunnelled, straight] = await Promise.all([startFor(upstream.baseUrl), startFor(sandbox.baseUrl)])
    expect((await mintAt(straight.service.url)).status).toBe(200)
    expect(proxy.connections()).toBe(0)
    expect((await mintAt(tunnelled.service.url)).status).toBe(200)
    expect(proxy.asked).toMatchObject([{ headers: { 'proxy-authorization': AUTHORIZATION } }])

    const { service, audit } = tunnelled
    expect(await service.stop()).toBe(0)
    expect(service.stdout() + service.stderr() + (await readAudit(audit))).not.toMatch(password)
  })
})
