import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createUpstream } from '../../src/openai/mint.ts'
import { Secret } from '../../src/secret.ts'
import { buildGa, catalogOf } from '../presets/support.ts'
import { createCertificate, createTrustedAuthority } from '../support/certificates.ts'
import { PRESETS, startTestService } from '../support/service.ts'
import { startTlsUpstream } from '../support/tls-upstream.ts'
import { listen, startReplier, toSecretBody } from '../support/upstream.ts'
import { expectation, type Kind, mintOutcome, outcomeOf, startFor } from './outcome.ts'

const authority = await createTrustedAuthority()

type Answer = (response: ServerResponse) => unknown

const grant: Answer = (response) => response.end(toSecretBody())

const refuse =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end('{}')

/** An upstream that gives each answer once, in order. */
async function startAnswering(answers: readonly Answer[]) {
  let asked = 0
  const baseUrl = await startReplier((_request, response) => {
    answers[asked]?.(response)
    asked += 1
  })
  return { baseUrl, asked: () => asked }
}

/** Resolves when undici tells of the next event of this name. */
function nextMessage(name: string): Promise<void> {
  const messages = channel(name)
  return new Promise((resolve) => {
    const tell = (): void => {
      messages.unsubscribe(tell)
      resolve()
    }
    messages.subscribe(tell)
  })
}

describe('a retry', () => {
  it.each([408, 409, 425, 500, 502, 503])(
    'follows a %i with the same request, and may succeed',
    async (status) => {
      const service = await startTestService()
      service.sandbox.behave({ kind: 'status', status }, 1)
      expect((await service.mint()).statusCode).toBe(200)
      const [first, second, ...more] = service.sandbox.requests.map(({ path, headers, body }) => ({
        path,
        headers,
        body,
      }))
      expect(first?.headers['x-client-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      expect([second, more]).toStrictEqual([first, []])
      expect(await service.attempts()).toMatchObject([
        { outcome: 'issued', upstream: { status: 200, attempts: 2 } },
      ])
    },
  )

  it('follows a connection that was refused', async () => {
    const server = createHttpServer((request, response) => {
      request.resume()
      grant(response)
    })
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    void nextMessage('undici:client:connectError').then(() => server.listen(port, '127.0.0.1'))
    onTestFinished(() => void server.close())

    const service = await startFor(`http://127.0.0.1:${port}/v1`)
    expect((await service.mint()).statusCode).toBe(200)
    expect(await service.attempts()).toMatchObject([{ upstream: { status: 200, attempts: 2 } }])
  })

  it('follows a connection that was reset before its TLS handshake', async () => {
    const upstream = await startTlsUpstream(await createCertificate({ issuer: authority }))
    let count = 0
    const front = createServer((socket) => {
      count += 1
      if (count === 1) return socket.resetAndDestroy()
      const onward = connect(upstream.port, '127.0.0.1').on('error', () => socket.destroy())
      socket.once('close', () => onward.destroy())
      return socket.pipe(onward).pipe(socket)
    })
    const service = await startFor(`https://localhost:${await listen(front)}/v1`)
    expect((await service.mint()).statusCode).toBe(200)
    expect(await service.attempts()).toMatchObject([{ upstream: { status: 200, attempts: 2 } }])
    expect(upstream.requests).toHaveLength(1)
  })

  it('keeps the key of the first call after a key rotation', async () => {
    const keys: (string | undefined)[] = []
    const baseUrl = await startReplier((request, response) => {
      keys.push(request.headers.authorization)
      if (keys.length === 1) response.writeHead(500).end()
      else grant(response)
    })
    let taken = 0
    const upstream = createUpstream({
      baseUrl: new URL(baseUrl),
      auth: 'bearer',
      organization: undefined,
      project: undefined,
      secretPrefix: 'ek_',
      apiKey: () => {
        taken += 1
        return new Secret(`sk-test-0123456789-number-${taken}`)
      },
      timeoutMs: 8_000,
      maxConnections: 1,
      proxy: undefined,
    })
    onTestFinished(() => upstream.close())
    const outcome = await upstream.mint(anOrder(), { requestId: 'a', safetyIdentifier: null })
    expect(outcome).toMatchObject({ report: { attempts: 2 }, issued: {} })
    expect(keys).toStrictEqual(Array(2).fill('Bearer sk-test-0123456789-number-1'))
  })
})

function anOrder() {
  const preset = catalogOf(PRESETS).presets.get('assistant')
  if (preset === undefined) throw new Error('there is no such preset')
  return buildGa(preset, {})
}

const hang: Answer = () => undefined

const DEADLINE_MS = 2_600
/** From the deadline to the reply, on a busy machine. */
const GRACE_MS = 750
/** A second deadline after this one would end beyond the grace. */
const LATE_MS = 1_200

const refuseLate: Answer = (response) => setTimeout(() => refuse(500)(response), LATE_MS)

describe('when both calls fail', () => {
  const seconds: readonly (readonly [
    name: string,
    second: Answer,
    kind: Kind,
    reason: string,
    status: number | null,
  ])[] = [
    ['a 500', refuse(500), 'unavailable', 'upstream_error', 500],
    ['a 504', refuse(504), 'unavailable', 'upstream_error', 504],
    ['a 400', refuse(400), 'rejected', 'upstream_refused', 400],
    ['a 401', refuse(401), 'misconfigured', 'upstream_unauthorized', 401],
    ['a 429', refuse(429), 'busy', 'upstream_rate_limited', 429],
    ['a redirect', refuse(302, { location: '/' }), 'malformed', 'upstream_redirect', 302],
    ['no JSON', (response) => response.end('<h1>'), 'malformed', 'upstream_not_json', 200],
    ['a reset', (response) => response.socket?.resetAndDestroy(), 'unavailable', 'upstream_reset', null],
    ['silence', hang, 'timeout', 'upstream_deadline', null],
  ]

  it.each(seconds)('the second decides, without a third: %s', async (_name, second, kind, reason, status) => {
    const upstream = await startAnswering([refuse(503), second, grant])
    const service = await startFor(upstream.baseUrl, { UPSTREAM_TIMEOUT_MS: '1500' })
    expect(await mintOutcome(service)).toStrictEqual(expectation(kind, reason))
    expect(upstream.asked()).toBe(2)
    expect(await service.attempts()).toMatchObject([{ upstream: { status, attempts: 2 } }])
  })

  it('the second decides how long to wait', async () => {
    const upstream = await startAnswering([refuse(500), refuse(503, { 'retry-after': '30' }), grant])
    const service = await startFor(upstream.baseUrl)
    expect((await service.mint()).headers['retry-after']).toBe('30')
    expect(upstream.asked()).toBe(2)
  })
})

describe('the deadline', () => {
  it('covers both calls together', async () => {
    const upstream = await startAnswering([refuseLate, hang])
    const service = await startFor(upstream.baseUrl, { UPSTREAM_TIMEOUT_MS: String(DEADLINE_MS) })
    const startedAt = performance.now()
    const reply = await service.mint()
    const ms = performance.now() - startedAt
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('timeout', 'upstream_deadline'))
    expect(upstream.asked()).toBe(2)
    expect(ms).toBeGreaterThan(DEADLINE_MS - 50)
    expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS)
    const [{ upstream: report } = {}] = await service.attempts()
    expect(report).toMatchObject({
      attempts: 2,
      ms: expect.toSatisfy((value: number) => value >= DEADLINE_MS - 50),
    })
  })
})

