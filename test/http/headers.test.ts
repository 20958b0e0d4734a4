import { describe, expect, it } from 'vitest'
import {
  CANARY,
  CLIENT_SECRETS,
  expectCommonHeaders,
  invalid,
  otherOrigin,
  refusalOf,
} from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, mintBody, mintHeaders as page, pageHeaders, send } from '../support/sockets.ts'
import { toToken } from '../support/tokens.ts'

const service = shareService()

const mint = (headers: readonly string[], text = mintBody) =>
  send(service(), `POST ${CLIENT_SECRETS}`, headers, text)

describe('a repeated header', () => {
  it.each<[what: string, headers: readonly string[]]>([
    ['Host', ['Host: localhost', ...page]],
    ['Origin', [`Origin: ${ORIGIN}`, ...page]],
    ['Origin with an unlisted one last', [...page, 'Origin: https://evil.example']],
    ['Origin with an unlisted one first', ['Origin: https://evil.example', ...page]],
    ['Origin in another case', [`ORIGIN: ${ORIGIN}`, ...page]],
    ['Content-Type', ['Content-Type: application/json', ...page]],
    ['Content-Type with another value', [...page, 'Content-Type: text/plain']],
    ['Content-Length', [`Content-Length: ${mintBody.length}`, ...page]],
    ['Content-Length with another value', [...page, 'Content-Length: 2']],
    ['Authorization', [...page, 'Authorization: Bearer a', 'Authorization: Bearer a']],
    ['Authorization with another value', [...page, 'Authorization: Bearer a', 'authorization: Basic b']],
  ])('is refused: %s', async (_, headers) => {
    expect(refusalOf(await mint(headers))).toEqual(invalid())
  })

  it.each(['GET /livez', 'GET /nowhere', `OPTIONS ${CLIENT_SECRETS}`])('is refused for %s', async (start) => {
    const reply = await send(service(), start, [`Origin: ${ORIGIN}`, `Origin: ${ORIGIN}`])
    expect(reply.statusCode).toBe(400)
  })

  it.each(['Accept', 'Cookie', 'User-Agent', 'X-Stainless-Lang', 'X-Forwarded-For'])(
    'is accepted: %s',
    async (name) => {
      expect((await mint([...page, `${name}: a`, `${name}: b`])).statusCode).toBe(200)
    },
  )

  it('is not replaced by two origins in one', async () => {
    const [, ...others] = page
    const reply = await mint([`Origin: ${ORIGIN}, https://evil.example`, ...others])
    expect(refusalOf(reply)).toEqual(otherOrigin)
  })
})

describe('an ambiguous length of the body', () => {
  it.each<[what: string, headers: readonly string[], text: string]>([
    ['Content-Length and chunks', [...page, 'Transfer-Encoding: chunked'], `16\r\n${mintBody}\r\n0\r\n\r\n`],
    ['chunks that are not last', [...pageHeaders, 'Transfer-Encoding: chunked, gzip'], ''],
    [
      'chunks of another encoding',
      [...pageHeaders, 'Transfer-Encoding: gzip, chunked'],
      `16\r\n${mintBody}\r\n0\r\n\r\n`,
    ],
    ['an unknown encoding', [...pageHeaders, `Transfer-Encoding: ${CANARY}`], ''],
    ['chunks in another spelling', [...pageHeaders, 'Transfer-Encoding: xchunked'], ''],
    ['a length that is not a number', [...pageHeaders, `Content-Length: ${CANARY}`], ''],
    ['a negative length', [...pageHeaders, 'Content-Length: -1'], ''],
    ['a length with a sign', [...pageHeaders, 'Content-Length: +22'], mintBody],
    ['a length in hex', [...pageHeaders, 'Content-Length: 0x16'], mintBody],
    ['two lengths in one header', [...pageHeaders, 'Content-Length: 22, 22'], mintBody],
  ])('is refused: %s', async (_, headers, text) => {
    expect(refusalOf(await mint(headers, text))).toEqual(invalid())
  })
})

describe('Expect', () => {
  it.each(['100-continue', '100-Continue'])('%s gets a reply before that to the request', async (value) => {
    expect((await mint([...page, `Expect: ${value}`])).statusCode).toBe(200)
  })

  it.each(['200-ok', '100-continue, x', CANARY])('%s is refused', async (value) => {
    const reply = await mint([...page, `Expect: ${value}`])
    expect(refusalOf(reply)).toEqual([417, 'invalid_request', null])
    expect(reply.body).not.toContain(value)
  })
})

describe('a header that decides nothing', () => {
  it.each<[what: string, header: string]>([
    ['a bearer token', `Authorization: Bearer ${CANARY}`],
    ['a valid token', `Authorization: Bearer ${toToken()}`],
    ['another scheme', `Authorization: Basic ${CANARY}`],
    ['an unknown scheme', `Authorization: ${'x'.repeat(9_000)}`],
    ['an empty Authorization', 'Authorization:'],
    ['cookies', `Cookie: session=${CANARY}`],
    ['a request id', `X-Request-Id: ${CANARY}`],
    ['another host', 'X-Forwarded-Host: evil.example'],
    ['a forwarded protocol', 'X-Forwarded-Proto: http'],
    ['a Forwarded', 'Forwarded: for=1.2.3.4;host=evil.example;proto=http'],
    ['a beta', 'OpenAI-Beta: realtime=v1'],
    ['another protocol', 'Upgrade: websocket'],
    ['a validator', 'If-None-Match: *'],
    ['an API key', `api-key: ${CANARY}`],
  ])('is ignored and goes nowhere: %s', async (_, header) => {
    const reply = await mint([...page, header])
    expect(reply.statusCode).toBe(200)
    expectCommonHeaders(reply)
    expect((await service().attempts()).at(-1)).toMatchObject({ caller: null })
    const sent = JSON.stringify([reply, service().sandbox.requests.at(-1)])
    expect(sent + service().logText() + (await service().auditText())).not.toMatch(
      RegExp(`${CANARY}|realtime=v1`),
    )
  })
})

describe('Host', () => {
  it.each(['evil.example', 'localhost:1', '127.0.0.1', ''])('may be "%s"', async (host) => {
    const text = `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    expect(await exchange(await listen(service().app), text)).toMatchObject([{ statusCode: 200 }])
  })

  it('may be missing in HTTP/1.0', async () => {
    const replies = await exchange(await listen(service().app), 'GET /livez HTTP/1.0\r\n\r\n')
    expect(replies).toMatchObject([{ statusCode: 200 }])
  })
})
