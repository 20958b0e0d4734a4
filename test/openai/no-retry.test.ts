import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { startTestService } from '../support/service.ts'
import { listen } from '../support/upstream.ts'
import { expectation, mintOutcome, outcomeOf, startFor } from './outcome.ts'

const toStatus = (status: number, headers = {}): Behaviour => ({ kind: 'status', status, headers })

/** Resolves when undici has written the head of a request. */
function nextRequestSent(): Promise<void> {
  const sent = channel('undici:client:sendHeaders')
  return new Promise((resolve) => {
    const tell = (): void => {
      sent.unsubscribe(tell)
      resolve()
    }
    sent.subscribe(tell)
  })
}

describe('there is no retry', () => {
  it.each(['reset', 'truncate', 'hang', 'headers-only', 'drip'] as const)('after a %s', async (kind) => {
    const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '1000' } })
    service.sandbox.behave({ kind }, 1)
    expect((await service.mint()).statusCode).toBeGreaterThanOrEqual(503)
    expect(service.sandbox.requests).toHaveLength(1)
    expect(await service.attempts()).toMatchObject([{ upstream: { attempts: 1 } }])
  })

  it('after a reset, even if upstream read nothing of the request', async () => {
    const server = createServer({ pauseOnConnect: true })
    const accepted = once(server, 'connection')
    const sent = nextRequestSent()
    const service = await startFor(`http://127.0.0.1:${await listen(server)}/v1`)
    const minting = service.mint()
    const [[socket]] = await Promise.all([accepted, sent])
    socket.resetAndDestroy()
    expect(await outcomeOf(service, await minting)).toStrictEqual(
      expectation('unavailable', 'upstream_reset'),
    )
    expect(await service.attempts()).toMatchObject([{ upstream: { attempts: 1 } }])
  })

  it('if too little time is left', async () => {
    const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
    service.sandbox.behave(toStatus(500), 1)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_error'))
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it.each([
    [500, '7', '7'],
    [502, '7', '7'],
    [503, '7', '7'],
    [504, '7', '7'],
    [503, '3600', '60'],
  ])('after a %i with Retry-After %s, which is passed on as %s', async (status, asked, retryAfter) => {
    const service = await startTestService()
    service.sandbox.behave(toStatus(status, { 'retry-after': asked }), 1)
    const outcome = { ...expectation('unavailable', 'upstream_error'), retryAfter }
    expect(await mintOutcome(service)).toStrictEqual(outcome)
    expect(service.sandbox.requests).toHaveLength(1)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
