/** Callers who disconnect before their request has arrived. */
import { type EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import {
  listen,
  mintBody,
  mintHeaders,
  openPeer,
  type Peer,
  pageHeaders,
  parseReplies,
  toRequest,
} from '../support/sockets.ts'
import { answerKeys, createKey, issuerEnvironment, startKeySetServer } from '../support/tokens.ts'

/** A service that has read the headers of a mint, and a peer that has not sent the body. */
async function startWaiting(headers: readonly string[]) {
  const service = await startTestService()
  const peer = await openPeer(await listen(service.app))
  peer.socket.write(toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, ...headers, 'Expect: 100-continue']))
  await peer.seen(/ 100 Continue\r\n/)
  return { service, peer }
}

describe('a request that is aborted in its body', () => {
  const inChunks = 'Transfer-Encoding: chunked'
  const whole = 'Content-Length: 22'

  it.each<[what: string, header: string, abort: (peer: Peer) => void]>([
    ['before its first byte', whole, ({ socket }) => socket.destroy()],
    ['by a reset', whole, ({ socket }) => socket.resetAndDestroy()],
    ['after a part of it', whole, ({ socket }) => socket.write('{"preset":', () => socket.destroy())],
    ['by a half-closed connection', whole, ({ socket }) => socket.end('{"preset":')],
    ['between chunks', inChunks, ({ socket }) => socket.write('2\r\n{}\r\n', () => socket.destroy())],
    ['in a chunk', inChunks, ({ socket }) => socket.write('5\r\n{', () => socket.destroy())],
  ])('is recorded: %s', async (_, header, abort) => {
    const { service, peer } = await startWaiting([header])
    abort(peer)
    await peer.closed
    await service.lifecycle.attempts.whenEmpty()
    const attempts = await service.attempts()
    expect(attempts).toEqual([
      expect.objectContaining({
        outcome: 'refused',
        code: 'invalid_request',
        reason: 'body_incomplete',
        status: 400,
        delivered: false,
        origin: ORIGIN,
        preset: null,
        secret: null,
        upstream: null,
      }),
    ])
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it('is not a mint that a drain waits for', async () => {
    const { lifecycle } = (await startWaiting(['Content-Length: 22'])).service
    const ended: string[] = []
    void lifecycle.attempts.whenEmpty().then(() => ended.push('attempts'))
    void lifecycle.mints.whenEmpty().then(() => ended.push('mints'))
    await setImmediate()
    expect(ended).toEqual(['mints'])
  })
})

it.each(['destroy', 'resetAndDestroy'] as const)(
  'a request that is aborted (%s) while its token is verified is recorded',
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
    socket.write(toRequest(`POST ${CLIENT_SECRETS}`, [...mintHeaders, token]))
    await expect.poll(() => lifecycle.attempts.count).toBe(1)
    const gone = new Promise((resolve) => theirs?.once('close', resolve))
    socket[go]()
    await gone
    isComing.resolve()
    await lifecycle.attempts.whenEmpty()
    expect((await service.records()).at(-1)).toMatchObject({ reason: 'body_incomplete', delivered: false })
  },
)

it('a body that arrives after its 408 mints nothing', async () => {
  const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
  const { app, sandbox, lifecycle } = service
  // With another mint in flight, the record of this one waits to share its write.
  sandbox.behave({ kind: 'hang' }, 1)
  const other = service.mint()
  await expect.poll(() => sandbox.requests.length).toBe(1)
  const accepted = once(app.server, 'connection')
  const peer = await openPeer(await listen(app))
  const [socket]: unknown[] = await accepted
  peer.socket.write(toRequest(`POST ${CLIENT_SECRETS}`, [...mintHeaders, 'Expect: 100-continue']))
  await peer.seen(/ 100 Continue\r\n/)
  // Node's own clock does this after ten seconds.
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  app.server.emit('clientError', late, socket)
  peer.socket.write(mintBody)
  await peer.closed
  await other
  expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([408])
  expect(sandbox.requests).toHaveLength(1)
  expect([lifecycle.attempts.count, lifecycle.mints.count, lifecycle.recordings.count]).toEqual([0, 0, 0])
})

it('a caller who disconnects before the headers are complete leaves no record', async () => {
  const service = await startTestService()
  const peer = await openPeer(await listen(service.app))
  peer.socket.write(`POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: x\r\n`, () => peer.socket.destroy())
  await peer.closed
  await service.app.close()
  const ofStart: ReadonlySet<unknown> = new Set(['open', 'config'])
  expect((await service.records()).filter(({ event }) => !ofStart.has(event))).toEqual([])
})
