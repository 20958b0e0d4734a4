/** Callers who leave before their request has arrived. */
import { type EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService } from '../support/service.ts'
import { listen, openPeer, type Peer, pageHeaders, parseReplies, toRequest } from '../support/sockets.ts'
import { answerKeys, createKey, issuerEnvironment, startKeySetServer } from '../support/tokens.ts'

/** A service that has taken in the headers of a mint, and a peer that has not sent its body. */
async function startWaiting(headers: readonly string[]) {
  const service = await startTestService()
  const peer = await openPeer(await listen(service.app))
  peer.socket.write(toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, ...headers, 'Expect: 100-continue']))
  await peer.seen(/ 100 Continue\r\n/)
  return { service, peer }
}

describe('a request that is aborted in its body is recorded', () => {
  const inChunks = 'Transfer-Encoding: chunked'

  it.each<[what: string, header: string, abort: (peer: Peer) => void]>([
    ['before its first byte', 'Content-Length: 22', ({ socket }) => socket.destroy()],
    ['by a reset', 'Content-Length: 22', ({ socket }) => socket.resetAndDestroy()],
    [
      'after a part of it',
      'Content-Length: 22',
      ({ socket }) => socket.write('{"preset":', () => socket.destroy()),
    ],
    ['by a half-closed connection', 'Content-Length: 22', ({ socket }) => socket.end('{"preset":')],
    ['between chunks', inChunks, ({ socket }) => socket.write('2\r\n{}\r\n', () => socket.destroy())],
    ['in a chunk', inChunks, ({ socket }) => socket.write('5\r\n{', () => socket.destroy())],
  ])('%s', async (_, header, abort) => {
    const { service, peer } = await startWaiting([header])
    abort(peer)
    await peer.closed
    await service.lifecycle.attempts.whenEmpty()
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    expect(attempts).toEqual([
      expect.objectContaining({
        outcome: 'refused',
        code: 'invalid_request',
        reason: 'body_incomplete',
        status: 400,
        delivered: false,
        preset: null,
        secret: null,
        upstream: null,
      }),
    ])
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it('and is no mint that a drain waits for', async () => {
    const { lifecycle } = (await startWaiting(['Content-Length: 22'])).service
    const over: string[] = []
    void lifecycle.attempts.whenEmpty().then(() => over.push('attempts'))
    void lifecycle.mints.whenEmpty().then(() => over.push('mints'))
    await setImmediate()
    expect(over).toEqual(['mints'])
  })
})

it.each(['destroy', 'resetAndDestroy'] as const)(
  'a request that is aborted (%s) while the guards are asked is recorded',
  async (go) => {
    const key = await createKey('ES256', 'first')
    const isComing = Promise.withResolvers<void>()
    const answer = answerKeys(key)
    const { url } = await startKeySetServer((request, response) => {
      void isComing.promise.then(() => answer(request, response))
    })
    const service = await startTestService({
      environment: { ...issuerEnvironment, AUTH_JWKS_URL: url.href },
    })
    const { app, lifecycle } = service
    const accepted = once(app.server, 'connection')
    const { socket } = await openPeer(await listen(app))
    const [theirs]: EventEmitter[] = await accepted
    const token = `Authorization: Bearer ${await key.sign()}`
    socket.write(toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, token, 'Content-Length: 22']))
    await expect.poll(() => lifecycle.attempts.count).toBe(1)
    const gone = new Promise((resolve) => theirs?.once('close', resolve))
    socket[go]()
    await gone
    isComing.resolve()
    await lifecycle.attempts.whenEmpty()
    expect((await service.records()).at(-1)).toMatchObject({ reason: 'body_incomplete', delivered: false })
  },
)

it('a body that ends while its sender is told that it is too late mints nothing', async () => {
  const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
  const { app, sandbox, lifecycle } = service
  // Another mint under way makes the record of this one wait for company.
  sandbox.behave({ kind: 'hang' }, 1)
  const other = service.mint()
  await expect.poll(() => sandbox.requests.length).toBe(1)
  const accepted = once(app.server, 'connection')
  const peer = await openPeer(await listen(app))
  const [socket]: unknown[] = await accepted
  peer.socket.write(
    toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, 'Content-Length: 22', 'Expect: 100-continue']),
  )
  await peer.seen(/ 100 Continue\r\n/)
  // As Node's own clock does after ten seconds.
  app.server.emit(
    'clientError',
    Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
    socket,
  )
  peer.socket.write('{"preset":"assistant"}')
  await peer.closed
  await other
  expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([408])
  expect(sandbox.requests).toHaveLength(1)
  expect([lifecycle.attempts.count, lifecycle.mints.count, lifecycle.recordings.count]).toEqual([0, 0, 0])
})

it('a caller who leaves before the headers are complete leaves no record', async () => {
  const service = await startTestService()
  const peer = await openPeer(await listen(service.app))
  peer.socket.write(`POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: x\r\n`, () => peer.socket.destroy())
  await peer.closed
  await service.app.close()
  const ofStart: ReadonlySet<unknown> = new Set(['open', 'config'])
  expect((await service.records()).filter(({ event }) => !ofStart.has(event))).toEqual([])
})
