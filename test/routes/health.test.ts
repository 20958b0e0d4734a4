import { describe, expect, it } from 'vitest'
import { bodyOf, draining, expectCommonHeaders, refusalOf, wrongMethod } from '../support/replies.ts'
import { breakAudit, ORIGIN, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import {
  type Answer,
  answerKeys,
  issuerEnvironment,
  secretEnvironment,
  startKeySetServer,
} from '../support/tokens.ts'

const ask = ({ app }: TestService, url: string) => app.inject({ url })

describe('a health check', () => {
  const service = shareService()

  it.each(['/livez', '/readyz', '/livez?any=thing', '/readyz?'])(
    '%s replies ok and nothing else',
    async (url) => {
      const reply = await ask(service(), url)
      expect(reply.statusCode).toBe(200)
      expect(bodyOf(reply)).toStrictEqual({ status: 'ok' })
      expectCommonHeaders(reply)
    },
  )

  it.each(['/livez', '/readyz'])('%s accepts any origin and none', async (url) => {
    for (const origin of [ORIGIN, 'https://evil.example', 'null']) {
      const reply = await service().app.inject({ url, headers: { origin } })
      expect(reply.statusCode).toBe(200)
    }
  })

  it.each(['/livez', '/readyz'])('%s accepts GET and HEAD only', async (url) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const reply = await service().app.inject({ method, url })
      expect(refusalOf(reply)).toEqual(wrongMethod)
      expect(reply.headers['allow']).toBe('GET, HEAD')
    }
  })

  it.each(['/livez', '/readyz'])('HEAD %s gets the headers of GET', async (url) => {
    const { app } = service()
    const [get, head] = [await app.inject({ url }), await app.inject({ method: 'HEAD', url })]
    expect(head).toMatchObject({ statusCode: 200, body: '' })
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('leaves no record in the audit', async () => {
    const before = await service().auditText()
    await ask(service(), '/livez')
    await service().app.inject({ method: 'POST', url: '/livez' })
    expect(await service().auditText()).toBe(before)
  })
})

/** The status of /readyz, while /livez is ok. */
async function unreadyOf(service: TestService): Promise<unknown> {
  expect(await ask(service, '/livez')).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' })
  const { statusCode, body } = await ask(service, '/readyz')
  return statusCode === 503 ? JSON.parse(body).status : statusCode
}

describe('in a drain', () => {
  it('not ready, but alive, also while the audit cannot be written', async () => {
    const service = await startTestService()
    service.lifecycle.phase = 'draining'
    expect(await unreadyOf(service)).toBe('draining')
    await breakAudit(service.auditDirectory)
    await service.mint()
    expect(service.audit.available).toBe(false)
    service.lifecycle.phase = 'leaving'
    expect(await unreadyOf(service)).toBe('draining')
  })

  it.each(['/v1/realtime/client_secrets', '/v1/realtime/sessions', '/nowhere'])(
    '%s is refused and its connection closes',
    async (url) => {
      const service = await startTestService()
      service.lifecycle.phase = 'draining'
      const reply = await service.app.inject({ method: 'POST', url, headers: { origin: ORIGIN } })
      expect(refusalOf(reply)).toEqual(draining)
      expect(reply.headers).toMatchObject({ connection: 'close', 'retry-after': '1' })
    },
  )
})

/** A service whose issuer sends this reply for its key set. */
async function startWithKeySet(answer: Answer) {
  const server = await startKeySetServer(answer)
  const environment = { ...issuerEnvironment, AUTH_JWKS_URL: server.url.href }
  return { server, service: await startTestService({ environment }) }
}

describe('while tokens cannot be verified', () => {
  it('not ready until there are keys, but alive', async () => {
    const { server, service } = await startWithKeySet((_, response) => response.writeHead(500).end())
    expect(await unreadyOf(service)).toBe('authentication_unavailable')
    server.answer(answerKeys())
    await expect.poll(async () => (await ask(service, '/readyz')).statusCode, { timeout: 5_000 }).toBe(200)
  })

  it('the service starts without a reply of the issuer, and a broken audit comes first', async () => {
    const { service } = await startWithKeySet(() => undefined)
    expect(await unreadyOf(service)).toBe('authentication_unavailable')
    await breakAudit(service.auditDirectory)
    await service.app.inject({ method: 'POST', url: '/v1/realtime/sessions' })
    expect(await unreadyOf(service)).toBe('audit_unavailable')
  })

  it('a shared secret is always available', async () => {
    const service = await startTestService({ environment: secretEnvironment })
    expect(await ask(service, '/readyz')).toMatchObject({ statusCode: 200 })
  })
})

describe('while Redis is unavailable', () => {
  it.each([
    ['not ready, if tokens may be used once', 'true', 'authentication_unavailable'],
    ['ready, if they may be used again', 'false', 200],
  ])('%s', async (_what, AUTH_SINGLE_USE, expected) => {
    const service = await startTestService({
      environment: { ...secretEnvironment, AUTH_SINGLE_USE, REDIS_URL: 'redis://127.0.0.1:1' },
    })
    expect(await unreadyOf(service)).toBe(expected)
    const text = expected === 200 ? 'this replica counts alone' : 'nothing is issued'
    expect(service.logText()).toContain(`redis unavailable: ${text}`)
  })
})
