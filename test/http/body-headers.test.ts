import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/http/json-body.ts'
import { ask, outcomeOf } from '../routes/asking.ts'
import { bodyOf, CLIENT_SECRETS, invalid, refusalOf, tooLarge, unsupported } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { mintBody as body, pageHeaders, send } from '../support/sockets.ts'

const service = shareService()

const query = '?preset=assistant'

/** A body of exactly this size that names the preset. */
const padded = (bytes: number): string => `${body.slice(0, -1)}${' '.repeat(bytes - body.length)}}`

const outcomeWith = async (name: string, value: string | undefined, asked: object = { body }) =>
  outcomeOf(await ask(service(), { ...asked, headers: { [name]: value } }))

describe('the content type', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'Application/JSON',
  ])('may be %s', async (type) => {
    expect(await outcomeWith('content-type', type)).toBe('issued')
  })

  const charsets = ['utf-16', 'iso-8859-1', 'utf-8; charset=utf-16'].map((name) => `; charset=${name}`)
  const ends = [...charsets, '; version=1', ';', ', text/plain', 'p', '+x']
  const texts = ['text/plain', 'text/plain;charset=UTF-8', 'text/json', 'json', '*/*', '']
  const forms = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
  const json = ['application/vnd.api+json', 'application/problem+json', 'text/plain, application/json']

  it.each([
    ...ends.map((end) => `application/json${end}`),
    ...texts,
    ...forms,
    ...json,
    'text/plain; application/json',
  ])('may not be "%s"', async (type) => {
    expect(await outcomeWith('content-type', type)).toEqual(unsupported)
  })

  it('may not be missing with a body', async () => {
    expect(await outcomeWith('content-type', undefined)).toEqual(unsupported)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'may not be %s without a body either',
    async (type) => {
      expect(await outcomeWith('content-type', type, { query })).toEqual(unsupported)
    },
  )
})

describe('the content encoding', () => {
  it.each(['gzip', 'br', 'deflate', 'x-gzip', 'gzip, identity', 'identity, identity', ''])(
    'may not be "%s"',
    async (encoding) => {
      expect(await outcomeWith('content-encoding', encoding)).toEqual(unsupported)
    },
  )

  it('may be identity', async () => {
    expect(await outcomeWith('content-encoding', 'identity')).toBe('issued')
  })
})

const post = (headers: readonly string[], text: string) =>
  send(service(), `POST ${CLIENT_SECRETS}${query}`, headers, text)

const chunked = (...chunks: readonly string[]): string =>
  [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')

const [origin] = pageHeaders
const inChunks = 'Transfer-Encoding: chunked'

describe('an empty body means {}', () => {
  it.each<[what: string, headers: readonly string[], text: string]>([
    ['with a content type', [...pageHeaders, 'Content-Length: 0'], ''],
    ['without content type and length', [origin], ''],
    ['without content type, of length 0', [origin, 'Content-Length: 0'], ''],
    ['with a content type, in chunks', [...pageHeaders, inChunks], chunked()],
    ['without content type, in chunks', [origin, inChunks], chunked()],
    ['as {}', [...pageHeaders, 'Content-Length: 2'], '{}'],
    ['as {} in chunks', [...pageHeaders, inChunks], chunked('{', '}')],
  ])('%s', async (_, headers, text) => {
    const reply = await post(headers, text)
    expect(reply.statusCode).toBe(200)
    expect(bodyOf(reply)).toHaveProperty('value')
  })
})

describe('the size of a body', () => {
  it.each<[size: number, outcome: unknown, status: number]>([
    [16_384, 'issued', 200],
    [16_385, tooLarge, 413],
  ])('may be 16 KiB: %i is %j', async (size, outcome, status) => {
    const text = padded(size)
    expect(outcomeOf(await ask(service(), { body: text }))).toEqual(outcome)
    const reply = await post([...pageHeaders, inChunks], chunked(text.slice(0, 9_000), text.slice(9_000)))
    expect(reply.statusCode).toBe(status)
  })

  it('is refused as declared, before the body arrives', async () => {
    expect(refusalOf(await post([...pageHeaders, 'Content-Length: 999999999999'], ''))).toEqual(tooLarge)
  })

  it('is counted in bytes, not in characters', async () => {
    const text = `{"preset":"assistant","x":"${'😀'.repeat(4_096)}"}`
    expect(text.length).toBeLessThan(MAX_BODY_BYTES)
    expect(outcomeOf(await ask(service(), { body: text }))).toEqual(tooLarge)
  })

  it('may not be smaller than declared', async () => {
    const reply = await ask(service(), { body, headers: { 'content-length': '99' } })
    expect(refusalOf(reply)).toEqual(invalid())
    const id = String(reply.headers['x-request-id'])
    expect(service().logLines(id)).toMatchObject([{ reason: 'body_incomplete' }])
  })
})
