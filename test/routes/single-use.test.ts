/** AUTH_SINGLE_USE: a token is consumed when its secret is issued, and by nothing else. */
import { mkdir, rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { auditDown, overloaded, refusalOf, unauthenticated } from '../support/replies.ts'
import { breakAudit, type Reply, startTestService, type TestService } from '../support/service.ts'
import { secretEnvironment, toBearer, toToken } from '../support/tokens.ts'

const environment = { ...secretEnvironment, AUTH_SINGLE_USE: 'true' } as const

const start = (settings: Record<string, string> = {}) =>
  startTestService({ environment: { ...environment, ...settings } })

const mintWith = (
  { mint }: TestService,
  token: string,
  body: object = { preset: 'assistant' },
): Promise<Reply> => mint(body, toBearer(token))

const lastReason = async (service: TestService): Promise<unknown> =>
  (await service.attempts()).at(-1)?.['reason']

describe('a token', () => {
  it('mints once', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect(refusalOf(await mintWith(service, token))).toEqual(unauthenticated)
    expect(await lastReason(service)).toBe('token_replayed')
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it('with the id of another one counts as that one', async () => {
    const service = await start()
    expect((await mintWith(service, toToken({ jti: 'one' }))).statusCode).toBe(200)
    const again = toToken({ jti: 'one', sub: 'another', exp: Math.floor(Date.now() / 1000) + 90 })
    expect(refusalOf(await mintWith(service, again))).toEqual(unauthenticated)
    expect((await mintWith(service, toToken({ jti: 'two' }))).statusCode).toBe(200)
  })

  it('mints once in simultaneous calls', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    const replies = await Promise.all(Array.from({ length: 10 }, () => mintWith(service, token)))
    expect(replies.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    expect(replies.filter(({ statusCode }) => statusCode === 401)).toHaveLength(9)
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it('is refused while it mints, and the refusals do not release it', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    service.sandbox.behave({ kind: 'hang' })
    const hanging = mintWith(service, token)
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    expect(refusalOf(await mintWith(service, token))).toEqual(unauthenticated)
    expect(refusalOf(await mintWith(service, token))).toEqual(unauthenticated)
    await service.sandbox.close()
    expect((await hanging).statusCode).toBe(503)
  })

  it('may be used again without AUTH_SINGLE_USE', async () => {
    const service = await start({ AUTH_SINGLE_USE: 'false' })
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })
})

describe('a token is not consumed', () => {
  it.each<[what: string, status: number, behaviour: Behaviour]>([
    ['fails', 503, { kind: 'status', status: 504 }],
    ['refuses our key', 502, { kind: 'status', status: 401 }],
    ['is reset', 503, { kind: 'reset' }],
    ['sends something else', 502, { kind: 'malformed', variant: 'html' }],
  ])('by an upstream that %s', async (_, status, behaviour) => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    service.sandbox.behave(behaviour, 1)
    expect((await mintWith(service, token)).statusCode).toBe(status)
    expect((await mintWith(service, token)).statusCode).toBe(200)
    expect((await mintWith(service, token)).statusCode).toBe(401)
  })

  it('by a request that is refused before upstream is asked', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    const bodies = [{ preset: 'nobody' }, { x: 1 }, { preset: 'assistant', session: { model: 'x' } }]
    const statuses: number[] = []
    for (const body of bodies) statuses.push((await mintWith(service, token, body)).statusCode)
    expect(statuses).toEqual([404, 400, 403])
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })

  it('if too many mints are in flight', async () => {
    const service = await start({ MAX_CONCURRENT_MINTS: '1', UPSTREAM_TIMEOUT_MS: '500' })
    service.sandbox.behave({ kind: 'hang' }, 1)
    const hanging = mintWith(service, toToken({ jti: 'one' }))
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    const token = toToken({ jti: 'two' })
    expect(refusalOf(await mintWith(service, token))).toEqual(overloaded)
    expect((await hanging).statusCode).toBe(504)
    expect((await mintWith(service, token)).statusCode).toBe(200)
  })

  it('by a secret that is not sent because its record cannot be written', async () => {
    const service = await start()
    const token = toToken({ jti: 'one' })
    expect((await mintWith(service, toToken({ jti: 'before' }))).statusCode).toBe(200)
    await breakAudit(service.auditDirectory)
    expect(refusalOf(await mintWith(service, token))).toEqual(auditDown)
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
