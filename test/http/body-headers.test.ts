import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/http/json-body.ts'
import { ask, outcomeOf } from '../routes/asking.ts'
import { bodyOf, CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'

const service = shareService()

const body = '{"preset":"assistant"}'
const query = '?preset=assistant'

/** A body of exactly so many bytes that names the preset. */
const padded = (bytes: number): string => `${body.slice(0, -1)}${' '.repeat(bytes - body.length)}}`

const unsupported = [415, 'invalid_request', null] as const
const tooLarge = [413, 'invalid_request', null] as const

describe('the content type', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'Application/JSON',
  ])('may be %s', async (type) => {
    expect(outcomeOf(await ask(service(), { body, headers: { 'content-type': type } }))).toBe('issued')
  })

  it.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; version=1',
    'application/json;',
    'application/json, text/plain',
    'text/plain, application/json',
    'text/plain; application/json',
    'application/jsonp',
    'application/json+x',
    'application/vnd.api+json',
    'application/problem+json',
    'json',
    '*/*',
    '',
  ])('may not be "%s"', async (type) => {
    expect(outcomeOf(await ask(service(), { body, headers: { 'content-type': type } }))).toEqual(unsupported)
  })

  it('may not be left out where there is a body', async () => {
    const reply = await ask(service(), { body, headers: { 'content-type': undefined } })
    expect(outcomeOf(reply)).toEqual(unsupported)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'may not be %s without a body either',
    async (type) => {
      const reply = await ask(service(), { query, headers: { 'content-type': type } })
      expect(outcomeOf(reply)).toEqual(unsupported)
    },
  )
})

describe('the content encoding', () => {
  it.each(['gzip', 'br', 'deflate', 'x-gzip', 'gzip, identity', 'identity, identity', ''])(
    'may not be "%s"',
    async (encoding) => {
      expect(outcomeOf(await ask(service(), { body, headers: { 'content-encoding': encoding } }))).toEqual(
        unsupported,
      )
    },
  )

  it('may be identity', async () => {
    const reply = await ask(service(), { body, headers: { 'content-encoding': 'identity' } })
    expect(outcomeOf(reply)).toBe('issued')
  })
})

/** The reply to a POST that is written out in full. */
async function send(headers: readonly string[], text: string) {
  const request = toRequest(`POST ${CLIENT_SECRETS}${query}`, headers, text)
  const [reply] = await exchange(await listen(service().app), request)
  if (reply === undefined) throw new Error('no reply')
  return reply
}

const chunked = (...chunks: readonly string[]): string =>
  [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')

const [origin] = pageHeaders
const inChunks = 'Transfer-Encoding: chunked'

describe('an empty body means {}', () => {
  it.each<[what: string, headers: readonly string[], text: string]>([
    ['with the content type', [...pageHeaders, 'Content-Length: 0'], ''],
    ['with neither content type nor length', [origin], ''],
    ['without content type, of length 0', [origin, 'Content-Length: 0'], ''],
    ['with the content type, in no chunks', [...pageHeaders, inChunks], chunked()],
    ['without content type, in no chunks', [origin, inChunks], chunked()],
    ['as {}', [...pageHeaders, 'Content-Length: 2'], '{}'],
    ['as {} in chunks', [...pageHeaders, inChunks], chunked('{', '}')],
  ])('%s', async (_, headers, text) => {
    const reply = await send(headers, text)
    expect(reply.statusCode).toBe(200)
    expect(bodyOf(reply)).toHaveProperty('value')
  })
})

describe('the size', () => {
  it.each<[what: string, size: number, outcome: unknown]>([
    ['16 KiB', MAX_BODY_BYTES, 'issued'],
    ['one byte more', MAX_BODY_BYTES + 1, tooLarge],
  ])('%s, declared', async (_, size, outcome) => {
    expect(outcomeOf(await ask(service(), { body: padded(size) }))).toEqual(outcome)
  })

  it.each<[what: string, size: number, status: number]>([
    ['16 KiB', MAX_BODY_BYTES, 200],
    ['one byte more', MAX_BODY_BYTES + 1, 413],
  ])('%s, in chunks', async (_, size, status) => {
    const text = padded(size)
    const reply = await send([...pageHeaders, inChunks], chunked(text.slice(0, 9_000), text.slice(9_000)))
    expect(reply.statusCode).toBe(status)
  })

  it('is refused as declared, before any of the body has come', async () => {
    const reply = await send([...pageHeaders, 'Content-Length: 999999999999'], '')
    expect(refusalOf(reply)).toEqual(tooLarge)
  })

  it('counts bytes, not characters', async () => {
    const text = `{"preset":"assistant","x":"${'😀'.repeat(4_096)}"}`
    expect(text.length).toBeLessThan(MAX_BODY_BYTES)
    expect(outcomeOf(await ask(service(), { body: text }))).toEqual(tooLarge)
  })

  it('of 16 KiB is what MAX_BODY_BYTES says', () => {
    expect(MAX_BODY_BYTES).toBe(16_384)
  })
})

it('a body that is shorter than it says is malformed', async () => {
  const reply = await service().app.inject({
    method: 'POST',
    url: CLIENT_SECRETS,
    headers: { origin: ORIGIN, 'content-type': 'application/json', 'content-length': '99' },
    payload: body,
  })
  expect(refusalOf(reply)).toEqual([400, 'invalid_request', null])
})