describe('there is no retry', () => {
  it.each(['reset', 'truncate', 'hang', 'headers-only', 'drip'] as const)('after a %s', async (kind) => {
    const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '1000' } })
    service.sandbox.behave({ kind }, 1)
    expect((await service.mint()).statusCode).toBeGreaterThanOrEqual(503)
    expect(service.sandbox.requests).toHaveLength(1)
    expect(await service.attempts()).toMatchObject([{ upstream: { attempts: 1 } }])
  })

  it('after a reset, even if upstream read nothing of the request', async () => {
    const server = createServer({ pauseOnConnect: true })
    const accepted = once(server, 'connection')
    const sent = nextMessage('undici:client:sendHeaders')
    const service = await startFor(`http://127.0.0.1:${await listen(server)}/v1`)
    const minting = service.mint()
    const [[socket]] = await Promise.all([accepted, sent])
    socket.resetAndDestroy()
    expect(await outcomeOf(service, await minting)).toStrictEqual(
      expectation('unavailable', 'upstream_reset'),
    )
    expect(await service.attempts()).toMatchObject([{ upstream: { attempts: 1 } }])
  })

  it('if too little time is left', async () => {
    const service = await startTestService({ environment: { UPSTREAM_TIMEOUT_MS: '500' } })
    service.sandbox.behave({ kind: 'status', status: 500 }, 1)
    expect(await mintOutcome(service)).toStrictEqual(expectation('unavailable', 'upstream_error'))
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it.each([
    [500, '7', '7'],
    [502, '7', '7'],
    [503, '7', '7'],
    [504, '7', '7'],
    [503, '3600', '60'],
  ])('after a %i with Retry-After %s, which is passed on as %s', async (status, asked, retryAfter) => {
    const service = await startTestService()
    service.sandbox.behave({ kind: 'status', status, headers: { 'retry-after': asked } }, 1)
    const outcome = { ...expectation('unavailable', 'upstream_error'), retryAfter }
    expect(await mintOutcome(service)).toStrictEqual(outcome)
    expect(service.sandbox.requests).toHaveLength(1)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
