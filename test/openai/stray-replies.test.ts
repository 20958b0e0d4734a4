import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type FaultyGatewayOptions,
  requestIdOf,
  type Stray,
  startFaultyGateway,
  strayKinds,
} from '../../sandbox/faulty-gateway.ts'
import { inTurn } from '../bench/in-turn.ts'
import { startProxy } from '../support/proxy.ts'
import { type Reply, startTestService, type TestService } from '../support/service.ts'
import { startReplier, startSpeaker, toReply, toSecretBody } from '../support/upstream.ts'
import { certificate } from './behind-proxy.ts'
import { expectation, mintOutcome, outcomeOf, startFor, stopClock } from './outcome.ts'

const flat = 'presets: { assistant: { session: { model: gpt-realtime-2.1 } } }'

/** A service and its faulty gateway. */
async function startBehind(options: FaultyGatewayOptions, way: 'plain' | 'tls' | 'proxy' = 'plain') {
  const isPlain = way === 'plain'
  const gateway = await startFaultyGateway({ ...options, ...(isPlain ? {} : { tls: certificate }) })
  onTestFinished(() => gateway.close())
  const proxy = way === 'proxy' ? await startProxy({ port: gateway.port }) : undefined
  const environment = {
    OPENAI_BASE_URL: `${isPlain ? 'http' : 'https'}://localhost:${gateway.port}/v1`,
    HTTPS_PROXY: proxy && `http://${proxy.host}`,
    OPENAI_REALTIME_API: options.isFlat === true ? 'sessions' : undefined,
  }
  const presets = options.isFlat === true ? { presets: flat } : {}
  return { service: await startTestService({ environment, ...presets }), gateway }
}

/** Replies whose secret was minted for another request. */
const wrongOf = (replies: readonly Reply[]): readonly Reply[] =>
  replies.filter(
    (reply) => reply.statusCode === 200 && requestIdOf(reply.json().value) !== reply.headers['x-request-id'],
  )

const mintInTurn = (service: TestService, count: number): Promise<Reply[]> =>
  inTurn(Array.from({ length: count }), () => service.mint())

/** So many callers, and each mints again as soon as it has its reply. */
async function mintBeside(service: TestService, callers: number, count: number): Promise<Reply[]> {
  const replies = await Promise.all(Array.from({ length: callers }, () => mintInTurn(service, count)))
  return replies.flat()
}

const everyThird =
  (stray: Stray) =>
  (count: number): Stray | undefined =>
    count % 3 === 0 ? stray : undefined

const everyFifth = (count: number): Stray | undefined =>
  count % 5 === 0 ? { kind: count % 2 === 0 ? 'same' : 'different', lateMs: count % 40 } : undefined

const interim = (code: string): string => `HTTP/1.1 ${code}\r\n\r\n`

describe('no caller gets the secret of another one', () => {
  it.each(strayKinds.flatMap((kind) => [0, 2, 20].map((lateMs) => [kind, lateMs] as const)))(
    'after a stray reply (%s, %i ms late)',
    async (kind, lateMs) => {
      const { service } = await startBehind({ strayOf: everyThird({ kind, lateMs }), latencyMs: 1 })
      const replies = await mintInTurn(service, 30)
      expect(wrongOf(replies)).toStrictEqual([])
      expect(replies.filter(({ statusCode }) => statusCode === 200)).toHaveLength(30)
    },
  )

  it.each(['plain', 'tls', 'proxy'] as const)('while 32 callers mint at once over %s', async (way) => {
    const { service } = await startBehind({ strayOf: everyFifth, latencyMs: 2 }, way)
    const replies = await mintBeside(service, 32, 6)
    expect(wrongOf(replies)).toStrictEqual([])
    // A stray reply may hit a connection in use. Then its mint is refused, and the caller gets nothing.
    const codes = replies.map((reply) => reply.json().error?.code ?? 'issued')
    expect(codes).toContain('issued')
    expect(codes.filter((code) => !['issued', 'upstream_malformed'].includes(code))).toStrictEqual([])
  })

  it('at the flat endpoint', async () => {
    const { service } = await startBehind({ strayOf: everyThird({ kind: 'same', lateMs: 2 }), isFlat: true })
    const replies = await mintInTurn(service, 30)
    expect(replies.map(({ statusCode }) => statusCode)).toStrictEqual(Array(30).fill(200))
    expect(wrongOf(replies)).toStrictEqual([])
  })
})

