import { describe, expect, it, vi } from 'vitest'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.ts'
import { exchange, listen, mintBody, mintHeaders, openPeer, toRequest } from '../support/sockets.ts'

const mint = toRequest(`POST ${CLIENT_SECRETS}`, mintHeaders, mintBody)

/** The only record. */
async function onlyRecord(service: TestService): Promise<unknown> {
  const isOne = async (): Promise<void> => expect(await service.attempts()).toHaveLength(1)
  await vi.waitFor(isOne, { timeout: 5_000, interval: 10 })
  await service.lifecycle.attempts.whenEmpty()
  await isOne()
  return (await service.attempts())[0]
}

const waysToGo = ['end', 'destroy', 'resetAndDestroy'] as const

type Behaviour = Parameters<TestService['sandbox']['behave']>[0]

/** A service whose upstream was asked for a caller who is still connected. */
async function startMint(behaviour: Behaviour, environment: TestServiceOptions['environment'] = {}) {
  const service = await startTestService({ environment })
  service.sandbox.behave(behaviour, 1)
  const { socket } = await openPeer(await listen(service.app))
  socket.write(mint)
  await vi.waitFor(() => expect(service.sandbox.requests).toHaveLength(1))
  return { service, socket }
}

describe('a caller who disconnects during the mint', () => {
  it.each(waysToGo)(
    '(%s) does not cancel it: its record says that the secret was not delivered',
    async (go) => {
      const { service, socket } = await startMint({ kind: 'delay', ms: 300 })
      socket[go]()
      const secret = expect.stringMatching(/^[0-9a-f]{32}$/)
      const expected = { outcome: 'issued', status: 200, delivered: false, secret, upstream: { status: 200 } }
      expect(await onlyRecord(service)).toMatchObject(expected)
    },
  )

  it.each(waysToGo)('(%s) while upstream hangs has a record that says so', async (go) => {
    const { service, socket } = await startMint({ kind: 'hang' }, { UPSTREAM_TIMEOUT_MS: '300' })
    socket[go]()
    const result = { outcome: 'failed', code: 'upstream_timeout', reason: 'upstream_deadline', status: 504 }
    expect(await onlyRecord(service)).toMatchObject({ ...result, delivered: false, secret: null })
  })

  it('occupies one of the concurrent mints until the mint ends', async () => {
    const { service, socket } = await startMint({ kind: 'delay', ms: 300 }, { MAX_CONCURRENT_MINTS: '1' })
    socket.destroy()
    expect((await service.mint()).json().error.code).toBe('overloaded')
    await service.lifecycle.mints.whenEmpty()
    expect((await service.mint()).statusCode).toBe(200)
  })
})

describe('a caller who stays connected', () => {
  it('has a record that says that the secret was delivered', async () => {
    const service = await startTestService()
    const [reply] = await exchange(await listen(service.app), mint)
    expect(reply?.statusCode).toBe(200)
    expect(await onlyRecord(service)).toMatchObject({ outcome: 'issued', delivered: true })
  })
})
