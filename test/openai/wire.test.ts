import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { API_KEY } from '../support/service.ts'
import { listen, startReplier, startSpeaker, toReply, toSecretBody } from '../support/upstream.ts'
import { expectation, type Kind, mintOutcome, outputsOf, startFor } from './outcome.ts'

const MiB = 1024 * 1024
/** A reply with a secret. */
const secret = (...rest: readonly string[]): string => toReply(toSecretBody(), ...rest)

const spaces = (count: number): string => ' '.repeat(count)

describe('an upstream that is unreachable', () => {
  it.each([
    ['refuses connections', 'http://127.0.0.1:1/v1', 'upstream_not_connected'],
    ['has a name that cannot be resolved', `https://${'a'.repeat(64)}/v1`, 'upstream_not_resolved'],
  ])('because it %s is unavailable', async (_name, baseUrl, reason) => {
    const service = await startFor(baseUrl)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', reason))
    expect((await service.records()).at(-1)).toMatchObject({
      upstream: { status: null, request_id: null, attempts: 2 },
    })
  })

  it('because it has no TLS is unavailable, and never sees the key', async () => {
    const heard: string[] = []
    const port = await listen(
      createServer((socket) => {
        socket.on('data', (chunk) => {
          heard.push(chunk.toString('latin1'))
          socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
        })
      }),
    )
    const service = await startFor(`https://127.0.0.1:${port}/v1`)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_tls'))
    expect(heard.join('')).not.toContain(API_KEY)
  })

  it('because it has no certificate is unavailable', async () => {
    const port = await listen(createTlsServer())
    const service = await startFor(`https://127.0.0.1:${port}/v1`)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_tls'))
  })
})