describe('a connection', () => {
  stopClock()

  it.each([
    [1_249, 2],
    [1_250, 1],
  ])('that rested for %i ms leaves %i connections in use', async (ms, connections) => {
    const { service, gateway } = await startBehind({ strayOf: () => undefined })
    await service.mint()
    vi.advanceTimersByTime(ms)
    await service.mint()
    expect(gateway.connections()).toBe(connections)
  })

  it('is replaced if upstream closes it', async () => {
    const sockets = new Set<unknown>()
    const baseUrl = await startReplier((request, response, count) => {
      sockets.add(request.socket)
      const headers = count % 2 === 1 ? { connection: 'close' } : {}
      response.writeHead(200, headers).end(toSecretBody(`ek_number_${count}`))
    })
    const service = await startFor(baseUrl)
    const statuses = await inTurn([1, 2, 3, 4, 5], async () => {
      vi.advanceTimersByTime(2_000)
      return (await service.mint()).statusCode
    })
    expect(statuses).toStrictEqual([200, 200, 200, 200, 200])
    expect(sockets.size).toBe(3)
  })

  it('is closed after a reply that is not a client secret', async () => {
    let requests = 0
    const sockets = new Set<unknown>()
    const baseUrl = await startSpeaker((socket) => {
      requests += 1
      sockets.add(socket)
      socket.write(requests === 1 ? toReply('{"error":{}}', '400 Bad Request') : toReply(toSecretBody()))
    })
    const service = await startFor(baseUrl)
    await service.mint()
    vi.advanceTimersByTime(2_000)
    expect((await service.mint()).statusCode).toBe(200)
    expect(sockets.size).toBe(2)
  })
})

const startSender = async (toSecret: (mint: number) => string): Promise<TestService> =>
  startFor(await startReplier((_request, response, mint) => response.end(toSecretBody(toSecret(mint)))))

describe('a secret that was sent before', () => {
  it('is refused, and the log names the gateway', async () => {
    const service = await startSender((mint) => `ek_from_a_cache_${mint === 9 ? 1 : mint}`)
    for (let mint = 1; mint <= 8; mint += 1) expect((await service.mint()).statusCode).toBe(200)
    expect(await mintOutcome(service)).toStrictEqual(expectation('malformed', 'upstream_repeated_secret'))
    const line = service.logLines('the same secret twice')[0]
    expect(line).toMatchObject({ level: 'error', reason: 'upstream_repeated_secret' })
  })

  it('passes from an upstream that never sent another one, and the log says once that callers share it', async () => {
    const service = await startSender(() => 'ek_fixed')
    for (let mint = 1; mint <= 3; mint += 1) expect((await service.mint()).statusCode).toBe(200)
    expect(service.logLines('callers share it')[0]).toMatchObject({ level: 'error' })
    expect(service.logLines('callers share it')).toHaveLength(1)
  })
})

describe('the session in a reply', () => {
  const presets = `
presets:
  assistant: { session: { type: realtime, model: gpt-realtime-2.1, instructions: "Be brief.\\n" } }
  other: { session: { type: realtime, model: gpt-realtime-2.1, instructions: Be long. } }
  dictation: { session: { type: transcription, audio: { input: { transcription: { model: gpt-live-transcribe } } } } }
`
  const own = { type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Be brief.' }

  async function mintAfter(first: object | undefined, second: object | undefined) {
    const sessions = [first, second]
    const baseUrl = await startReplier((_request, response) => {
      const session = sessions.shift()
      response.end(JSON.stringify({ ...JSON.parse(toSecretBody(`ek_${sessions.length}`)), session }))
    })
    const service = await startTestService({ environment: { OPENAI_BASE_URL: baseUrl }, presets })
    expect((await service.mint()).statusCode).toBe(200)
    return { service, reply: await service.mint() }
  }

  it.each([
    ['other instructions', { ...own, instructions: 'Be long.' }],
    ['another type', { ...own, type: 'transcription' }],
    ['another model', { ...own, model: 'gpt-realtime-mini' }],
  ])('that has %s is refused once upstream has repeated the preset', async (_name, session) => {
    const { service, reply } = await mintAfter(own, session)
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('malformed', 'upstream_other_session'))
    expect(service.logText()).toContain('the session of another request')
    expect(await service.attempts()).toHaveLength(2)
  })

  it.each([
    ['is the same', own, own],
    ['is untrimmed', own, { ...own, instructions: 'Be brief.\n' }],
    ['is missing', own, undefined],
    ['is empty', own, {}],
    ['was never repeated, because upstream resolves aliases', { ...own, model: 'a' }, { ...own, model: 'b' }],
    ['was never repeated, because upstream sends a canned one', { type: 'a' }, { type: 'b' }],
  ])('is accepted if it %s', async (_name, first, second) => {
    expect((await mintAfter(first, second)).reply.statusCode).toBe(200)
  })
})

describe('an unasked interim reply', () => {
  it.each([
    ['a 100 Continue', interim('100 Continue')],
    ['a 102', interim('102 Processing')],
    ['early hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
    ['several', interim('100 Continue') + interim('103 Early Hints') + interim('100 Continue')],
  ])('is skipped: %s', async (_name, bytes) => {
    const whole = await startSpeaker((socket) => socket.write(bytes + toReply(toSecretBody())))
    const split = await startSpeaker((socket) => {
      socket.write(bytes)
      setImmediate(() => socket.write(toReply(toSecretBody())))
    })
    const statuses = await inTurn([whole, split], async (baseUrl) => {
      const service = await startFor(baseUrl)
      return (await service.mint()).statusCode
    })
    expect(statuses).toStrictEqual([200, 200])
  })
})
