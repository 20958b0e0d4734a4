import { describe, expect, it, vi } from 'vitest'
import { stopClock } from '../openai/outcome.ts'
import { CLIENT_SECRETS, limited, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { send } from '../support/sockets.ts'

const start = (limit: string) => startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: limit } })

type Method = 'GET' | 'POST' | 'OPTIONS' | 'HEAD'

describe('the limit per address', () => {
  it.each<[what: string, method: Method, url: string, headers?: Record<string, string>]>([
    ['an unknown path', 'GET', '/nowhere'],
    ['a malformed path', 'GET', '/%zz'],
    ['a path in escapes', 'GET', '/%6civez'],
    ['a wrong method', 'GET', CLIENT_SECRETS],
    ['a HEAD', 'HEAD', '/nowhere'],
    ['a refused preflight', 'OPTIONS', CLIENT_SECRETS, { origin: 'https://evil.example' }],
    ['a mint without an origin', 'POST', CLIENT_SECRETS],
    ['a mint of another origin', 'POST', CLIENT_SECRETS, { origin: 'https://evil.example' }],
    ['a mint of the wrong type', 'POST', CLIENT_SECRETS, { origin: ORIGIN, 'content-type': 'x' }],
    ['a path like that of a health check', 'GET', '/livez/'],
    ['a health check in capitals', 'GET', '/LIVEZ'],
  ])('counts %s, and comes before any other refusal', async (_, method, url, headers = {}) => {
    const service = await start('1/day')
    expect((await service.app.inject({ method, url, headers })).statusCode).not.toBe(429)
    expect((await service.app.inject({ method, url, headers })).statusCode).toBe(429)
    expect(refusalOf(await service.mint())).toEqual(limited)
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it.each(['http://localhost/livez', '*', '/livez%'])('counts the target %s', async (target) => {
    const service = await start('1/day')
    const replies = [await send(service, `GET ${target}`), await send(service, 'GET /nowhere')]
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([400, 429])
  })

  const minting = [CLIENT_SECRETS, SESSIONS, `${CLIENT_SECRETS}?preset=assistant`]
  const health = ['/livez', '/readyz', '/livez?x=1', '/readyz?']

  it.each<[what: string, url: string, method: Method, status: number]>([
    ...minting.map((url): [string, string, Method, number] => ['preflights', url, 'OPTIONS', 204]),
    ['preflights', '/nowhere', 'OPTIONS', 404],
    ['preflights', '/client.js', 'OPTIONS', 405],
    ...health.map((url): [string, string, Method, number] => ['health checks', url, 'GET', 200]),
  ])('neither counts nor refuses %s of %s from a listed origin', async (_, url, method, status) => {
    const service = await start('1/day')
    const ask = () => service.app.inject({ method, url, headers: { origin: ORIGIN } })
    for (let times = 0; times < 3; times += 1) expect((await ask()).statusCode).toBe(status)
    expect((await service.mint()).statusCode).toBe(200)
    expect(refusalOf(await service.mint())).toEqual(limited)
    const reply = await ask()
    expect(reply.statusCode).toBe(status)
    expect(reply.headers).not.toHaveProperty('ratelimit')
  })

  it('refuses with the time to wait, readable by the page, and with a record', async () => {
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
    const record = { outcome: 'refused', code: 'rate_limited', reason: 'limit_per_address', status: 429 }
    expect((await service.records()).at(-1)).toMatchObject(record)
  })
})

/** Asks at these times, in milliseconds. */
async function startClocked(limit: string) {
  const { app } = await start(limit)
  const clock = { now: 0 }
  return async (ms: number) => {
    vi.advanceTimersByTime(ms - clock.now)
    clock.now = ms
    const { statusCode, headers } = await app.inject('/nowhere')
    return [statusCode, headers['ratelimit'], headers['retry-after']]
  }
}

describe('the headers', () => {
  stopClock()

  it('show what remains and when it grows, in whole seconds rounded up', async () => {
    const ask = await startClocked('2/minute')
    expect(await ask(0)).toEqual([404, '"address";r=1;t=60', undefined])
    expect(await ask(30_500)).toEqual([404, '"address";r=0;t=30', undefined])
    expect(await ask(30_500)).toEqual([429, '"address";r=0;t=30', '30'])
    expect(await ask(59_999)).toEqual([429, '"address";r=0;t=1', '1'])
    expect(await ask(60_000)).toEqual([404, '"address";r=0;t=31', undefined])
    expect(await ask(90_500)).toEqual([404, '"address";r=0;t=30', undefined])
  })
})
