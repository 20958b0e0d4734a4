import { type EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { toProtocolReason } from '../../src/http/protocol-errors.ts'
import { CANARY, CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, openPeer, pageHeaders, parseReplies, toRequest } from '../support/sockets.ts'

const service = shareService()

const body = '{"preset":"assistant"}'
const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`
const host = 'Host: localhost'
const tooLarge = `X-Long: ${'x'.repeat(17_000)}`

describe('what is no HTTP is answered in the envelope, once, and the connection closed', () => {
  it.each<[what: string, status: number, text: string | Buffer]>([
    ['noise', 400, `${CANARY}\r\n\r\n`],
    ['a TLS hello', 400, Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3, 0, 0, 0])],
    ['an HTTP/2 preface', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method that is none', 400, lines(`CANARY /${CANARY} HTTP/1.1`, host)],
    ['a method in small letters', 400, lines(`post ${CLIENT_SECRETS} HTTP/1.1`, host)],
    ['a version that is none', 400, lines('GET /livez HTTP/9.9', host)],
    ['version 2.0', 505, lines('GET /livez HTTP/2.0', host)],
    ['version 2.0 of a mint', 505, lines(`POST ${CLIENT_SECRETS} HTTP/2.0`, host, ...pageHeaders)],
    ['version 0.9', 505, lines('GET /livez HTTP/0.9', host)],
    ['another protocol', 400, lines('GET /livez SIP/2.0', host)],
    ['blanks in the target', 400, lines(`GET /${CANARY} ${CANARY} HTTP/1.1`, host)],
    ['bare line feeds', 400, 'GET /livez HTTP/1.1\nHost: localhost\n\n'],
    ['a header without a colon', 400, lines('GET /livez HTTP/1.1', host, CANARY)],
    ['a blank in a header name', 400, lines('GET /livez HTTP/1.1', host, `X ${CANARY}: y`)],
    ['a blank before a colon', 400, lines('GET /livez HTTP/1.1', host, `X-${CANARY} : y`)],
    ['a folded header', 400, lines('GET /livez HTTP/1.1', host, 'X-A: b', ` ${CANARY}`)],
    ['a NUL in a header', 400, lines('GET /livez HTTP/1.1', host, `X-A: \0${CANARY}`)],
    ['no host', 400, lines('GET /livez HTTP/1.1', 'Connection: close')],
    [
      'no host, but a mint',
      400,
      lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, ...pageHeaders, 'Connection: close'),
    ],
    ['headers that are too large', 431, lines('GET /livez HTTP/1.1', host, tooLarge)],
    ['a target that is too large', 431, lines(`GET /${'x'.repeat(17_000)} HTTP/1.1`, host)],
    [
      'too many headers',
      431,
      lines('GET /livez HTTP/1.1', host, ...Array.from({ length: 3_000 }, () => 'X-A: b')),
    ],
  ])('%s: %i', async (_, status, text) => {
    const replies = await exchange(await listen(service().app), text)
    expect(replies.map(refusalOf)).toEqual([[status, 'invalid_request', null]])
    expect(replies[0]?.headers['connection']).toBe('close')
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })

  it('and so is CONNECT, which Node keeps from the routes', async () => {
    const text = lines(`CONNECT ${CANARY}:443 HTTP/1.1`, host, 'Connection: close')
    const [reply, ...others] = await exchange(await listen(service().app), text)
    expect(reply === undefined ? 'no reply' : refusalOf(reply)[1]).toBe('invalid_request')
    expect(others).toEqual([])
  })

  it('and logged with its request id, and without a word of it', async () => {
    const [reply] = await exchange(await listen(service().app), `${CANARY}\r\n\r\n`)
    const logged = service()
      .logText()
      .split('\n')
      .find((line) => line.includes(String(reply?.headers['x-request-id'])))
    expect(JSON.parse(logged ?? '')).toMatchObject({
      http_status: 400,
      code: 'invalid_request',
      route: null,
      method: null,
    })
    expect(service().logText()).not.toContain(CANARY)
  })
})

const chunks = toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, 'Transfer-Encoding: chunked'])

describe('a body that stops being HTTP', () => {
  it.each<[what: string, text: string]>([
    ['at its first chunk', `${chunks}ZZ\r\n${CANARY}`],
    ['at a later chunk', `${chunks}2\r\n{}\r\nZZ\r\n${CANARY}`],
    ['after a chunk', `${chunks}2\r\n{}${CANARY}`],
    ['with a size beyond all numbers', `${chunks}fffffffffffffffff\r\n{}`],
  ])('%s, is answered in the envelope', async (_, text) => {
    const replies = await exchange(await listen(service().app), text)
    expect(replies.map(refusalOf)).toEqual([[400, 'invalid_request', null]])
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })

  it('is answered under the request id of its record', async () => {
    const own = await startTestService()
    const [reply] = await exchange(await listen(own.app), `${chunks}ZZ\r\n`)
    await own.lifecycle.attempts.whenEmpty()
    expect((await own.records()).at(-1)).toMatchObject({
      event: 'attempt',
      status: 400,
      request_id: reply?.headers['x-request-id'],
    })
  })

  it('is answered once: not again after a refusal has gone out', async () => {
    const peer = await openPeer(await listen(service().app))
    peer.socket.write(lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, host, 'Transfer-Encoding: chunked'))
    await peer.seen(/"code":"origin_not_allowed".*\}$/)
    peer.socket.write('ZZ\r\n')
    await peer.closed
    expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([403])
  })
})

describe('a connection', () => {
  it('may carry several requests', async () => {
    const peer = await openPeer(await listen(service().app))
    const mint = [`POST ${CLIENT_SECRETS} HTTP/1.1`, host, ...pageHeaders, `Content-Length: ${body.length}`]
    peer.socket.write(`${lines(...mint)}${body}${lines('GET /nowhere HTTP/1.1', host)}`)
    peer.socket.write(toRequest('GET /livez'))
    await peer.closed
    expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([200, 404, 200])
  })

  it.each([
    ['a mint', `POST ${CLIENT_SECRETS}`, pageHeaders, body],
    ['health', 'GET /livez', [], ''],
  ] as const)(
    'is told what was no HTTP behind %s, once that is answered',
    async (_, start, headers, sent) => {
      const length = sent === '' ? [] : [`Content-Length: ${sent.length}`]
      const request = `${lines(`${start} HTTP/1.1`, host, ...headers, ...length)}${sent}`
      const replies = await exchange(await listen(service().app), `${request}${request}${CANARY}\r\n\r\n`)
      expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 400])
      expect(replies.map(({ headers: { connection } }) => connection).at(-1)).toBe('close')
      expect(JSON.stringify(replies)).not.toContain(CANARY)
    },
  )

  it('is told that CONNECT is none of our methods, once what came before is answered', async () => {
    const mint = lines(
      `POST ${CLIENT_SECRETS} HTTP/1.1`,
      host,
      ...pageHeaders,
      `Content-Length: ${body.length}`,
    )
    const replies = await exchange(
      await listen(service().app),
      `${mint}${body}${lines('CONNECT a:1 HTTP/1.1', host)}`,
    )
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 405])
  })

  it('that is sent one more byte that is no HTTP after another, behind a mint, is told so once', async () => {
    const own = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
    own.sandbox.behave({ kind: 'hang' })
    const accepted = once(own.app.server, 'connection')
    const peer = await openPeer(await listen(own.app))
    const [theirs]: EventEmitter[] = await accepted
    peer.socket.write(
      `${lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, host, ...pageHeaders, `Content-Length: ${body.length}`)}${body}`,
    )
    await expect.poll(() => own.sandbox.requests.length).toBe(1)
    const invalid = Object.assign(new Error('invalid'), { code: 'HPE_INVALID_METHOD' })
    for (let byte = 0; byte < 20; byte += 1) own.app.server.emit('clientError', invalid, theirs)
    await peer.closed
    expect(parseReplies(peer.received()).map(({ statusCode }) => statusCode)).toEqual([504, 400])
  })

  it('that asks for CONNECT and is reset costs nobody else theirs', async () => {
    const port = await listen(service().app)
    const resets = Array.from({ length: 50 }, async () => {
      const peer = await openPeer(port)
      peer.socket.write(lines('CONNECT a:1 HTTP/1.1', host), () => peer.socket.resetAndDestroy())
      await peer.closed
    })
    await Promise.all(resets)
    const [reply] = await exchange(port, toRequest('GET /livez'))
    expect(reply?.statusCode).toBe(200)
  })

  it('that closes with its reply says nothing of what came behind', async () => {
    const replies = await exchange(await listen(service().app), `${toRequest('GET /livez')}${CANARY}\r\n\r\n`)
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200])
  })

  it('whose request came while the listener closes is still answered in the envelope', async () => {
    const own = await startTestService()
    const peer = await openPeer(await listen(own.app))
    own.sandbox.behave({ kind: 'hang' })
    const mint = [`POST ${CLIENT_SECRETS} HTTP/1.1`, host, ...pageHeaders, `Content-Length: ${body.length}`]
    peer.socket.write(`${lines(...mint)}${body}`)
    await expect.poll(() => own.sandbox.requests.length).toBe(1)
    own.lifecycle.phase = 'draining'
    const closed = own.app.close()
    peer.socket.write(
      lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, host, `Origin: ${ORIGIN}`, 'Content-Length: 0'),
    )
    await own.sandbox.close()
    await peer.closed
    await closed
    const [, second] = parseReplies(peer.received())
    expect(second === undefined ? 'no reply' : refusalOf(second)).toEqual([503, 'shutting_down', null])
  })
})

describe('a code of Node’s parser', () => {
  it.each<[code: string | undefined, reason: string]>([
    ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 'request_too_slow'],
    ['HPE_INVALID_URL', 'url_malformed'],
    ['HPE_INVALID_HEADER_TOKEN', 'header_malformed'],
    ['HPE_INVALID_CONTENT_LENGTH', 'header_malformed'],
    ['HPE_UNEXPECTED_CONTENT_LENGTH', 'header_malformed'],
    ['HPE_INVALID_TRANSFER_ENCODING', 'header_malformed'],
    ['HPE_INVALID_METHOD', 'protocol_malformed'],
    ['HPE_ANYTHING_NEW', 'protocol_malformed'],
    [undefined, 'protocol_malformed'],
  ])('%s means %s', (code, reason) => {
    expect(toProtocolReason(code)).toBe(reason)
  })
})
