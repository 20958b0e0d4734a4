import { describe, expect, it } from 'vitest'
import { type MalformedVariant, malformedVariants } from '../../sandbox/behaviour.ts'
import { API_KEY, type Reply, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { startReplier } from '../support/upstream.ts'
import { expectation, mintOutcome, outcomeOf, startFor } from './outcome.ts'

/** 2030-01-01T00:00:00Z, which differs from our clock. */
const NEW_YEAR = 1_893_456_000
const ASKED = 60

/** A service whose upstream answers 200 with `body`, and with `headers`. */
async function startReplying(body: string, headers: Record<string, string> = {}, environment = {}) {
  const baseUrl = await startReplier((_request, response) => {
    // Without a Date of Node's own, so that a test can leave it out.
    response.sendDate = false
    response.writeHead(200, headers).end(body)
  })
  return startFor(baseUrl, environment)
}

const toDate = (seconds: number): string => new Date(seconds * 1000).toUTCString()

const bodyFor = (expiresAt: number, value = 'ek_a'): string =>
  JSON.stringify({ value, expires_at: expiresAt })

const toOwnSeconds = (): number => Math.floor(Date.now() / 1000)

async function mintWith(value: string, environment = {}): Promise<Reply> {
  const body = bodyFor(NEW_YEAR + ASKED, value)
  return (await startReplying(body, { date: toDate(NEW_YEAR) }, environment)).mint()
}

describe('a 200 that is not a client secret', () => {
  const running = shareService()

  const variants: Readonly<Record<string, readonly MalformedVariant[]>> = {
    upstream_not_json: ['invalid-json', 'html', 'empty', 'utf-16'],
    upstream_encoded: ['gzip'],
    upstream_too_large: ['huge', 'value-1mb'],
    upstream_status: ['created', 'no-content', 'partial-content'],
    upstream_redirect: ['redirect'],
    upstream_no_secret: [
      'array',
      'missing-value',
      'value-not-a-string',
      'value-without-prefix',
      'value-only-prefix',
      'value-with-space',
      'value-not-ascii',
    ],
    upstream_echoes_key: ['value-is-api-key', 'value-contains-api-key'],
    upstream_expiry: [
      'missing-expires-at',
      'expires-at-in-milliseconds',
      'expires-at-past',
      'expires-at-far',
      'expires-at-string',
      'expires-at-float',
    ],
  }
  const rows = Object.entries(variants).flatMap(([reason, all]) => all.map((one) => [one, reason] as const))

  it('is tested for every variant', () => {
    expect(new Set([...rows.map(([variant]) => variant), 'extra-fields'])).toStrictEqual(
      new Set(malformedVariants),
    )
  })

  it.each(rows)('%s is malformed: %s', async (variant, reason) => {
    const service = running()
    const before = service.sandbox.requests.length
    service.sandbox.behave({ kind: 'malformed', variant }, 1)
    const reply = await service.mint()
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('malformed', reason))
    expect(reply.payload).not.toMatch(/ek_|sandbox/)
    expect(service.sandbox.requests).toHaveLength(before + 1)
  })

  it.each([
    ['null', 'null'],
    ['a string', '"ek_a"'],
    ['a number', '1'],
    ['the flat endpoint’s shape', `{"client_secret":{"value":"ek_a","expires_at":${NEW_YEAR + ASKED}}}`],
    ['a secret that ends in a line feed', `{"value":"ek_a\\n","expires_at":${NEW_YEAR + ASKED}}`],
    ['a secret after a line feed', `{"value":"x\\nek_a","expires_at":${NEW_YEAR + ASKED}}`],
    ['a secret in an array', `{"value":["ek_a"],"expires_at":${NEW_YEAR + ASKED}}`],
    ['a secret with DEL', `{"value":"ek_a\\u007f","expires_at":${NEW_YEAR + ASKED}}`],
    ['two values in one text', `{"value":"ek_a","expires_at":${NEW_YEAR + ASKED}}{}`],
  ])('%s is malformed', async (_name, body) => {
    const service = await startReplying(body, { date: toDate(NEW_YEAR) })
    expect(await outcomeOf(service, await service.mint())).toMatchObject({
      status: 502,
      code: 'upstream_malformed',
    })
  })
})

describe('a reply that names its encoding', () => {
  it.each(['identity', 'IDENTITY'])('as %s is accepted', async (encoding) => {
    const headers = { date: toDate(NEW_YEAR), 'content-encoding': encoding }
    const service = await startReplying(bodyFor(NEW_YEAR + ASKED), headers)
    expect((await service.mint()).statusCode).toBe(200)
  })
})

