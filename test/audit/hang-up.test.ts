import { describe, expect, it, vi } from 'vitest'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.ts'
import { exchange, listen, openPeer, pageHeaders, parseReplies, toRequest } from '../support/sockets.ts'

const BODY = '{"preset":"assistant"}'

/** The request of a mint; `length` may be more than there is. */
const toMint = (body = BODY, length = body.length): string =>
  toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, `Content-Length: ${length}`], body)

const attempts = async (service: TestService) => await service.attempts()

/** The only record. */
async function onlyRecord(service: TestService): Promise<unknown> {
  const isOne = async (): Promise<void> => expect(await attempts(service)).toHaveLength(1)
  await vi.waitFor(isOne, { timeout: 5_000, interval: 10 })
  await service.lifecycle.attempts.whenEmpty()
  await isOne()
  return (await attempts(service))[0]
}

const waysToGo = ['end', 'destroy', 'resetAndDestroy'] as const

type Behaviour = Parameters<TestService['sandbox']['behave']>[0]

/** A service whose upstream was asked for a caller who is still connected. */
async function startMint(behaviour: Behaviour, environment: TestServiceOptions['environment'] = {}) {
  const service = await startTestService({ environment })
  service.sandbox.behave(behaviour, 1)
  const { socket } = await openPeer(await listen(service.app))
  socket.write(toMint())
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
    const [reply] = await exchange(await listen(service.app), toMint())
    expect(reply?.statusCode).toBe(200)
    expect(await onlyRecord(service)).toMatchObject({ outcome: 'issued', delivered: true })
  })
})

describe('an attempt that is aborted in its body', () => {
  it.each(waysToGo)('(%s) has a record', async (go) => {
    const service = await startTestService()
    const { socket, seen } = await openPeer(await listen(service.app))
    const headers = [...pageHeaders, `Content-Length: ${BODY.length}`, 'Expect: 100-continue']
    socket.write(toRequest(`POST ${CLIENT_SECRETS}`, headers, BODY.slice(0, 5)))
    await seen(/100 Continue/)
    socket[go]()
    expect(await onlyRecord(service)).toMatchObject({
      outcome: 'refused',
      code: 'invalid_request',
      reason: 'body_incomplete',
      delivered: false,
      origin: 'https://app.example.com',
      preset: null,
      secret: null,
      upstream: null,
    })
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it('has none if it is aborted in its headers', async () => {
    const service = await startTestService()
    const peer = await openPeer(await listen(service.app))
    peer.socket.end(`POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: x\r\n`)
    await peer.closed
    expect(await attempts(service)).toStrictEqual([])
  })
})

describe('an attempt that the HTTP parser refuses in its body', () => {
  const chunked = [...pageHeaders, 'Transfer-Encoding: chunked', 'Connection: keep-alive']

  it.each([
    ['is too slow', toMint(BODY.slice(0, 5), BODY.length), 408, 'request_too_slow'],
    ['is no chunk', toRequest(`POST ${CLIENT_SECRETS}`, chunked, 'ZZ\r\n'), 400, 'protocol_malformed'],
  ])(
    'because it %s has one record, with what the caller was told',
    async (_name, request, status, reason) => {
      const service = await startTestService()
      const port = await listen(service.app)
      Object.assign(service.app.server, { requestTimeout: 300, headersTimeout: 300 })
      const peer = await openPeer(port)
      peer.socket.write(request)
      await peer.closed
      const [reply] = parseReplies(peer.received())
      expect(reply?.statusCode).toBe(status)
      const told = { outcome: 'refused', status, reason, request_id: reply?.headers['x-request-id'] }
      expect(await onlyRecord(service)).toMatchObject(told)
      expect(service.logText().match(/"msg":"request"/g)).toHaveLength(1)
    },
  )
})