describe('an upstream that stops in mid-reply', () => {
  it.each([
    ['by a reset after the request', '', 'reset'],
    ['by closing after the request', '', 'close'],
    ['by a reset inside the headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['by closing inside the body', secret('200 OK', 'content-length: 4096'), 'close'],
    [
      'by closing inside the body, having said that it closes',
      secret('200 OK', 'content-length: 4096', 'connection: close'),
      'close',
    ],
    ['by a reset inside the body', secret('200 OK', 'content-length: 4096'), 'reset'],
    [
      'by closing between two chunks',
      toReply('2\r\n{"\r\n', '200 OK', 'transfer-encoding: chunked'),
      'close',
    ],
  ])('%s is unavailable', async (_name, bytes, how) => {
    const baseUrl = await startSpeaker((socket) => {
      socket.write(bytes, () => (how === 'reset' ? socket.resetAndDestroy() : socket.end()))
    })
    const service = await startFor(baseUrl)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_reset'))
  })
})

describe('an upstream with invalid HTTP', () => {
  it.each([
    ['greets in another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    ['writes a status line of its own', secret('yes OK')],
    ['gives two lengths', secret('200 OK', 'content-length: 10', 'content-length: 11')],
    [
      'gives a length and chunks',
      toReply('0\r\n\r\n', '200 OK', 'content-length: 5', 'transfer-encoding: chunked'),
    ],
    ['gives a length that is no number', secret('200 OK', 'content-length: ten')],
    ['writes chunks without a size', toReply('{"value":', '200 OK', 'transfer-encoding: chunked')],
    ['puts a control character into a header', secret('200 OK', 'x-odd: a\u0001b')],
    ['sends headers without end', secret('200 OK', `x-long: ${'a'.repeat(100_000)}`)],
  ])('because it %s is malformed', async (_name, bytes) => {
    const service = await startFor(await startSpeaker((socket) => socket.write(bytes, 'latin1')))
    expect(await mintOutcome(service)).toStrictEqual(expectation('malformed', 'upstream_protocol'))
  })
})

describe('an upstream with unusual but valid HTTP', () => {
  it.each([
    ['no length, and the end of the connection', 'HTTP/1.0 200 OK\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['no reason phrase', 'HTTP/1.0 200\r\n\r\n'],
  ])('is understood: %s', async (_name, head) => {
    const baseUrl = await startSpeaker((socket) => {
      const body = toSecretBody()
      const isChunked = head.includes('chunked')
      socket.end(head + (isChunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body))
    })
    const service = await startFor(baseUrl)
    expect((await service.mint()).json()).toHaveProperty('value', 'ek_of_the_upstream')
  })
})

describe('the size of a reply', () => {
  it.each([
    ['256 KiB', 256 * 1024, 200],
    ['a byte more', 256 * 1024 + 1, 502],
  ])('of %s decides', async (_name, size, status) => {
    const body = toSecretBody()
    const baseUrl = await startReplier((_request, response) => {
      response.end(body + spaces(size - body.length))
    })
    const service = await startFor(baseUrl)
    expect((await service.mint()).statusCode).toBe(status)
  })

  it('of 100 MiB is neither read to its end nor kept', async () => {
    let sent = 0
    const baseUrl = await startSpeaker((socket) => {
      const piece = Buffer.alloc(MiB, 'a')
      const pour = (): void => {
        while (!socket.destroyed && sent < 100 * MiB) {
          sent += MiB
          if (!socket.write(piece)) return
        }
      }
      socket.write('HTTP/1.1 200 OK\r\n\r\n{"value":"ek_')
      socket.on('drain', pour)
      pour()
    })
    const service = await startFor(baseUrl)
    expect(await mintOutcome(service)).toStrictEqual(expectation('malformed', 'upstream_too_large'))
    expect(sent).toBeLessThan(20 * MiB)
  })
})

describe('a status', () => {
  const statuses: readonly (readonly [statusLine: string, kind: Kind, reason: string])[] = [
    ['401 Unauthorized', 'misconfigured', 'upstream_unauthorized'],
    ['403 Forbidden', 'misconfigured', 'upstream_forbidden'],
    ['400 Bad Request', 'rejected', 'upstream_refused'],
    ['429 Too Many Requests', 'busy', 'upstream_rate_limited'],
    ['503 Service Unavailable', 'unavailable', 'upstream_error'],
  ]

  const bodies: readonly (readonly [name: string, toBytes: (statusLine: string) => string])[] = [
    ['is compressed', (line) => toReply('\u001f\u008b', line, 'content-encoding: gzip')],
    ['is too large', (line) => toReply(spaces(257 * 1024), line)],
    ['ends early', (line) => toReply('{"error":', line, 'content-length: 100')],
  ]

  describe.each(bodies)('decides even if the body %s', (name, toBytes) => {
    it.each(statuses)('%s', async (statusLine, kind, reason) => {
      const baseUrl = await startSpeaker((socket) => {
        socket.write(toBytes(statusLine), 'latin1')
        if (name === 'ends early') socket.end()
      })
      expect(await mintOutcome(await startFor(baseUrl))).toStrictEqual(expectation(kind, reason))
    })
  })
})

describe('our key, sent back', () => {
  it.each([
    ['as the reason phrase', secret(`200 ${API_KEY}`)],
    ['as the reason phrase of a refusal', toReply('{}', `401 ${API_KEY}`)],
    ['as the request id', secret('200 OK', `x-request-id: ${API_KEY}`)],
    ['as the time to wait', toReply('{}', '429 No', `retry-after: ${API_KEY}`)],
    ['as the date', secret('200 OK', `date: ${API_KEY}`)],
    ['as a header', secret('200 OK', `${API_KEY}: ${API_KEY}`)],
    ['as the body', toReply(API_KEY)],
    ['as JSON that cannot be parsed', toReply(`{"value":"${API_KEY}`)],
    ['as something that is no HTTP', `${API_KEY}\r\n\r\n`],
  ])('%s goes no further', async (_name, bytes) => {
    const service = await startFor(await startSpeaker((socket) => socket.write(bytes)))
    const reply = await service.mint()
    expect(await outputsOf(service, reply)).not.toContain(API_KEY.slice(8))
  })
})

describe('a key that looks like a request id, as Azure’s do,', () => {
  const key = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'

  it.each([
    ['as it is', key],
    ['behind a prefix', `req_${key}`],
    ['its middle, behind a prefix', `req_${key.slice(8, 28)}`],
  ])('is never recorded as a request id: %s', async (_name, id) => {
    const bytes = secret('200 OK', `x-request-id: ${id}`)
    const baseUrl = await startSpeaker((socket) => socket.write(bytes))
    const service = await startFor(baseUrl, { OPENAI_API_KEY: key, OPENAI_AUTH: 'api-key' })
    expect((await service.mint()).statusCode).toBe(200)
    expect(await service.attempts()).toMatchObject([{ upstream: { request_id: null } }])
  })
})

describe('a secret, sent back as the request id', () => {
  it('is in no record and in no log line', async () => {
    const bytes = toReply(toSecretBody('ek_twice'), '200 OK', 'x-request-id: ek_twice')
    const service = await startFor(await startSpeaker((socket) => socket.write(bytes)))
    await service.mint()
    expect((await service.auditText()) + service.logText()).not.toContain('ek_twice')
  })
})
