import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openAttempts } from '../../src/audit/hooks.ts'
import { limitAddresses, showQuotas } from '../../src/http/address-limit.ts'
import { answerErrors } from '../../src/http/error-handler.ts'
import { Lifecycle } from '../../src/lifecycle.ts'
import { createLimits } from '../../src/limits/levels.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { LimitRule } from '../../src/limits/rules.ts'
import { createLogger } from '../../src/logger.ts'
import { CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { exchange, listen, toRequest } from '../support/sockets.ts'

const limited = [429, 'rate_limited', null] as const

const start = (limit: string) => startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: limit } })

interface Call {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'HEAD'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

describe('counts', () => {
  it.each<[what: string, call: Call]>([
    ['a path that is not there', { url: '/nowhere' }],
    ['a malformed path', { url: '/%zz' }],
    ['a path in escapes', { url: '/%6civez' }],
    ['a wrong method', { url: CLIENT_SECRETS }],
    ['a HEAD', { method: 'HEAD', url: '/nowhere' }],
    [
      'a preflight that is refused',
      { method: 'OPTIONS', url: CLIENT_SECRETS, headers: { origin: 'https://evil.example' } },
    ],
    ['a preflight of no path', { method: 'OPTIONS', url: '/nowhere', headers: { origin: ORIGIN } }],
    ['a mint without an origin', { method: 'POST', url: CLIENT_SECRETS }],
    [
      'a mint of the wrong type',
      { method: 'POST', url: CLIENT_SECRETS, headers: { origin: ORIGIN, 'content-type': 'x' } },
    ],
    ['what only looks like a health check', { url: '/livez/' }],
    ['a health check in capitals', { url: '/LIVEZ' }],
  ])('%s', async (_, call) => {
    const service = await start('1/day')
    expect((await service.app.inject(call)).statusCode).not.toBe(429)
    expect(refusalOf(await service.mint())).toEqual(limited)
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it.each(['http://localhost/livez', '*', '/livez%'])('the target %s', async (target) => {
    const service = await start('1/day')
    const port = await listen(service.app)
    const [first] = await exchange(port, toRequest(`GET ${target}`))
    const [second] = await exchange(port, toRequest('GET /nowhere'))
    expect([first?.statusCode, second?.statusCode]).toEqual([400, 429])
  })

  it.each([CLIENT_SECRETS, SESSIONS, `${CLIENT_SECRETS}?preset=assistant`])(
    'nothing for a preflight of %s from a listed origin, which is never refused',
    async (url) => {
      const service = await start('1/day')
      const preflight = { method: 'OPTIONS', url, headers: { origin: ORIGIN } } as const
      for (let times = 0; times < 3; times += 1) {
        expect((await service.app.inject(preflight)).statusCode).toBe(204)
      }
      expect((await service.mint()).statusCode).toBe(200)
      expect(refusalOf(await service.mint())).toEqual(limited)
      const reply = await service.app.inject(preflight)
      expect(reply.statusCode).toBe(204)
      expect(reply.headers).not.toHaveProperty('ratelimit')
    },
  )

  it.each(['/livez', '/readyz', '/livez?x=1', '/readyz?'])(
    'nothing for %s, which is never limited',
    async (url) => {
      const service = await start('1/day')
      for (let times = 0; times < 3; times += 1) expect((await service.app.inject(url)).statusCode).toBe(200)
      expect((await service.mint()).statusCode).toBe(200)
      const reply = await service.app.inject(url)
      expect(reply.statusCode).toBe(200)
      expect(reply.headers).not.toHaveProperty('ratelimit')
    },
  )

  it('a mint that fails, without giving it back', async () => {
    const service = await start('1/day')
    service.sandbox.behave({ kind: 'status', status: 500 })
    expect((await service.mint()).statusCode).toBe(503)
    expect(refusalOf(await service.mint())).toEqual(limited)
  })
})

describe('a refusal', () => {
  it('says when to come again, and may be read by the page', async () => {
    const service = await start('1/second')
    await service.mint()
    const { headers, statusCode } = await service.mint()
    expect(statusCode).toBe(429)
    expect(headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"address";q=1;w=1',
      ratelimit: '"address";r=0;t=1',
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
    })
    expect(headers).not.toHaveProperty('x-should-retry')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
  })

  it('of a POST to a minting route is recorded', async () => {
    const service = await start('1/day')
    await service.mint()
    await service.mint()
    expect((await service.records()).at(-1)).toMatchObject({
      outcome: 'refused',
      code: 'rate_limited',
      reason: 'limit_per_address',
      status: 429,
    })
  })
})

it('without a setting it is 60 a minute', async () => {
  const service = await startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: undefined } })
  const { headers } = await service.app.inject('/nowhere')
  expect(headers).toMatchObject({
    'ratelimit-policy': '"address";q=60;w=60',
    ratelimit: '"address";r=59;t=60',
  })
})

