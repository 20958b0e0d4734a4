/** AUTH_SINGLE_USE: a token is used up by the secret that leaves for it, and by nothing else. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { refusalOf } from '../support/replies.ts'
import { type Reply, startTestService, type TestService } from '../support/service.ts'
import { secretEnvironment, toBearer, toToken } from '../support/tokens.ts'

const environment = { ...secretEnvironment, AUTH_SINGLE_USE: 'true' } as const

const start = (more: Record<string, string> = {}) =>
  startTestService({ environment: { ...environment, ...more } })

const mintWith = (
  { mint }: TestService,
  token: string,
  body: object = { preset: 'assistant' },
): Promise<Reply> => mint(body, toBearer(token))

const denied = [401, 'unauthenticated', null] as const

const lastReason = async (service: TestService): Promise<unknown> =>
  (await service.records()).findLast(({ event }) => event === 'attempt')?.['reason']

describe('a token', () => {
  it('mints once', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect(refusalOf(await mintWith(service, token))).toEqual(denied)
    expect(await lastReason(service)).toBe('token_replayed')
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it('with the id of another is that one', async () => {
    const service = await start()
    expect((await mintWith(service, toToken({ jti: 'one' }))).statusCode).toBe(200)
    const again = toToken({ jti: 'one', sub: 'another', exp: Math.floor(Date.now() / 1000) + 90 })
    expect(refusalOf(await mintWith(service, again))).toEqual(denied)
    expect((await mintWith(service, toToken({ jti: 'two' }))).statusCode).toBe(200)
  })

  it('without an id is none', async () => {
    const service = await start()
    expect(refusalOf(await mintWith(service, toToken()))).toEqual(denied)
    expect(await lastReason(service)).toBe('token_claim_missing')
  })

  it('mints once of many times at once', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    const replies = await Promise.all(Array.from({ length: 10 }, () => mintWith(service, token)))
    expect(replies.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    expect(replies.filter(({ statusCode }) => statusCode === 401)).toHaveLength(9)
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it('is refused elsewhere while it mints, and that gives nobody’s back', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    service.sandbox.behave({ kind: 'hang' })
    const hanging = mintWith(service, token)
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    expect(refusalOf(await mintWith(service, token))).toEqual(denied)
    expect(refusalOf(await mintWith(service, token))).toEqual(denied)
    await service.sandbox.close()
    expect((await hanging).statusCode).toBe(503)
  })

  it('may be used again where it need not be used once', async () => {
    const service = await start({ AUTH_SINGLE_USE: 'false' })
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })
})

describe('a token is not used up', () => {
  it.each<[what: string, status: number, behaviour: Behaviour]>([
    ['fails', 503, { kind: 'status', status: 504 }],
    ['refuses our key', 502, { kind: 'status', status: 401 }],
    ['is reset', 503, { kind: 'reset' }],
    ['answers with something else', 502, { kind: 'malformed', variant: 'html' }],
  ])('by an upstream that %s', async (_, status, behaviour) => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    service.sandbox.behave(behaviour, 1)
    expect((await mintWith(service, token)).statusCode).toBe(status)
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(401)
  })

  it('by what is refused before upstream is asked', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    const bodies = [{ preset: 'nobody' }, { x: 1 }, { preset: 'assistant', session: { model: 'x' } }]
    const statuses: number[] = []
    for (const body of bodies) statuses.push((await mintWith(service, token, body)).statusCode)
    expect(statuses).toEqual([404, 400, 403])
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })

  it('where too many mints are under way', async () => {
    const service = await start({ MAX_CONCURRENT_MINTS: '1', UPSTREAM_TIMEOUT_MS: '500' })
    service.sandbox.behave({ kind: 'hang' }, 1)
    const hanging = mintWith(service, toToken({ jti: 'one' }))
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    const token = toToken({ jti: 'two' })
    expect(refusalOf(await mintWith(service, token))).toEqual([503, 'overloaded', null])
    expect((await hanging).statusCode).toBe(504)
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })

  it('by a secret whose record could not be written, and which did not leave', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, toToken({ jti: 'before' }))).statusCode).toBe(200)
    await rm(service.auditDirectory, { recursive: true })
    await writeFile(service.auditDirectory, '')
    expect(refusalOf(await mintWith(service, token))).toEqual([503, 'audit_unavailable', null])
    expect(service.sandbox.requests).toHaveLength(2)
    await rm(service.auditDirectory)
    await mkdir(service.auditDirectory)
    await expect
      .poll(async () => (await service.app.inject('/readyz')).statusCode, { timeout: 5_000 })
      .toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(401)
  })
})
