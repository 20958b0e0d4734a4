import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { inTurn } from '../bench/in-turn.ts'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService, type TestService } from '../support/service.ts'

const RECOVERY = { timeout: 5_000, interval: 20 }

/** Nothing can be written until the returned function is called. */
async function breakAudit({ auditDirectory, mint }: TestService): Promise<() => Promise<void>> {
  // Otherwise a record of the start could be the first to fail.
  await mint({ preset: 'nobody' })
  await rm(auditDirectory, { recursive: true })
  await writeFile(auditDirectory, 'in the way')
  return () => rm(auditDirectory)
}

const askHealth = async ({ app }: TestService, path: string): Promise<unknown> => {
  const { statusCode, payload } = await app.inject({ method: 'GET', url: path })
  return [statusCode, JSON.parse(payload)]
}

const attempts = async (service: TestService) =>
  (await service.records()).filter(({ event }) => event === 'attempt')

describe('a reply', () => {
  it('is sent after its record is in the file', async () => {
    const service = await startTestService()
    const seen = await inTurn(Array.from({ length: 10 }), async () => {
      const { headers } = await service.mint()
      const [name = ''] = readdirSync(service.auditDirectory)
      return readFileSync(join(service.auditDirectory, name), 'utf8').includes(
        String(headers['x-request-id']),
      )
    })
    expect(new Set(seen)).toStrictEqual(new Set([true]))
  })

  it.each([1, 100])(
    'has one record, with its own request id, when %i are requested at once',
    async (count) => {
      const service = await startTestService()
      service.sandbox.behave({ kind: 'status', status: 503 }, Math.ceil(count / 3))
      const replies = await Promise.all(Array.from({ length: count }, () => service.mint()))
      const records = await attempts(service)
      expect(records).toHaveLength(count)
      expect(new Map(records.map((record) => [record['request_id'], record['status']]))).toStrictEqual(
        new Map(replies.map((reply) => [reply.headers['x-request-id'], reply.statusCode])),
      )
      const { attempts: open, mints, recordings } = service.lifecycle
      expect([open.count, mints.count, recordings.count]).toStrictEqual([0, 0, 0])
    },
  )

  it.each([
    ['a page that is not there', 'POST', '/nowhere'],
    ['another method', 'GET', CLIENT_SECRETS],
    ['a preflight', 'OPTIONS', CLIENT_SECRETS],
    ['health', 'GET', '/readyz'],
  ] as const)('has no record if the request is no attempt: %s', async (_name, method, url) => {
    const service = await startTestService()
    await service.app.inject({ method, url, headers: { origin: 'https://app.example.com' } })
    expect(await attempts(service)).toStrictEqual([])
  })

  it('to a refused preflight of a minting route is counted, whatever the reason', async () => {
    const service = await startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: '3/day' } })
    const ask = (url: string, origin: string) =>
      service.app.inject({ method: 'OPTIONS', url, headers: { origin } })
    await ask(CLIENT_SECRETS, 'https://evil.example')
    await ask('/nowhere', 'https://evil.example')
    await ask('/nowhere', 'https://evil.example')
    await ask(`${CLIENT_SECRETS}?preset=x`, 'https://evil.example')
    await service.audit.close()
    const counted = (await service.records()).filter(({ event }) => event === 'refusals')
    expect(counted).toMatchObject([
      { code: 'origin_not_allowed', count: 1, detail: { reasons: { origin_unlisted: 1 } } },
      { code: 'rate_limited', count: 1, detail: { reasons: { limit_per_address: 1 } } },
    ])
  })

  it.each([
    ['over the limit', { RATE_LIMIT_PER_ADDRESS: '1/day' }, 'limit_per_address'],
    ['from elsewhere', { ALLOWED_ORIGINS: 'https://other.example' }, 'origin_unlisted'],
  ])('to a POST %s has a record although it is refused first of all', async (_name, environment, reason) => {
    const service = await startTestService({ environment })
    await service.mint()
    await service.mint()
    const records = await attempts(service)
    expect(records).toHaveLength(2)
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', reason, secret: null, upstream: null })
  })

  it('while draining has a record like any other', async () => {
    const service = await startTestService()
    service.lifecycle.phase = 'draining'
    const reply = await service.mint()
    expect(reply.headers).toMatchObject({ 'retry-after': '1', connection: 'close' })
    expect((await attempts(service)).at(-1)).toMatchObject({
      outcome: 'failed',
      code: 'shutting_down',
      reason: 'draining',
      status: 503,
    })
    expect(service.sandbox.requests).toHaveLength(0)
  })
})