const toPseudonym = (_kind: string, value: string): string => value

/** The limit alone, on a clock that stands where it is put. */
async function startClocked(rules: readonly LimitRule[]) {
  const clock = { now: 0 }
  const app = Fastify()
  onTestFinished(() => app.close())
  answerErrors(app, createLogger('silent', { write: () => undefined }))
  openAttempts(app, { lifecycle: new Lifecycle(), toAddress: ({ ip }) => ip, now: () => clock.now })
  const store = new LocalStore({ monotonicNow: () => clock.now })
  const limits = createLimits({ store, perAddress: rules, perCaller: [], total: [], toPseudonym })
  await limitAddresses(app, {
    limits,
    exemptPaths: new Set(),
    mintingPaths: new Set(),
    allowedOrigins: new Set(),
  })
  showQuotas(app)
  app.get('/', () => 'ok')
  const ask = async (ms: number, remoteAddress = '192.0.2.1') => {
    clock.now = ms
    const { statusCode, headers } = await app.inject({ url: '/', remoteAddress })
    return [statusCode, headers['ratelimit'], headers['retry-after']]
  }
  return ask
}

describe('the headers', () => {
  const perMinute = { limit: 2, windowMs: 60_000 } as const

  it('tell what is left and when the next comes free, in whole seconds rounded up', async () => {
    const ask = await startClocked([perMinute])
    expect(await ask(0)).toEqual([200, '"address";r=1;t=60', undefined])
    expect(await ask(30_500)).toEqual([200, '"address";r=0;t=30', undefined])
    expect(await ask(30_500)).toEqual([429, '"address";r=0;t=30', '30'])
    expect(await ask(59_999)).toEqual([429, '"address";r=0;t=1', '1'])
    expect(await ask(60_000)).toEqual([200, '"address";r=0;t=31', undefined])
    expect(await ask(90_500)).toEqual([200, '"address";r=0;t=30', undefined])
  })

  it('are of one address each', async () => {
    const ask = await startClocked([perMinute])
    await ask(0, '192.0.2.1')
    expect(await ask(0, '192.0.2.2')).toEqual([200, '"address";r=1;t=60', undefined])
  })

  it('tell of each rule under a name of its own, and of the tightest how it stands', async () => {
    const ask = await startClocked([
      { limit: 2, windowMs: 1_000 },
      { limit: 3, windowMs: 60_000 },
    ])
    expect(await ask(0)).toEqual([200, '"address";r=1;t=1', undefined])
    expect(await ask(0)).toEqual([200, '"address";r=0;t=1', undefined])
    expect(await ask(1_000)).toEqual([200, '"address-minute";r=0;t=59', undefined])
    expect(await ask(1_000)).toEqual([429, '"address-minute";r=0;t=59', '59'])
    const service = await start('10/minute,200/day')
    const { headers } = await service.app.inject('/nowhere')
    expect(headers['ratelimit-policy']).toBe('"address";q=10;w=60, "address-day";q=200;w=86400')
  })
})
