import { getEventListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createClient, MintError } from '../../src/client/client.js'
import { ROOT } from '../support/service.ts'
import { createFakeBrowser, ENDPOINT, EXPIRES_AT, issued, limited, refused } from './fake-browser.ts'

describe('a call', () => {
  it('sends the preset, its own variables and overrides, and no cookie', async () => {
    const { open, requests, answer } = createFakeBrowser()
    const variables = { guest: 'Ada' }
    const session = { audio: { output: { voice: 'cedar' } } }
    const call = open({ token: 'user-token' }).secret({ variables, session })
    await answer(issued('ek_1'))
    expect(await call).toStrictEqual({ value: 'ek_1', expiresAt: EXPIRES_AT })
    expect(requests).toMatchObject([
      {
        url: ENDPOINT,
        method: 'POST',
        credentials: 'omit',
        authorization: 'Bearer user-token',
        body: { preset: 'concierge', variables, session },
      },
    ])
  })

  it('sends an empty object without a preset, and no Authorization without a token', async () => {
    const { open, requests, answer } = createFakeBrowser()
    const call = open({ url: '/', preset: undefined }).secret()
    await answer(issued())
    await call
    expect(requests).toMatchObject([{ url: '/v1/realtime/client_secrets', authorization: null, body: {} }])
  })

  it('after a failed one mints again', async () => {
    const { open, answer } = createFakeBrowser()
    const client = open()
    const failed = client.secret()
    failed.catch(() => undefined)
    await answer(refused(502, 'upstream_rejected'))
    await expect(failed).rejects.toThrow('upstream_rejected')
    const next = client.secret()
    await answer(issued('ek_2'))
    expect((await next).value).toBe('ek_2')
  })
})

describe('an aborted call', () => {
  it('ends its request if no other call waits for it, and the next call starts a new one', async () => {
    const { open, requests, answer, pass } = createFakeBrowser()
    const client = open()
    const controller = new AbortController()
    const call = client.secret({ signal: controller.signal })
    await pass(0)
    controller.abort(new Error('too slow'))
    await expect(call).rejects.toThrow('too slow')
    await pass(0)
    expect(requests[0]?.signal.aborted).toBe(true)
    const next = client.secret()
    await answer(issued('ek_2'))
    expect((await next).value).toBe('ek_2')
  })

  it('leaves no listener on its signal, also if it is not aborted', async () => {
    const { open, play } = createFakeBrowser()
    const { signal } = new AbortController()
    await play([issued()], open().secret({ signal }))
    expect(getEventListeners(signal, 'abort')).toStrictEqual([])
  })

  it('sends nothing if its signal is aborted already', async () => {
    const { open, requests } = createFakeBrowser()
    await expect(open().secret({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
    expect(requests).toStrictEqual([])
  })

  it('is not retried', async () => {
    const { open, requests, answer, pass } = createFakeBrowser()
    const controller = new AbortController()
    const call = open().secret({ signal: controller.signal })
    call.catch(() => undefined)
    await answer(limited(1))
    controller.abort(new Error('left'))
    await expect(call).rejects.toThrow('left')
    await pass(0)
    await pass(1000)
    expect(requests.filter(({ signal }) => !signal.aborted)).toHaveLength(0)
  })
})

describe('a token function', () => {
  it('is called once for each mint, also for one with retries', async () => {
    const { open, requests, play } = createFakeBrowser()
    let calls = 0
    const client = open({ token: async () => `token-${(calls += 1)}` })
    await play([limited(1), issued()], client.secret())
    await play([issued()], client.secret())
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
    ])
  })

  it('is called once more after a 401', async () => {
    const { open, requests, play } = createFakeBrowser()
    let calls = 0
    const client = open({ token: () => `token-${(calls += 1)}` })
    const { value } = await play([refused(401, 'unauthenticated'), issued()], client.secret())
    expect(value?.value).toBe('ek_1')
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([
      'Bearer token-1',
      'Bearer token-2',
    ])
  })

  it.each([
    ['a second 401', [refused(401, 'unauthenticated'), refused(401, 'unauthenticated')], () => 'token'],
    ['a 401 for a fixed token', [refused(401, 'unauthenticated')], 'token'],
  ])('%s is final', async (_what, replies, token) => {
    const { open, requests, play } = createFakeBrowser()
    const { error } = await play(replies, open({ token }).secret())
    expect(error).toMatchObject({ code: 'unauthenticated', status: 401 })
    expect(requests).toHaveLength(replies.length)
  })

  it('that fails rejects the call with its own error', async () => {
    const { open, requests } = createFakeBrowser()
    const client = open({ token: () => Promise.reject(new Error('signed out')) })
    await expect(client.secret()).rejects.toThrow('signed out')
    expect(requests).toStrictEqual([])
  })
})

describe('a MintError', () => {
  it('has everything that the service says', async () => {
    const { open, play } = createFakeBrowser()
    const { error } = await play([limited(60)], open().secret())
    expect(error).toBeInstanceOf(MintError)
    expect(error).toMatchObject({
      message: 'About rate_limited.',
      code: 'rate_limited',
      status: 429,
      requestId: 'req-1',
      retryAfter: 60,
      param: null,
    })
  })

  it.each([
    ['the page of a proxy', new Response('<html>', { status: 502 }), 502],
    ['a reply without a secret', Response.json({ ok: true }), 200],
    ['null', Response.json(null), 200],
    ['an error that is only text', Response.json({ error: 'no' }, { status: 500 }), 500],
    ['an error that is null', Response.json({ error: null }, { status: 500 }), 500],
  ])('says that %s is not the reply of the service', async (_what, reply, status) => {
    const { open, play } = createFakeBrowser()
    const { error } = await play([reply], open().secret())
    expect(error).toMatchObject({
      name: 'MintError',
      code: 'unknown',
      status,
      message: expect.stringContaining('unknown form'),
    })
  })

  it('names the likely causes where the browser gives none', async () => {
    const { open, play } = createFakeBrowser()
    const cause = new TypeError('Failed to fetch')
    const { error } = await play([cause], open().secret())
    expect(error).toMatchObject({
      code: 'no_answer',
      status: 0,
      message: expect.stringMatching(
        /without \/v1.+reachable.+ALLOWED_ORIGINS lists https:\/\/app\.example\.com\./,
      ),
      cause,
    })
  })

  it('says the same of a reply that breaks off', async () => {
    const { open, play } = createFakeBrowser()
    const broken = new Response(
      new ReadableStream({ pull: (stream) => stream.error(new TypeError('reset')) }),
    )
    const { error } = await play([broken], open().secret())
    expect(error).toMatchObject({ code: 'no_answer', status: 0 })
  })
})

it('a client without the address of the service is an error that names it', () => {
  // As `import.meta.env.VITE_MINT_URL` is where it is not set.
  expect(() => createClient(JSON.parse('{}'))).toThrow('createClient needs a url')
})

it('the client is at most 2 KB when compressed', () => {
  const source = readFileSync(join(ROOT, 'src/client/client.js'))
  expect(gzipSync(source, { level: 9 }).length).toBeLessThanOrEqual(2048)
})
