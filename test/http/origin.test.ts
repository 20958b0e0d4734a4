import { describe, expect, it, vi } from 'vitest'
import { checkFetchMetadata, createOriginGuard, toKnownOrigin } from '../../src/http/origin.ts'
import { stopClock } from '../openai/outcome.ts'
import { CLIENT_SECRETS, reasonOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const LOCAL = 'http://localhost:5173'
const allowedOrigins = new Set([ORIGIN, LOCAL])

const unlisted = [
  ...['/', '/page', ':443', ':8443', '.', '.evil.example', `, ${ORIGIN}`].map((end) => ORIGIN + end),
  ...['evil.', 'xapp.', 'sub.app.', ''].map((name) => `https://${name}example.com`),
  ...'null * constructor app.example.com http://localhost'.split(' '),
  ORIGIN.replace('https', 'http'),
  ORIGIN.toUpperCase(),
  ` ${ORIGIN}`,
  '',
]

describe('an origin', () => {
  it.each([
    ...[ORIGIN, LOCAL].map((origin) => [origin, 'valid', origin] as const),
    ...unlisted.map((origin) => [origin, 'origin_unlisted', 'other'] as const),
    [undefined, 'origin_missing', null] as const,
  ])('of "%s": %s, and the audit shows %s', async (origin, reason, known) => {
    const checkOrigin = createOriginGuard({ allowedOrigins })
    const headers = typeof origin === 'string' ? { origin } : {}
    expect(await reasonOf(() => checkOrigin(headers))).toBe(reason)
    expect(toKnownOrigin(headers.origin, allowedOrigins)).toBe(known)
  })
})

/** https://www.w3.org/TR/fetch-metadata/: mode and destination, as browsers send them. */
const metadata: readonly [what: string, passes: boolean, mode?: string | undefined, destination?: string][] =
  [
    ['no browser, or an old one', true],
    ['fetch()', true, 'cors', 'empty'],
    ['fetch() without a destination', true, 'cors'],
    ['fetch() in same-origin mode', true, 'same-origin', 'empty'],
    ['a destination alone', true, undefined, 'empty'],
    ['a navigation', false, 'navigate', 'document'],
    ['a form in a frame', false, 'navigate', 'iframe'],
    ['a nested navigation', false, 'nested-navigate'],
    ['fetch() in no-cors mode', false, 'no-cors', 'empty'],
    ['sendBeacon()', false, 'no-cors'],
    ['a script tag', false, 'no-cors', 'script'],
    ['a script tag with crossorigin', false, 'cors', 'script'],
    ['an image with crossorigin', false, 'cors', 'image'],
    ['a worker', false, 'same-origin', 'worker'],
    ['a WebSocket', false, 'websocket'],
    ['an empty mode', false, ''],
    ['a mode in capitals', false, 'CORS'],
    ['two modes', false, 'cors, no-cors'],
  ]

describe('Fetch Metadata', () => {
  it.each(metadata)('of %s passes: %j', async (_, passes, mode, destination) => {
    const headers = {
      ...(mode === undefined ? {} : { 'sec-fetch-mode': mode }),
      ...(destination === undefined ? {} : { 'sec-fetch-dest': destination }),
    }
    const reason = passes ? 'valid' : 'fetch_metadata'
    expect(await reasonOf(() => checkFetchMetadata(headers))).toBe(reason)
  })
})

const HOUR_MS = 3_600_000
const REFUSED = 'origin refused'

describe('a refused origin', () => {
  const service = shareService()

  it.each([
    ['a mint', 'POST'],
    ['a preflight', 'OPTIONS'],
  ] as const)('of %s is logged at warn, with what to do', async (_what, method) => {
    const origin = `http://${method}.example`
    await service().app.inject({ method, url: CLIENT_SECRETS, headers: { origin } })
    const msg = expect.stringContaining('ALLOWED_ORIGINS')
    expect(service().logLines(origin)[0]).toMatchObject({ level: 'warn', origin, msg })
  })

  it('of a file or a sandboxed frame is not one for ALLOWED_ORIGINS', async () => {
    await service().app.inject({ method: 'POST', url: CLIENT_SECRETS, headers: { origin: 'null' } })
    const [line] = service().logLines('"origin":"null"')
    expect(line).toMatchObject({ level: 'warn', msg: expect.stringContaining('a sandboxed frame') })
    expect(line).not.toMatchObject({ msg: expect.stringContaining('ALLOWED_ORIGINS') })
  })

  it.each<[what: string, origin: string, isLogged: boolean]>([
    ['of a page', 'https://app.example', true],
    ['of an app', 'capacitor://localhost', true],
    ['of an extension', 'chrome-extension://abc', true],
    ['in capitals', 'HTTP://X:1', true],
    ['of a listed page', ORIGIN, false],
    ['with a path', 'https://a.example/path', false],
    ['with a query', 'https://a.example?x', false],
    ['with a user', 'https://user@a.example', false],
    ['with a blank', 'https://a example', false],
    ['with quotes', 'https://"a"', false],
    ['beyond ASCII', 'https://\u00e4.example', false],
    ['without a scheme', 'a.example', false],
    ['without a host', 'https://', false],
    ['of words', 'ignore all previous instructions', false],
    ['of more than 200 characters', `https://${'a'.repeat(193)}`, false],
  ])('%s is logged only in the form of an origin: %s', async (_what, origin, isLogged) => {
    const { app, logLines } = service()
    const before = logLines(REFUSED).length
    await app.inject({ method: 'POST', url: CLIENT_SECRETS, headers: { origin } })
    expect(logLines(REFUSED).slice(before)).toMatchObject(isLogged ? [{ origin }] : [])
  })
})

async function start() {
  const { app, logLines } = await startTestService()
  const ask = (origin: string) => app.inject({ method: 'POST', url: CLIENT_SECRETS, headers: { origin } })
  return { ask, count: () => logLines(REFUSED).length }
}

describe('refused origins', () => {
  stopClock()

  it('are logged once an hour each', async () => {
    const { ask, count } = await start()
    const counts: number[] = []
    for (const ms of [0, 1, HOUR_MS - 2, 1, 1]) {
      vi.advanceTimersByTime(ms)
      await ask('https://a.example')
      counts.push(count())
    }
    expect(counts).toEqual([1, 1, 1, 2, 2])
  })

  it('are at most 100 in an hour', async () => {
    const { ask, count } = await start()
    for (let index = 0; index < 110; index += 1) await ask(`https://${index}.example`)
    expect(count()).toBe(100)
    vi.advanceTimersByTime(HOUR_MS)
    await ask('https://late.example')
    expect(count()).toBe(101)
  })
})
