import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../support/proxy.ts'
import { CREDENTIALS, password, startBehindProxy } from './behind-proxy.ts'
import { expectation, outcomeOf, outputsOf } from './outcome.ts'

const say =
  (text: string) =>
  (client: Duplex): unknown =>
    client.end(text)

function reset(client: Duplex): void {
  if (client instanceof Socket) client.resetAndDestroy()
}

const once = (fault: Fault) => (count: number) => (count === 1 ? fault : undefined)

const TUNNEL = 'HTTP/1.1 200 OK\r\n\r\n'

const failures: readonly (readonly [name: string, fault: Fault, reason: string])[] = [
  ['wants other credentials', say('HTTP/1.1 407 No\r\nproxy-authenticate: Basic\r\n\r\n'), 'upstream_proxy'],
  ['forbids it', say('HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nno!\n'), 'upstream_proxy'],
  ['finds no upstream', say('HTTP/1.1 502 Bad Gateway\r\n\r\n'), 'upstream_proxy'],
  ['points elsewhere', say('HTTP/1.1 302 Found\r\nlocation: http://localhost/\r\n\r\n'), 'upstream_proxy'],
  ['speaks no HTTP', say('SSH-2.0-OpenSSH_9.9\r\n\r\n'), 'upstream_proxy'],
  ['answers without end', say(`HTTP/1.1 200 OK\r\nx-long: ${'a'.repeat(100_000)}`), 'upstream_proxy'],
  ['closes without an answer', say(''), 'upstream_proxy'],
  ['resets', reset, 'upstream_reset'],
  ['closes the tunnel at once', say(TUNNEL), 'upstream_reset'],
  ['cuts the tunnel at once', (client) => client.write(TUNNEL, () => reset(client)), 'upstream_reset'],
]

describe('a proxy that', () => {
  it.each(failures)('%s makes upstream unavailable after one retry', async (_name, fault, reason) => {
    const { service, upstream, proxy } = await startBehindProxy({ instead: () => fault })
    const reply = await service.mint()
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('unavailable', reason))
    expect(await service.attempts()).toMatchObject([{ upstream: { status: null, attempts: 2 } }])
    expect([proxy.asked.length, upstream.requests.length]).toStrictEqual([2, 0])
    expect(await outputsOf(service, reply)).not.toMatch(password)
  })

  it.each(failures)('%s once costs no mint', async (_name, fault) => {
    const { service, upstream } = await startBehindProxy({ instead: once(fault) })
    expect((await service.mint()).statusCode).toBe(200)
    expect((await service.mint()).statusCode).toBe(200)
    expect(await service.attempts()).toMatchObject([
      { upstream: { attempts: 2 } },
      { upstream: { attempts: 1 } },
    ])
    expect(upstream.requests).toHaveLength(2)
  })

  it('does not listen makes upstream unavailable', async () => {
    const { service, upstream } = await startBehindProxy({}, () => ({
      HTTPS_PROXY: `http://${CREDENTIALS}@127.0.0.1:1`,
    }))
    const reply = await service.mint()
    expect(await outcomeOf(service, reply)).toStrictEqual(
      expectation('unavailable', 'upstream_not_connected'),
    )
    expect(upstream.connections()).toBe(0)
    expect(await outputsOf(service, reply)).not.toMatch(password)
  })

  it.each([
    ['never answers', () => undefined, 'upstream_proxy'],
    ['answers and then is silent', (client: Duplex) => client.write(TUNNEL), 'upstream_not_connected'],
  ])('%s times out long before the deadline, without a retry', async (_name, fault, reason) => {
    const { service, proxy } = await startBehindProxy({ instead: once(fault) })
    const startedAt = performance.now()
    const reply = await service.mint()
    // undici's clock for it is coarse.
    expect(performance.now() - startedAt).toBeLessThan(3_500)
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('unavailable', reason))
    expect(proxy.asked).toHaveLength(1)
    expect((await service.mint()).statusCode).toBe(200)
  })

  it('never answers delays neither the deadline nor the next mint', async () => {
    const { service } = await startBehindProxy({ instead: once(() => undefined) }, () => ({
      UPSTREAM_TIMEOUT_MS: '250',
    }))
    const startedAt = performance.now()
    const reply = await service.mint()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('timeout', 'upstream_deadline'))
    expect(await outputsOf(service, reply)).not.toMatch(password)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
