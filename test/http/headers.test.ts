import { describe, expect, it } from 'vitest'
import { CANARY, CLIENT_SECRETS, expectCommonHeaders, refusalOf } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, toRequest } from '../support/sockets.ts'

const service = shareService()

const body = '{"preset":"assistant"}'
const page = [
  `Origin: ${ORIGIN}`,
  'Content-Type: application/json',
  `Content-Length: ${body.length}`,
] as const

async function send(headers: readonly string[], text = body) {
  const request = toRequest(`POST ${CLIENT_SECRETS}`, headers, text)
  const [reply] = await exchange(await listen(service().app), request)
  if (reply === undefined) throw new Error('no reply')
  return reply
}

const malformed = [400, 'invalid_request', null] as const

describe('a header that means one thing may be sent once', () => {
  it.each<[what: string, headers: readonly string[]]>([
    ['Host', ['Host: localhost', ...page]],
    ['Origin, alike', [`Origin: ${ORIGIN}`, ...page]],
    ['Origin, listed first', [...page, 'Origin: https://evil.example']],
    ['Origin, listed last', ['Origin: https://evil.example', ...page]],
    ['Origin, in another case', [`ORIGIN: ${ORIGIN}`, ...page]],
    ['Content-Type', ['Content-Type: application/json', ...page]],
    ['Content-Type, another', [...page, 'Content-Type: text/plain']],
    ['Content-Length', [`Content-Length: ${body.length}`, ...page]],
    ['Content-Length, another', [...page, 'Content-Length: 2']],
    ['Authorization', [...page, 'Authorization: Bearer a', 'Authorization: Bearer a']],
    ['Authorization, another', [...page, 'Authorization: Bearer a', 'authorization: Basic b']],
  ])('%s', async (_, headers) => {
    expect(refusalOf(await send(headers))).toEqual(malformed)
  })

  it.each(['GET /livez', 'GET /nowhere', `OPTIONS ${CLIENT_SECRETS}`])('and so for %s', async (startLine) => {
    const text = toRequest(startLine, [`Origin: ${ORIGIN}`, `Origin: ${ORIGIN}`])
    const [reply] = await exchange(await listen(service().app), text)
    expect(reply?.statusCode).toBe(400)
  })

  it.each(['Accept', 'Cookie', 'User-Agent', 'X-Stainless-Lang', 'X-Forwarded-For'])(
    'but not %s',
    async (name) => {
      expect((await send([...page, `${name}: a`, `${name}: b`])).statusCode).toBe(200)
    },
  )

  it('two origins in one header are no origin', async () => {
    const [, ...others] = page
    const reply = await send([`Origin: ${ORIGIN}, https://evil.example`, ...others])
    expect(refusalOf(reply)).toEqual([403, 'origin_not_allowed', null])
  })
})

describe('what is ambiguous about the length of a body is refused', () => {
  it.each<[what: string, headers: readonly string[], text: string]>([
    ['Content-Length and chunks', [...page, 'Transfer-Encoding: chunked'], `16\r\n${body}\r\n0\r\n\r\n`],
    ['chunks that are not last', [...page.slice(0, 2), 'Transfer-Encoding: chunked, gzip'], ''],
    ['an encoding that is none', [...page.slice(0, 2), `Transfer-Encoding: ${CANARY}`], ''],
    ['chunks in another spelling', [...page.slice(0, 2), 'Transfer-Encoding: xchunked'], ''],
    ['a length that is no number', [...page.slice(0, 2), `Content-Length: ${CANARY}`], ''],
    ['a negative length', [...page.slice(0, 2), 'Content-Length: -1'], ''],
    ['a length with a sign', [...page.slice(0, 2), 'Content-Length: +22'], body],
    ['a length in hex', [...page.slice(0, 2), 'Content-Length: 0x16'], body],
    ['two lengths in one header', [...page.slice(0, 2), 'Content-Length: 22, 22'], body],
  ])('%s', async (_, headers, text) => {
    expect(refusalOf(await send(headers, text))).toEqual(malformed)
  })
})

describe('Expect', () => {
  it.each(['100-continue', '100-Continue'])('%s is answered, and then the request', async (value) => {
    expect((await send([...page, `Expect: ${value}`])).statusCode).toBe(200)
  })

  it.each(['200-ok', '100-continue, x', CANARY])('%s is refused', async (value) => {
    const reply = await send([...page, `Expect: ${value}`])
    expect(refusalOf(reply)).toEqual([417, 'invalid_request', null])
    expect(reply.body).not.toContain(value)
  })
})

describe('headers that decide nothing', () => {
  it.each<[what: string, header: string]>([
    ['a bearer token', `Authorization: Bearer ${CANARY}`],
    ['another scheme', `Authorization: Basic ${CANARY}`],
    ['a scheme of its own', `Authorization: ${'x'.repeat(9_000)}`],
    ['an empty Authorization', 'Authorization:'],
    ['cookies', `Cookie: session=${CANARY}`],
    ['a request id', `X-Request-Id: ${CANARY}`],
    ['another host', 'X-Forwarded-Host: evil.example'],
    ['a forwarded protocol', 'X-Forwarded-Proto: http'],
    ['a Forwarded', 'Forwarded: for=1.2.3.4;host=evil.example;proto=http'],
    ['a beta', 'OpenAI-Beta: realtime=v1'],
    ['a protocol to change to', 'Upgrade: websocket'],
    ['an old validator', 'If-None-Match: *'],
    ['an API key', `api-key: ${CANARY}`],
  ])('%s', async (_, header) => {
    const reply = await send([...page, header])
    expect(reply.statusCode).toBe(200)
    expectCommonHeaders(reply)
    expect(JSON.stringify(reply)).not.toContain(CANARY)
    const sent = JSON.stringify(service().sandbox.requests.at(-1))
    expect(sent).not.toContain(CANARY)
    expect(sent).not.toContain('realtime=v1')
  })

  it('and none of them is logged or recorded', async () => {
    expect(service().logText()).not.toContain(CANARY)
    expect(await service().auditText()).not.toContain(CANARY)
  })
})

describe('Host', () => {
  it.each(['evil.example', 'localhost:1', '127.0.0.1', ''])('may be "%s"', async (host) => {
    const text = `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    const [reply] = await exchange(await listen(service().app), text)
    expect(reply?.statusCode).toBe(200)
  })

  it('may be missing from HTTP/1.0, which had none', async () => {
    const [reply] = await exchange(await listen(service().app), 'GET /livez HTTP/1.0\r\n\r\n')
    expect(reply?.statusCode).toBe(200)
  })
})