describe('a record that cannot be written', () => {
  it('stops the secret: the reply is 503 audit_unavailable', async () => {
    const service = await startTestService()
    await breakAudit(service)
    const reply = await service.mint()
    expect(service.sandbox.requests).toHaveLength(1)
    expect(reply.statusCode).toBe(503)
    expect(reply.headers).toMatchObject({
      'retry-after': '5',
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(reply.payload.length),
      'access-control-allow-origin': 'https://app.example.com',
    })
    expect(reply.headers).not.toHaveProperty('x-should-retry')
    expect(reply.json()).toStrictEqual({
      error: {
        message: expect.stringMatching(/record/),
        type: 'server_error',
        code: 'audit_unavailable',
        param: null,
        request_id: reply.headers['x-request-id'],
      },
    })
    expect(service.logText()).not.toContain('ek_')
  })

  it('makes the next attempt fail before upstream is asked', async () => {
    const service = await startTestService()
    await breakAudit(service)
    await service.mint()
    const before = service.sandbox.requests.length
    const replies = await Promise.all([service.mint(), service.mint(), service.mint()])
    expect(replies.map((reply) => reply.json().error.code)).toStrictEqual(Array(3).fill('audit_unavailable'))
    expect(replies.map(({ headers }) => headers['retry-after'])).toStrictEqual(['5', '5', '5'])
    expect(service.sandbox.requests).toHaveLength(before)
  })

  it('makes the service unready, but still live, until records can be written again', async () => {
    const service = await startTestService()
    expect(await askHealth(service, '/readyz')).toStrictEqual([200, { status: 'ok' }])
    const repair = await breakAudit(service)
    await service.mint()
    expect(await askHealth(service, '/readyz')).toStrictEqual([503, { status: 'audit_unavailable' }])
    expect(await askHealth(service, '/livez')).toStrictEqual([200, { status: 'ok' }])
    await repair()
    await vi.waitFor(async () => {
      expect(await askHealth(service, '/readyz')).toStrictEqual([200, { status: 'ok' }])
    }, RECOVERY)
    const reply = await service.mint()
    expect(reply.statusCode).toBe(200)
    expect((await attempts(service)).map((record) => record['request_id'])).toStrictEqual([
      reply.headers['x-request-id'],
    ])
    const messages = service.logText().matchAll(/"msg":"(audit (?!anchor)[^"]+)"/g)
    expect([...messages].map(([, message]) => message)).toStrictEqual([
      'audit cannot be written: no secret is issued',
      'audit is written again',
    ])
  })

  it.each([
    ['another origin', {}, { origin: 'https://evil.example' }, 'origin_not_allowed'],
    ['an unknown preset', { preset: 'nobody' }, {}, 'unknown_preset'],
    ['an unknown field', { preset: 'assistant', secret: 1 }, {}, 'invalid_request'],
    [
      'a closed field',
      { preset: 'assistant', session: { type: 'realtime', audio: { output: { voice: 'cedar' } } } },
      {},
      'override_not_allowed',
    ],
  ])('does not change the code of a refusal: %s', async (_name, body, headers, code) => {
    const service = await startTestService()
    await breakAudit(service)
    const replies = await inTurn([1, 2], () => service.mint(body, headers))
    expect(replies.map((reply) => reply.json().error.code)).toStrictEqual([code, code])
    expect(replies[0]?.statusCode).toBeLessThan(500)
  })

  it('does not change the code of an upstream failure', async () => {
    const service = await startTestService()
    service.sandbox.behave({ kind: 'status', status: 401 })
    await breakAudit(service)
    expect((await service.mint()).json().error.code).toBe('upstream_misconfigured')
  })

  it('fails all mints under way when the file is removed', async () => {
    const service = await startTestService()
    service.sandbox.behave({ kind: 'delay', ms: 400 })
    const replies = Promise.all(Array.from({ length: 20 }, () => service.mint()))
    await vi.waitFor(() => expect(service.sandbox.requests).toHaveLength(20))
    const [name = ''] = readdirSync(service.auditDirectory)
    await rm(join(service.auditDirectory, name))
    const codes = (await replies).map((reply) => reply.json().error?.code)
    expect(new Set(codes)).toStrictEqual(new Set(['audit_unavailable']))
  })
})
