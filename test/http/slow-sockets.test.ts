/** These tests wait: Node's clocks cannot be passed in. All cases wait at the same time. */
import { describe, expect, it } from 'vitest'
import { type AnyReply, CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { type Defer, ORIGIN } from '../support/service.ts'
import { share, shareService } from '../support/shared-service.ts'
import { listen, openPeer, pageHeaders, parseReplies, toRequest } from '../support/sockets.ts'

const service = shareService()

const head = (...headers: readonly string[]): string =>
  toRequest(`POST ${CLIENT_SECRETS}`, [...pageHeaders, ...headers])
const announced = head('Content-Length: 22')
const inChunks = head('Transfer-Encoding: chunked')
const refused = `POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 22\r\n\r\n`
const live = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'

interface Slow {
  readonly sent: string
  /** Follows, a byte a second. */
  readonly dripped?: string
}

const inTheHeaders: readonly [what: string, slow: Slow][] = [
  ['nothing at all', { sent: '' }],
  ['half a start line', { sent: 'POST /v1/real' }],
  ['half a header', { sent: `POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: loc` }],
  ['headers that do not end', { sent: `POST ${CLIENT_SECRETS} HTTP/1.1\r\nHost: localhost\r\n` }],
  ['headers a byte at a time', { sent: 'GET /livez HTTP/1.1\r\nX-Slow: ', dripped: 'slow and slower' }],
]

const inTheBody: readonly [what: string, slow: Slow][] = [
  ['no body', { sent: announced }],
  ['no body after a continue', { sent: head('Content-Length: 22', 'Expect: 100-continue') }],
  ['half a body', { sent: `${announced}{"preset":` }],
  ['a body a byte at a time', { sent: announced, dripped: '{"preset":"assistant"}' }],
  ['no chunk', { sent: inChunks }],
  ['half a chunk', { sent: `${inChunks}16\r\n{"pre` }],
  ['chunks without an end', { sent: `${inChunks}16\r\n{"preset":"assistant"}\r\n` }],
  ['chunks a byte at a time', { sent: `${inChunks}ff\r\n`, dripped: '{"preset":"assistant"}' }],
]

/** These get a reply before they become slow. */
const afterReply: readonly [what: string, slow: Slow, statuses: readonly number[]][] = [
  ['a second request that does not end', { sent: `${live}POST ${CLIENT_SECRETS} HTTP/1.1\r\n` }, [200, 408]],
  ['the body of a refused request', { sent: refused }, [403]],
]

const idle = ['a connection that waits for its next request', { sent: live }] as const

interface Outcome {
  readonly replies: readonly AnyReply[]
  readonly closed: boolean
  readonly afterMs: number
}

const WATCHED_MS = 12_000

async function watch(port: number, { sent, dripped = '' }: Slow, defer: Defer): Promise<Outcome> {
  const { socket, received, closed } = await openPeer(port, defer)
  const startedAt = performance.now()
  socket.write(sent)
  let next = 0
  const drip = setInterval(() => next < dripped.length && socket.write(dripped.charAt(next++)), 1_000)
  const enough = new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
  const isClosed = await Promise.race([closed.then(() => true), enough.then(() => false)])
  clearInterval(drip)
  return { replies: parseReplies(received()), closed: isClosed, afterMs: performance.now() - startedAt }
}

const outcomes = share(async (defer) => {
  const port = await listen(service().app)
  const all = [...inTheHeaders, ...inTheBody, ...afterReply, idle]
  const watched = all.map(async ([what, slow]) => [what, await watch(port, slow, defer)] as const)
  return new Map(await Promise.all(watched))
}, 30_000)

const outcomeOf = (what: string): Outcome => {
  const outcome = outcomes().get(what)
  if (outcome === undefined) throw new Error('it was not watched')
  return outcome
}

function expectCut({ closed, afterMs }: Outcome): void {
  expect(closed).toBe(true)
  expect(afterMs).toBeGreaterThan(9_500)
  expect(afterMs).toBeLessThan(11_000)
}

describe('a slow connection', () => {
  it.each([...inTheHeaders, ...inTheBody])('gets a 408 after 10 s and is closed: %s', (what) => {
    const outcome = outcomeOf(what)
    expectCut(outcome)
    expect(outcome.replies.map(refusalOf)).toEqual([[408, 'invalid_request', null]])
    expect(outcome.replies[0]?.headers['connection']).toBe('close')
  })

  it.each(afterReply)('is closed after earlier replies: %s', (what, _, statuses) => {
    const outcome = outcomeOf(what)
    expectCut(outcome)
    expect(outcome.replies.map(({ statusCode }) => statusCode)).toEqual(statuses)
  })

  it('stays open if it only waits for its next request', () => {
    expect(outcomeOf(idle[0])).toMatchObject({ closed: false, replies: [{ statusCode: 200 }] })
  })
})

const headersOf = () => inTheBody.flatMap(([what]) => outcomeOf(what).replies.map(({ headers }) => headers))

describe('a request with a slow body', () => {
  it('gets a reply that its page can read', () => {
    const readers = headersOf().map((headers) => headers['access-control-allow-origin'])
    expect(readers).toEqual(inTheBody.map(() => ORIGIN))
  })

  it('has one record and one log line with the request id of its reply, and asks nothing of upstream', async () => {
    const attempts = await service().attempts()
    expect(attempts.map(({ outcome }) => outcome)).toEqual([...inTheBody, refused].map(() => 'refused'))
    const slow = attempts.filter(({ reason, status }) => reason === 'request_too_slow' && status === 408)
    const ids = headersOf().map((headers) => headers['x-request-id'])
    expect(new Set(slow.map(({ request_id: id }) => id))).toEqual(new Set(ids))
    for (const id of ids) expect(service().logLines(String(id))).toHaveLength(1)
    expect(service().sandbox.requests).toHaveLength(0)
  })
})