describe('the secret', () => {
  it.each([
    ['one character after its prefix', 'ek_a', 200],
    ['4093 characters after its prefix', `ek_${'a'.repeat(4093)}`, 200],
    ['4094 characters after its prefix', `ek_${'a'.repeat(4094)}`, 502],
    ['any printable ASCII', 'ek_!"#$%&\'()*+,-./:;<=>?@[\\]^`{|}~', 200],
    ['another prefix', 'EK_a', 502],
  ])('may be %s, or not', async (_name, value, status) => {
    expect((await mintWith(value)).statusCode).toBe(status)
  })

  it.each([
    ['its own prefix', 'lk-', 'lk-a', 200],
    ['OpenAI’s prefix all the same', 'lk-', 'ek_a', 502],
    ['any prefix', '*', 'whatever', 200],
    ['nothing', '*', '', 502],
    ['our key', '*', API_KEY, 502],
    ['our key inside', '*', `a${API_KEY}b`, 502],
    ['12 characters of our key', 'ek_', `ek_a${API_KEY.slice(9, 21)}b`, 502],
    ['11 characters of our key', 'ek_', `ek_a${API_KEY.slice(9, 20)}b`, 200],
  ])('of a compatible server may be %s, or not', async (_name, prefix, value, status) => {
    expect((await mintWith(value, { UPSTREAM_SECRET_PREFIX: prefix })).statusCode).toBe(status)
  })

  it('leaves with its expiry only', async () => {
    const service = await startTestService()
    service.sandbox.behave({ kind: 'malformed', variant: 'extra-fields' })
    const reply = await service.mint()
    expect(reply.json()).toStrictEqual({
      value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
      expires_at: expect.any(Number),
    })
  })

  it('of the flat endpoint is found in client_secret', async () => {
    const secret = { value: 'ek_flat', expires_at: NEW_YEAR + ASKED }
    const baseUrl = await startReplier((_request, response) => {
      response.writeHead(200, { date: toDate(NEW_YEAR) })
      response.end(JSON.stringify({ value: 'ek_wrong', client_secret: secret }))
    })
    const service = await startTestService({
      environment: { OPENAI_BASE_URL: baseUrl, OPENAI_REALTIME_API: 'sessions' },
      presets: 'presets: { assistant: { session: { model: gpt-realtime-2.1 } } }',
    })
    expect((await service.mint()).json()).toStrictEqual(secret)
  })
})

describe('the expiry', () => {
  it.each([
    ['a second from now', 1, 200],
    ['as asked', ASKED, 200],
    ['30 s later than asked', ASKED + 30, 200],
    ['31 s later than asked', ASKED + 31, 502],
    ['now', 0, 502],
    ['a second ago', -1, 502],
  ])('may be %s, or not, by upstream’s clock whatever ours is', async (_name, offset, status) => {
    const [ahead, behind] = await Promise.all(
      [NEW_YEAR, toOwnSeconds() - 86_400].map(async (clock) => {
        const service = await startReplying(bodyFor(clock + offset), { date: toDate(clock) })
        return (await service.mint()).statusCode
      }),
    )
    expect({ ahead, behind }).toStrictEqual({ ahead: status, behind: status })
  })

  it.each([
    ['sends no Date', {}],
    ['sends a Date that is none', { date: 'half past nine' }],
  ])('is judged by our clock if upstream %s', async (_name, headers) => {
    const good = await startReplying(bodyFor(toOwnSeconds() + ASKED), headers)
    const past = await startReplying(bodyFor(toOwnSeconds() - 1), headers)
    expect((await good.mint()).statusCode).toBe(200)
    expect((await past.mint()).statusCode).toBe(502)
  })

  it('is judged by what the request asked for', async () => {
    const service = await startReplying(bodyFor(NEW_YEAR + ASKED), { date: toDate(NEW_YEAR) })
    const mint = (seconds: number) =>
      service.mint({ preset: 'assistant', expires_after: { anchor: 'created_at', seconds } })
    expect((await mint(30)).statusCode).toBe(200)
    expect((await mint(29)).statusCode).toBe(502)
  })

  it.each(['1e400', '-1', '0', 'true', '{}', '[1893456060]', '9007199254740993'])(
    'is never %s',
    async (written) => {
      const service = await startReplying(`{"value":"ek_a","expires_at":${written}}`, {
        date: toDate(NEW_YEAR),
      })
      expect(await mintOutcome(service)).toStrictEqual(expectation('malformed', 'upstream_expiry'))
    },
  )
})
