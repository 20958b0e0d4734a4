import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { inTurn } from '../bench/in-turn.ts'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.ts'

const start = async (environment: TestServiceOptions['environment'] = {}) => {
  const service = await startTestService({ environment })
  const { app, auditDirectory } = service
  return {
    ...service,
    firstFile: () => join(auditDirectory, readdirSync(auditDirectory)[0] ?? ''),
    askHealth: async (path: string): Promise<unknown> => {
      const { statusCode, payload } = await app.inject({ method: 'GET', url: path })
      return [statusCode, JSON.parse(payload).status]
    },
  }
}

/** A service that can write no record until `repair` is called. */
async function startBroken() {
  const service = await start()
  // Otherwise a record of the start could be the first to fail.
  await service.mint({ preset: 'nobody' })
  await rm(service.auditDirectory, { recursive: true })
  await writeFile(service.auditDirectory, 'in the way')
  return { ...service, repair: () => rm(service.auditDirectory) }
}

const codesOf = (replies: readonly Awaited<ReturnType<TestService['mint']>>[]): unknown[] =>
  replies.map((reply) => reply.json().error?.code)

describe('a reply', () => {
  it('is sent after its record is in the file', async () => {
    const service = await start()
    const seen = await inTurn(Array.from({ length: 10 }), async () => {
      const { headers } = await service.mint()
      return readFileSync(service.firstFile(), 'utf8').includes(String(headers['x-request-id']))
    })
    expect(new Set(seen)).toStrictEqual(new Set([true]))
  })

  it.each([1, 100])(
    'has one record, with its own request id, when %i are requested at once',
    async (count) => {
      const service = await start()
      service.sandbox.behave({ kind: 'status', status: 503 }, Math.ceil(count / 3))
      const replies = await Promise.all(Array.from({ length: count }, () => service.mint()))
      const records = await service.attempts()
      expect(records).toHaveLength(count)
      expect(new Map(records.map((record) => [record['request_id'], record['status']]))).toStrictEqual(
        new Map(replies.map((reply) => [reply.headers['x-request-id'], reply.statusCode])),
      )
      const { attempts, mints, recordings } = service.lifecycle
      expect([attempts.count, mints.count, recordings.count]).toStrictEqual([0, 0, 0])
    },
  )

  it.each([
    ['a page that is not there', 'POST', '/nowhere'],
    ['another method', 'GET', CLIENT_SECRETS],
    ['a preflight', 'OPTIONS', CLIENT_SECRETS],
    ['health', 'GET', '/readyz'],
  ] as const)('has no record if the request is no attempt: %s', async (_name, method, url) => {
    const service = await start()
    await service.app.inject({ method, url, headers: { origin: 'https://app.example.com' } })
    expect(await service.attempts()).toStrictEqual([])
  })

  it('to a refused preflight of a minting route is counted, whatever the reason', async () => {
    const service = await start({ RATE_LIMIT_PER_ADDRESS: '3/day' })
    await inTurn([CLIENT_SECRETS, '/nowhere', '/nowhere', `${CLIENT_SECRETS}?preset=x`], (url) =>
      service.app.inject({ method: 'OPTIONS', url, headers: { origin: 'https://evil.example' } }),
    )
    await service.audit.close()
    expect((await service.records()).filter(({ event }) => event === 'refusals')).toMatchObject([
      { code: 'origin_not_allowed', count: 1, detail: { reasons: { origin_unlisted: 1 } } },
      { code: 'rate_limited', count: 1, detail: { reasons: { limit_per_address: 1 } } },
    ])
  })

  it.each([
    ['over the limit', { RATE_LIMIT_PER_ADDRESS: '1/day' }, 'limit_per_address'],
    ['from elsewhere', { ALLOWED_ORIGINS: 'https://other.example' }, 'origin_unlisted'],
  ])('to a POST %s has a record although it is refused first of all', async (_name, environment, reason) => {
    const service = await start(environment)
    await inTurn([1, 2], () => service.mint())
    const records = await service.attempts()
    expect(records).toHaveLength(2)
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', reason, secret: null, upstream: null })
  })

  it('while draining has a record like any other', async () => {
    const service = await start()
    service.lifecycle.phase = 'draining'
    const reply = await service.mint()
    expect(reply.headers).toMatchObject({ 'retry-after': '1', connection: 'close' })
    const expected = { outcome: 'failed', code: 'shutting_down', reason: 'draining', status: 503 }
    expect((await service.attempts()).at(-1)).toMatchObject(expected)
    expect(service.sandbox.requests).toHaveLength(0)
  })
})

describe('a record that cannot be written', () => {
  it('stops the secret: the reply is 503 audit_unavailable', async () => {
    const service = await startBroken()
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

  it('makes the service unready, but still live, until records can be written again', async () => {
    const service = await startBroken()
    expect(await service.askHealth('/readyz')).toStrictEqual([200, 'ok'])
    await service.mint()
    expect(await service.askHealth('/readyz')).toStrictEqual([503, 'audit_unavailable'])
    expect(await service.askHealth('/livez')).toStrictEqual([200, 'ok'])
    await service.repair()
    const isReady = async () => expect(await service.askHealth('/readyz')).toStrictEqual([200, 'ok'])
    await vi.waitFor(isReady, { timeout: 5_000, interval: 20 })
    const reply = await service.mint()
    expect(reply.statusCode).toBe(200)
    expect(await service.attempts()).toMatchObject([{ request_id: reply.headers['x-request-id'] }])
    const messages = service.logText().matchAll(/"msg":"(audit (?!anchor)[^"]+)"/g)
    expect([...messages].map(([, message]) => message)).toStrictEqual([
      'audit cannot be written: no secret is issued. Check the disk, the mount and the owner of AUDIT_DIR',
      'audit is written again',
    ])
  })

  it('does not change the code of an upstream failure', async () => {
    const service = await startBroken()
    service.sandbox.behave({ kind: 'status', status: 401 })
    expect(codesOf([await service.mint()])).toStrictEqual(['upstream_misconfigured'])
  })
})
