import { rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { bodyOf, expectCommonHeaders, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import {
  type Answer,
  answerKeys,
  issuerEnvironment,
  secretEnvironment,
  startKeySetServer,
} from '../support/tokens.ts'

/** From here on no record can be written, and no other file be opened. */
async function breakAudit({ auditDirectory, mint }: TestService): Promise<void> {
  // What came before is on the disk once this is.
  await mint()
  await rm(auditDirectory, { recursive: true })
  await writeFile(auditDirectory, '')
}

const ask = ({ app }: TestService, url: string) => app.inject({ url })

describe('while all is well', () => {
  const service = shareService()

  it.each(['/livez', '/readyz', '/livez?any=thing', '/readyz?'])(
    '%s says ok and nothing else',
    async (url) => {
      const reply = await ask(service(), url)
      expect(reply.statusCode).toBe(200)
      expect(bodyOf(reply)).toStrictEqual({ status: 'ok' })
      expectCommonHeaders(reply)
    },
  )

  it.each(['/livez', '/readyz'])('%s needs no origin, and refuses none', async (url) => {
    for (const origin of [ORIGIN, 'https://evil.example', 'null']) {
      const reply = await service().app.inject({ url, headers: { origin } })
      expect(reply.statusCode).toBe(200)
    }
  })

  it.each(['/livez', '/readyz'])('%s takes GET and HEAD only', async (url) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const reply = await service().app.inject({ method, url })
      expect(refusalOf(reply)).toEqual([405, 'invalid_request', null])
      expect(reply.headers['allow']).toBe('GET, HEAD')
    }
  })

  it.each(['/livez', '/readyz'])('HEAD %s is GET without a body', async (url) => {
    const { app } = service()
    const [get, head] = [await app.inject({ url }), await app.inject({ method: 'HEAD', url })]
    expect(head).toMatchObject({ statusCode: 200, body: '' })
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('health checks leave no record in the audit', async () => {
    const before = await service().auditText()
    await ask(service(), '/livez')
    await service().app.inject({ method: 'POST', url: '/livez' })
    expect(await service().auditText()).toBe(before)
  })
})

describe('from SIGTERM on', () => {
  it.each(['leaving', 'draining'] as const)('%s: not ready, but alive', async (phase) => {
    const service = await startTestService()
    service.lifecycle.phase = phase
    const [ready, live] = await Promise.all(['/readyz', '/livez'].map((url) => ask(service, url)))
    expect(ready).toMatchObject({ statusCode: 503, body: '{"status":"draining"}' })
    expect(live).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' })
  })

  it('leaving: mints still succeed', async () => {
    const service = await startTestService()
    service.lifecycle.phase = 'leaving'
    expect((await service.mint()).statusCode).toBe(200)
  })

  it.each(['/v1/realtime/client_secrets', '/v1/realtime/sessions', '/nowhere'])(
    'draining: %s is refused, its connection closed',
    async (url) => {
      const service = await startTestService()
      service.lifecycle.phase = 'draining'
      const reply = await service.app.inject({ method: 'POST', url, headers: { origin: ORIGIN } })
      expect(refusalOf(reply)).toEqual([503, 'shutting_down', null])
      expect(reply.headers).toMatchObject({ connection: 'close', 'retry-after': '1' })
    },
  )
})

describe('while the audit cannot be written', () => {
  it('not ready, but alive', async () => {
    const service = await startTestService()
    await breakAudit(service)
    expect(await ask(service, '/readyz')).toMatchObject({ statusCode: 200 })
    await service.mint()
    expect(await ask(service, '/readyz')).toMatchObject({
      statusCode: 503,
      body: '{"status":"audit_unavailable"}',
    })
    expect(await ask(service, '/livez')).toMatchObject({ statusCode: 200 })
  })

  it('a drain is what /readyz speaks of first', async () => {
    const service = await startTestService()
    await breakAudit(service)
    await service.mint()
    service.lifecycle.phase = 'leaving'
    expect(await ask(service, '/readyz')).toMatchObject({ statusCode: 503, body: '{"status":"draining"}' })
  })
})

/** Of which the key set is as told. */
async function startWithKeySet(answer: Answer) {
  const server = await startKeySetServer(answer)
  const environment = { ...issuerEnvironment, AUTH_JWKS_URL: server.url.href }
  return { server, service: await startTestService({ environment }) }
}

describe('while tokens cannot be checked', () => {
  const unready = { statusCode: 503, body: '{"status":"authentication_unavailable"}' } as const

  it('not ready, but alive, until there are keys', async () => {
    const { server, service } = await startWithKeySet((_, response) => response.writeHead(500).end())
    expect(await ask(service, '/readyz')).toMatchObject(unready)
    expect(await ask(service, '/livez')).toMatchObject({ statusCode: 200 })
    server.answer(answerKeys())
    await expect.poll(async () => (await ask(service, '/readyz')).statusCode, { timeout: 5_000 }).toBe(200)
  })

  it('an issuer that does not answer delays no start', async () => {
    const { service } = await startWithKeySet(() => undefined)
    expect(await ask(service, '/readyz')).toMatchObject(unready)
  })

  it('an audit that cannot be written is what /readyz speaks of first', async () => {
    const { service } = await startWithKeySet(() => undefined)
    await breakAudit(service)
    await service.app.inject({ method: 'POST', url: '/v1/realtime/sessions' })
    expect(await ask(service, '/readyz')).toMatchObject({ body: '{"status":"audit_unavailable"}' })
  })

  it('a shared secret is always there', async () => {
    const service = await startTestService({ environment: secretEnvironment })
    expect(await ask(service, '/readyz')).toMatchObject({ statusCode: 200 })
  })
})
