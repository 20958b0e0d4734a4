import { type EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { toProtocolReason } from '../../src/http/protocol-errors.ts'
import { CANARY, CLIENT_SECRETS, draining, invalid, refusalOf } from '../support/replies.ts'
import { startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import {
  exchange,
  listen,
  mintBody,
  mintHeaders,
  openPeer,
  pageHeaders,
  parseReplies,
  toRequest,
} from '../support/sockets.ts'

const service = shareService()

const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`
const host = 'Host: localhost'
const live = (...headers: readonly string[]): string => lines('GET /livez HTTP/1.1', host, ...headers)
/** A mint on a connection that stays open. */
const mint = `${lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, host, ...mintHeaders)}${mintBody}`
const noise = `${CANARY}\r\n\r\n`

const send = async (text: string | Buffer) => exchange(await listen(service().app), text)

const statusesOf = (replies: readonly { readonly statusCode: number }[]): number[] =>
  replies.map(({ statusCode }) => statusCode)

describe('bytes that are not HTTP', () => {
  it.each<[what: string, status: number, text: string | Buffer]>([
    ['noise', 400, noise],
    ['a TLS hello', 400, Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3, 0, 0, 0])],
    ['an HTTP/2 preface', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 400, lines(`CANARY /${CANARY} HTTP/1.1`, host)],
    ['a method in small letters', 400, lines(`post ${CLIENT_SECRETS} HTTP/1.1`, host)],
    ['an unknown version', 400, lines('GET /livez HTTP/9.9', host)],
    ['version 2.0', 505, lines('GET /livez HTTP/2.0', host)],
    ['version 2.0 of a mint', 505, lines(`POST ${CLIENT_SECRETS} HTTP/2.0`, host, ...pageHeaders)],
    ['version 0.9', 505, lines('GET /livez HTTP/0.9', host)],
    ['another protocol', 400, lines('GET /livez SIP/2.0', host)],
    ['blanks in the target', 400, lines(`GET /${CANARY} ${CANARY} HTTP/1.1`, host)],
    ['bare line feeds', 400, 'GET /livez HTTP/1.1\nHost: localhost\n\n'],
    ['a header without a colon', 400, live(CANARY)],
    ['a blank in a header name', 400, live(`X ${CANARY}: y`)],
    ['a blank before a colon', 400, live(`X-${CANARY} : y`)],
    ['a folded header', 400, live('X-A: b', ` ${CANARY}`)],
    ['a NUL in a header', 400, live(`X-A: \0${CANARY}`)],
    ['no host', 400, lines('GET /livez HTTP/1.1', 'Connection: close')],
    [
      'no host for a mint',
      400,
      lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, ...pageHeaders, 'Connection: close'),
    ],
    ['headers that are too large', 431, live(`X-Long: ${'x'.repeat(17_000)}`)],
    ['a target that is too large', 431, lines(`GET /${'x'.repeat(17_000)} HTTP/1.1`, host)],
    ['too many headers', 431, live(...Array.from({ length: 3_000 }, () => 'X-A: b'))],
    ['CONNECT', 405, lines(`CONNECT ${CANARY}:443 HTTP/1.1`, host, 'Connection: close')],
  ])('get one reply in the envelope, and the connection closes: %s, %i', async (_, status, text) => {
    const replies = await send(text)
    expect(replies.map(refusalOf)).toEqual([[status, 'invalid_request', null]])
    expect(replies[0]?.headers['connection']).toBe('close')
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })

  it('are logged by request id only', async () => {
    const [reply] = await send(noise)
    const [line] = service().logLines(String(reply?.headers['x-request-id']))
    expect(line).toMatchObject({ http_status: 400, code: 'invalid_request', route: null, method: null })
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
  ])('%s gets one reply in the envelope', async (_, text) => {
    const replies = await send(text)
    expect(replies.map(refusalOf)).toEqual([invalid()])
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })

  it('has one record and one log line, with what the caller was told', async () => {
    const own = await startTestService()
    const [reply] = await exchange(await listen(own.app), `${chunks}ZZ\r\n`)
    await own.lifecycle.attempts.whenEmpty()
    const told = { status: 400, reason: 'protocol_malformed', request_id: reply?.headers['x-request-id'] }
    expect(await own.attempts()).toMatchObject([{ outcome: 'refused', ...told }])
    expect(own.logLines('"msg":"request"')).toHaveLength(1)
  })

  it('gets no second reply after a refusal', async () => {
    const peer = await openPeer(await listen(service().app))
    peer.socket.write(lines(`POST ${CLIENT_SECRETS} HTTP/1.1`, host, 'Transfer-Encoding: chunked'))
    await peer.seen(/"code":"origin_not_allowed".*\}$/)
    peer.socket.write('ZZ\r\n')
    await peer.closed
    expect(statusesOf(parseReplies(peer.received()))).toEqual([403])
  })
})

describe('a connection', () => {
  it.each<[what: string, text: string, statuses: readonly number[]]>([
    [
      'several requests',
      `${mint}${lines('GET /nowhere HTTP/1.1', host)}${toRequest('GET /livez')}`,
      [200, 404, 200],
    ],
    ['noise after mints', `${mint}${mint}${noise}`, [200, 200, 400]],
    ['noise after health checks', `${live()}${live()}${noise}`, [200, 200, 400]],
    ['CONNECT after a mint', `${mint}${lines('CONNECT a:1 HTTP/1.1', host)}`, [200, 405]],
    ['noise after its last request', `${toRequest('GET /livez')}${noise}`, [200]],
  ])('gets the replies in order to %s', async (_, text, statuses) => {
    const replies = await send(text)
    expect(statusesOf(replies)).toEqual(statuses)
    expect(replies.at(-1)?.headers['connection']).toBe('close')
    expect(JSON.stringify(replies)).not.toContain(CANARY)
  })

  it('gets one reply for many bytes that are not HTTP after a mint', async () => {
    const own = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
    own.sandbox.behave({ kind: 'hang' })
    const accepted = once(own.app.server, 'connection')
    const peer = await openPeer(await listen(own.app))
    const [theirs]: EventEmitter[] = await accepted
    peer.socket.write(mint)
    await expect.poll(() => own.sandbox.requests.length).toBe(1)
    const error = Object.assign(new Error('invalid'), { code: 'HPE_INVALID_METHOD' })
    for (let byte = 0; byte < 20; byte += 1) own.app.server.emit('clientError', error, theirs)
    await peer.closed
    expect(statusesOf(parseReplies(peer.received()))).toEqual([504, 400])
  })

  it('that sends CONNECT and is reset leaves the others alone', async () => {
    const port = await listen(service().app)
    const resets = Array.from({ length: 50 }, async () => {
      const peer = await openPeer(port)
      peer.socket.write(lines('CONNECT a:1 HTTP/1.1', host), () => peer.socket.resetAndDestroy())
      await peer.closed
    })
    await Promise.all(resets)
    expect(statusesOf(await exchange(port, toRequest('GET /livez')))).toEqual([200])
  })

  it('gets a reply in the envelope while the listener closes', async () => {
    const own = await startTestService()
    const peer = await openPeer(await listen(own.app))
    own.sandbox.behave({ kind: 'hang' })
    peer.socket.write(mint)
    await expect.poll(() => own.sandbox.requests.length).toBe(1)
    own.lifecycle.phase = 'draining'
    const closed = own.app.close()
    peer.socket.write(mint)
    await own.sandbox.close()
    await peer.closed
    await closed
    expect(parseReplies(peer.received()).slice(1).map(refusalOf)).toEqual([draining])
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
