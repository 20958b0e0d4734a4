import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { checkFetchMetadata, createOriginGuard, toKnownOrigin } from '../../src/http/origin.ts'
import { CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const allowedOrigins = new Set([ORIGIN, 'http://localhost:5173'])

/** The reason of a refusal; `passes` where there is none. */
function reasonOf(check: () => void): string {
  try {
    check()
    return 'passes'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

describe('the origin guard', () => {
  const checkOrigin = createOriginGuard({ allowedOrigins })

  it.each<[origin: string | undefined, reason: string]>([
    [ORIGIN, 'passes'],
    ['http://localhost:5173', 'passes'],
    [undefined, 'origin_missing'],
    ['', 'origin_unlisted'],
    ['null', 'origin_unlisted'],
    ['*', 'origin_unlisted'],
    [`${ORIGIN}/`, 'origin_unlisted'],
    [`${ORIGIN}/page`, 'origin_unlisted'],
    [`${ORIGIN}:443`, 'origin_unlisted'],
    [`${ORIGIN}:8443`, 'origin_unlisted'],
    [`${ORIGIN}.`, 'origin_unlisted'],
    [` ${ORIGIN}`, 'origin_unlisted'],
    [ORIGIN.replace('https', 'http'), 'origin_unlisted'],
    [ORIGIN.toUpperCase(), 'origin_unlisted'],
    [`${ORIGIN}.evil.example`, 'origin_unlisted'],
    ['https://evil.example.com', 'origin_unlisted'],
    ['https://xapp.example.com', 'origin_unlisted'],
    ['https://sub.app.example.com', 'origin_unlisted'],
    ['https://example.com', 'origin_unlisted'],
    ['app.example.com', 'origin_unlisted'],
    ['http://localhost', 'origin_unlisted'],
    [`${ORIGIN}, ${ORIGIN}`, 'origin_unlisted'],
    ['constructor', 'origin_unlisted'],
  ])('"%s": %s', (origin, reason) => {
    expect(reasonOf(() => checkOrigin(origin === undefined ? {} : { origin }))).toBe(reason)
  })
})

describe('what the audit may say of an origin', () => {
  it.each<[origin: string | undefined, known: string | null]>([
    [ORIGIN, ORIGIN],
    ['https://evil.example', 'other'],
    [`${ORIGIN}/`, 'other'],
    ['', 'other'],
    [undefined, null],
  ])('"%s" is %s', (origin, known) => {
    expect(toKnownOrigin(origin, allowedOrigins)).toBe(known)
  })
})

/** https://www.w3.org/TR/fetch-metadata/: what browsers say of how a request came about. */
const metadata: readonly [what: string, headers: Record<string, string>, passes: boolean][] = [
  ['no browser, or an old one', {}, true],
  ['fetch()', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, true],
  ['fetch() of the same origin', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, true],
  ['fetch() in same-origin mode', { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty' }, true],
  ['a destination alone', { 'sec-fetch-dest': 'empty' }, true],
  ['a navigation', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, false],
  ['a form in a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, false],
  ['a nested navigation', { 'sec-fetch-mode': 'nested-navigate' }, false],
  ['fetch() in no-cors mode', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }, false],
  ['sendBeacon()', { 'sec-fetch-mode': 'no-cors' }, false],
  ['a script tag', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }, false],
  ['a script tag with crossorigin', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'script' }, false],
  ['an image with crossorigin', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'image' }, false],
  ['a worker', { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'worker' }, false],
  ['a WebSocket', { 'sec-fetch-mode': 'websocket' }, false],
  ['a mode that is none', { 'sec-fetch-mode': '' }, false],
  ['a mode in capitals', { 'sec-fetch-mode': 'CORS' }, false],
  ['two modes', { 'sec-fetch-mode': 'cors, no-cors' }, false],
]

describe('Fetch Metadata', () => {
  it.each(metadata)('of %s', (_, headers, passes) => {
    expect(reasonOf(() => checkFetchMetadata(headers))).toBe(passes ? 'passes' : 'fetch_metadata')
  })
})

describe('both minting routes ask both guards', () => {
  const service = shareService()
  const post = (url: string, headers: Record<string, string>) =>
    service().app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: '{"preset":"assistant"}',
    })

  it.each<[url: string, what: string, headers: Record<string, string>]>(
    [CLIENT_SECRETS, SESSIONS].flatMap((url) => [
      [url, 'no origin', {}],
      [url, 'an unlisted origin', { origin: 'https://evil.example' }],
      [url, 'a page that only refers', { referer: `${ORIGIN}/` }],
      [url, 'a page of the same host', { host: 'app.example.com' }],
      [
        url,
        'an origin that a proxy forwards',
        { 'x-forwarded-host': 'app.example.com', 'x-forwarded-proto': 'https' },
      ],
      [url, 'a navigation', { origin: ORIGIN, 'sec-fetch-mode': 'navigate' }],
      [url, 'a script tag', { origin: ORIGIN, 'sec-fetch-dest': 'script' }],
    ]),
  )('%s refuses %s', async (url, _, headers) => {
    expect(refusalOf(await post(url, headers))).toEqual([403, 'origin_not_allowed', null])
  })

  it.each([CLIENT_SECRETS, SESSIONS])('%s takes a page of a listed origin', async (url) => {
    expect((await post(url, { origin: ORIGIN, 'sec-fetch-mode': 'cors' })).statusCode).toBe(200)
  })
})
