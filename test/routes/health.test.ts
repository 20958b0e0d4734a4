import { rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { bodyOf, expectCommonHeaders, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

/** From here on no record can be written, and no other file be opened. */
async function breakAudit({ auditDirectory }: TestService): Promise<void> {
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

  it.each(['/livez', '/readyz'])('%s takes GET alone', async (url) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const reply = await service().app.inject({ method, url })
      expect(refusalOf(reply)).toEqual([405, 'invalid_request', null])
      expect(reply.headers['allow']).toBe('GET')
    }
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
