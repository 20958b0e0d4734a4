import { describe, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { apiKey, refusalOf } from './caller.ts'
import { captions, mint, startClockedSandbox, voice } from './connections.ts'
import { createPeer } from './peer.ts'

interface CallOptions {
  readonly type?: string
  readonly query?: string
  /** Of the secret. */
  readonly session?: object
}

/** Posts an offer as a page does. A form has its content type by itself. */
const call = (
  sandbox: Sandbox,
  secret: string | null,
  body: string | FormData,
  { type = 'application/sdp', query = '' }: CallOptions = {},
): Promise<Response> =>
  fetch(`${sandbox.baseUrl}/realtime/calls${query}`, {
    method: 'POST',
    headers: {
      origin: 'http://localhost:5173',
      ...(secret !== null && { authorization: `Bearer ${secret}` }),
      ...(typeof body === 'string' && { 'content-type': type }),
    },
    body,
  })

const toForm = (parts: Readonly<Record<string, string>>): FormData => {
  const form = new FormData()
  for (const [name, text] of Object.entries(parts)) form.append(name, text)
  return form
}

const hangUp = (sandbox: Sandbox, location: string | null, key = apiKey): Promise<Response> =>
  fetch(new URL(`${location}/hangup`, sandbox.baseUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  })

const someOffer = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'

describe('a call', () => {
  it('opens the data channel with the session of the secret, and echoes audio', async () => {
    const { sandbox } = await startClockedSandbox()
    const peer = await createPeer()
    const reply = await call(sandbox, await mint(sandbox), peer.offer)
    expect(reply.status).toBe(201)
    expect(reply.headers.get('content-type')).toBe('application/sdp')
    expect(reply.headers.get('location')).toMatch(/^\/v1\/realtime\/calls\/rtc_\w+$/)
    expect(reply.headers.get('access-control-allow-origin')).toBe('*')
    expect(reply.headers.get('access-control-expose-headers')).toContain('Location')
    await peer.accept(await reply.text())
    expect((await peer.events.next()).value).toMatchObject({ type: 'session.created', session: voice })
    peer.send({ type: 'session.update', session: { type: 'realtime', model: 'gpt-realtime-1.5' } })
    expect((await peer.events.next()).value).toMatchObject({ error: { param: 'session.model' } })
    peer.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } })
    expect((await peer.events.next()).value).toMatchObject({ session: { instructions: 'Be brief.' } })
    await peer.heard
  })

  it('takes a form with a change of the session', async () => {
    const { sandbox } = await startClockedSandbox()
    const peer = await createPeer()
    const session = JSON.stringify({ type: 'realtime', instructions: 'Be brief.' })
    const reply = await call(sandbox, await mint(sandbox), toForm({ sdp: peer.offer, session }))
    expect(reply.status).toBe(201)
    await peer.accept(await reply.text())
    expect((await peer.events.next()).value).toMatchObject({
      session: { ...voice, instructions: 'Be brief.' },
    })
  })

  it('ends when the owner of the key hangs up', async () => {
    const { sandbox } = await startClockedSandbox()
    const peer = await createPeer()
    const reply = await call(sandbox, await mint(sandbox), peer.offer)
    const location = reply.headers.get('location')
    await peer.accept(await reply.text())
    await peer.heard
    expect((await hangUp(sandbox, location, 'sk-other')).status).toBe(401)
    expect((await hangUp(sandbox, location)).status).toBe(200)
    await peer.ended
    expect((await hangUp(sandbox, location)).status).toBe(404)
  })

  it('ends when the page closes it, and when the sandbox closes', async () => {
    const { sandbox, lines } = await startClockedSandbox()
    const secret = await mint(sandbox)
    const [first, second] = [await createPeer(), await createPeer()]
    for (const peer of [first, second])
      await peer.accept(await (await call(sandbox, secret, peer.offer)).text())
    await Promise.all([first.heard, second.heard])
    await first.close()
    const ended = () => lines.filter((line) => 'event' in line && line.event === 'call ended')
    await expect.poll(ended, { timeout: 5000 }).toHaveLength(1)
    await sandbox.close()
    await second.ended
    expect(ended()).toHaveLength(2)
  })
})

describe('a call is refused', () => {
  it('for an unknown secret, an expired one and the API key', async () => {
    const { sandbox, pass } = await startClockedSandbox()
    const secret = await mint(sandbox)
    pass(60)
    const messages: string[] = []
    for (const given of [null, 'ek_unknown_0123456789', apiKey, secret]) {
      const refused = await refusalOf(call(sandbox, given, someOffer))
      expect(refused).toMatchObject({
        status: 401,
        body: { error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null } },
      })
      messages.push(Object(refused).body.error.message)
    }
    expect(
      messages.map((message) => /^No API key|^Incorrect API key|has expired/.exec(message)?.[0]),
    ).toStrictEqual(['No API key', 'Incorrect API key', 'Incorrect API key', 'has expired'])
    expect(messages.join()).not.toContain(apiKey)
  })

  const change = (fields: object): FormData =>
    toForm({ sdp: someOffer, session: JSON.stringify({ type: 'realtime', ...fields }) })
  const query = '?model=gpt-live-transcribe'

  it.each<[what: string, body: string | FormData, options: CallOptions, code: string, param: string | null]>([
    ['JSON', '{}', { type: 'application/json' }, 'unsupported_content_type', null],
    ['what is no offer', 'hello', {}, 'invalid_value', 'sdp'],
    ['an empty body', '', {}, 'invalid_value', 'sdp'],
    ['a form without an offer', toForm({ session: '{}' }), {}, 'invalid_value', 'sdp'],
    ['a broken form', 'x', { type: 'multipart/form-data; boundary=y' }, 'invalid_value', 'sdp'],
    ['what is not JSON', toForm({ sdp: someOffer, session: '{' }), {}, 'invalid_value', 'session'],
    ['another model', change({ model: 'gpt-realtime-1.5' }), {}, 'invalid_value', 'session.model'],
    ['an unknown field', change({ temperature: 1 }), {}, 'unknown_parameter', 'session.temperature'],
    ['another model in its URL', someOffer, { query: '?model=gpt-realtime-1.5' }, 'invalid_model', 'model'],
    ['a model for captions', someOffer, { query, session: captions }, 'invalid_model', null],
  ])('with %s', async (_, body, options, code, param) => {
    const { sandbox } = await startClockedSandbox()
    const refused = await refusalOf(call(sandbox, await mint(sandbox, options.session), body, options))
    expect(refused).toMatchObject({ status: 400, body: { error: { code, param } } })
  })

  it('where werift is not installed, with a message that says what to do', async () => {
    const { sandbox } = await startClockedSandbox({
      loadWebRtc: () => Promise.reject(new Error('not found')),
    })
    const refused = await refusalOf(call(sandbox, await mint(sandbox), someOffer))
    expect(refused).toMatchObject({
      status: 501,
      body: { error: { message: expect.stringContaining('Run npm ci.') } },
    })
  })

  it('with the flat API, which has no calls', async () => {
    const { sandbox } = await startClockedSandbox({ api: 'sessions' })
    expect((await call(sandbox, apiKey, someOffer)).status).toBe(404)
  })
})

it('a page of any origin passes the preflight', async () => {
  const { sandbox } = await startClockedSandbox()
  const reply = await fetch(`${sandbox.baseUrl}/realtime/calls`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:5173',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  expect(reply.status).toBe(204)
  expect(reply.headers.get('access-control-allow-origin')).toBe('*')
  expect(reply.headers.get('access-control-allow-methods')).toBe('POST')
  expect(reply.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
})
