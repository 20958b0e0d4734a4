import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { expect, it } from 'vitest'
import { apiKey } from './caller.ts'
import { captions, connectSocket, mint, startClockedSandbox, voice } from './connections.ts'

it('a WebSocket starts with the session that the secret was minted for', async () => {
  const { sandbox } = await startClockedSandbox()
  const socket = connectSocket(sandbox, await mint(sandbox), { query: '?model=gpt-realtime-2.1' })
  const { session } = await socket.next('session.created')
  expect(session).toMatchObject({ ...voice, object: 'realtime.session', id: expect.stringMatching(/^sess_/) })
  expect(socket.protocol()).toBe('realtime')
})

it('a secret starts several sessions until it expires, and a running session continues', async () => {
  const { sandbox, pass } = await startClockedSandbox()
  const secret = await mint(sandbox)
  const first = connectSocket(sandbox, secret)
  await first.next('session.created')
  pass(59)
  await connectSocket(sandbox, secret).next('session.created')
  pass(1)
  const late = connectSocket(sandbox, secret)
  expect(await late.next('error')).toMatchObject({
    error: { code: 'invalid_api_key', message: expect.stringContaining('has expired') },
  })
  first.send({ type: 'input_audio_buffer.clear' })
  await first.next('input_audio_buffer.cleared')
})

it.each<[what: string, secret: string | null, session: object, options: object, code: string, close: number]>(
  [
    ['an unknown secret', 'ek_unknown_0123456789', voice, {}, 'invalid_api_key', 3000],
    ['the API key', apiKey, voice, {}, 'invalid_api_key', 3000],
    ['another model', null, voice, { query: '?model=gpt-realtime-1.5' }, 'invalid_model', 4000],
    ['a model for captions', null, captions, { query: '?model=gpt-live-transcribe' }, 'invalid_model', 4000],
    [
      'the protocol of the beta',
      null,
      voice,
      { protocols: ['realtime', 'openai-beta.realtime-v1'] },
      'beta_api_shape_disabled',
      4000,
    ],
  ],
)('a WebSocket with %s is told so, and closed', async (_, given, session, options, code, close) => {
  const { sandbox } = await startClockedSandbox()
  const socket = connectSocket(sandbox, given ?? (await mint(sandbox, session)), options)
  const { error } = await socket.next('error')
  expect(error).toMatchObject({ type: 'invalid_request_error', code })
  expect(await socket.closed).toStrictEqual({ code: close, reason: `invalid_request_error.${code}` })
})

it('one connection too many is refused, until another one ends', async () => {
  const { sandbox } = await startClockedSandbox()
  const secret = await mint(sandbox)
  const sockets = Array.from({ length: 32 }, () => connectSocket(sandbox, secret))
  await Promise.all(sockets.map(({ next }) => next('session.created')))
  const { error } = await connectSocket(sandbox, secret).next('error')
  expect(error).toMatchObject({ code: 'rate_limit_exceeded' })
  const call = await fetch(`${sandbox.baseUrl}/realtime/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/sdp' },
  })
  expect(call.status).toBe(429)
  sockets[0]?.close()
  await sockets[0]?.closed
  await connectSocket(sandbox, secret).next('session.created')
})

it('the sandbox closes its WebSockets when it closes', async () => {
  const { sandbox } = await startClockedSandbox()
  const socket = connectSocket(sandbox, await mint(sandbox))
  await socket.next('session.created')
  await sandbox.close()
  expect(await socket.closed).toMatchObject({ code: 1006 })
})

it('a refused client that does not close its end does not keep the sandbox from closing', async () => {
  const { sandbox } = await startClockedSandbox()
  const key = randomBytes(16).toString('base64')
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  }
  const call = request(`${sandbox.baseUrl}/realtime`, { headers })
  call.end()
  const [reply, socket] = await once(call, 'upgrade')
  expect(reply.statusCode).toBe(101)
  const cut = once(socket, 'close')
  socket.on('error', () => undefined)
  await sandbox.close()
  await cut
})

it.each([
  ['client_secrets', '/realtime/other', 404],
  ['sessions', '/realtime', 404],
] as const)('with %s, an upgrade of %s is a %i', async (api, path, status) => {
  const { sandbox } = await startClockedSandbox({ api })
  const headers = { connection: 'upgrade', upgrade: 'websocket' }
  const call = request(`${sandbox.baseUrl}${path}`, { headers })
  call.end()
  const [reply] = await once(call, 'response')
  expect(reply.statusCode).toBe(status)
  reply.destroy()
})
