import { describe, expect, it } from 'vitest'
import { nest } from '../sandbox/caller.ts'
import { bodyOf, CLIENT_SECRETS, invalid, noPreset, notAllowed } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { ask, environment, lastSent, outcomeOf, presets } from './asking.ts'

const service = shareService({ environment, presets })

describe('a client secret', () => {
  it('comes with its expiry, and with nothing else', async () => {
    const reply = await ask(service(), { body: { preset: 'plain' } })
    expect(reply.statusCode).toBe(200)
    expect(bodyOf(reply)).toStrictEqual({
      value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
      expires_at: expect.any(Number),
    })
  })

  it('expires as many seconds from now as the preset says', async () => {
    const before = Math.floor(Date.now() / 1000)
    const { expires_at: expiresAt } = (await ask(service(), { body: { preset: 'plain' } })).json()
    expect(expiresAt).toBeGreaterThanOrEqual(before + 60)
    expect(expiresAt).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 60)
  })

  it('comes with these headers and no others', async () => {
    const { headers } = await ask(service(), { body: { preset: 'plain' } })
    const { date, 'x-request-id': requestId, 'content-length': length, ratelimit, ...fixed } = headers
    expect([date, requestId, length, ratelimit]).not.toContain(undefined)
    expect(fixed).toStrictEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': expect.stringContaining('X-Request-Id'),
      'cache-control': 'no-store',
      connection: 'keep-alive',
      'content-type': 'application/json; charset=utf-8',
      'ratelimit-policy': '"address";q=1000;w=1, "caller";q=1000;w=1',
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
    })
  })

  it('and its request id are different each time', async () => {
    const replies = [
      await ask(service(), { query: '?preset=plain' }),
      await service().mint({ preset: 'plain' }),
    ]
    expect(new Set(replies.map((reply) => reply.json().value)).size).toBe(2)
    expect(new Set(replies.map(({ headers }) => headers['x-request-id'])).size).toBe(2)
  })
})

describe('the preset', () => {
  it.each<[what: string, query: string, body: unknown, outcome: unknown]>([
    ['named in the body', '', { preset: 'plain' }, 'issued'],
    ['named in the query, without a body', '?preset=plain', undefined, 'issued'],
    ['named in the query, with an empty object', '?preset=plain', {}, 'issued'],
    ['named in the query, with escapes', '?preset=%70lain', {}, 'issued'],
    ['named in both', '?preset=plain', { preset: 'plain' }, 'issued'],
    ['named in the query beside a parameter of an SDK', '?api-version=1&preset=plain', {}, 'issued'],
    ['named differently', '?preset=open', { preset: 'plain' }, invalid('preset')],
    ['named in the body, and empty in the query', '?preset=', { preset: 'plain' }, invalid('preset')],
    ['named differently, neither of them known', '?preset=a', { preset: 'b' }, invalid('preset')],
    ['named twice in the query', '?preset=plain&preset=open', {}, invalid('preset')],
    ['named twice in the query with one name', '?preset=plain&preset=plain', {}, invalid('preset')],
    ['not named', '', {}, invalid('preset')],
    ['not named, without a body', '', undefined, invalid('preset')],
    ['not a string', '', { preset: 1 }, invalid('preset')],
    ['null', '', { preset: null }, invalid('preset')],
    ['unknown', '', { preset: 'nobody' }, noPreset],
    ['empty', '', { preset: '' }, noPreset],
    ['a member of every object', '', { preset: 'constructor' }, noPreset],
    ['a lone surrogate', '', '{"preset":"\\ud800"}', noPreset],
    ['known in another case', '', { preset: 'Plain' }, noPreset],
    ['for another origin', '', { preset: 'elsewhere' }, noPreset],
    ['for another origin, named in the query', '?preset=elsewhere', {}, noPreset],
  ])('%s', async (_, query, body, outcome) => {
    expect(outcomeOf(await ask(service(), { query, body }))).toEqual(outcome)
  })

  describe('with a default', () => {
    const withDefault = shareService({ environment: { ...environment, DEFAULT_PRESET: 'plain' }, presets })

    it.each<[what: string, query: string, body: unknown, instructions: string]>([
      ['no body', '', undefined, 'Be brief.'],
      ['a body that names none', '', {}, 'Be brief.'],
      ['a body that names another', '', { preset: 'open' }, 'Be kind to the guest.'],
      ['a query that names another', '?preset=open', {}, 'Be kind to the guest.'],
    ])('is the one for %s', async (_, query, body, instructions) => {
      expect(outcomeOf(await ask(withDefault(), { query, body }))).toBe('issued')
      expect(lastSent(withDefault())).toMatchObject({ session: { instructions } })
    })
  })
})

describe('expires_after', () => {
  it.each<[asked: unknown, sent: number]>([
    [{ anchor: 'created_at' }, 60],
    [{ seconds: 10 }, 10],
    [{ seconds: 60 }, 60],
  ])('%j makes it %i seconds', async (asked, seconds) => {
    const reply = await ask(service(), { body: { preset: 'plain', expires_after: asked } })
    expect(outcomeOf(reply)).toBe('issued')
    expect(lastSent(service())).toMatchObject({ expires_after: { anchor: 'created_at', seconds } })
  })

  it.each<[asked: unknown, outcome: unknown]>([
    [{ seconds: 61 }, notAllowed('expires_after.seconds')],
    [{ seconds: 9 }, invalid('expires_after.seconds')],
    [{ seconds: 30, minutes: 1 }, invalid('expires_after.minutes')],
    [null, invalid('expires_after')],
  ])('%j is refused', async (asked, outcome) => {
    const reply = await ask(service(), { body: { preset: 'plain', expires_after: asked } })
    expect(outcomeOf(reply)).toEqual(outcome)
  })
})

describe('an override', () => {
  it('passes if it equals the preset’s own value as rendered, or if the preset opens it', async () => {
    const session = { instructions: 'Be kind to Ada.', audio: { output: { voice: 'cedar', speed: 0.8 } } }
    const reply = await ask(service(), { body: { preset: 'open', variables: { guest: 'Ada' }, session } })
    expect(outcomeOf(reply)).toBe('issued')
    expect(lastSent(service())).toEqual({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: {
        type: 'realtime',
        model: 'gpt-realtime-2.1',
        instructions: 'Be kind to Ada.',
        output_modalities: ['audio'],
        audio: { input: { turn_detection: null }, output: { voice: 'cedar', speed: 0.8 } },
        max_output_tokens: 100,
      },
    })
  })

  it.each<[preset: string, path: string, value: unknown, toOutcome: (param: string) => unknown]>([
    ['open', 'audio.output.voice', 'ash', notAllowed],
    ['open', 'audio.output.speed', 0.79, notAllowed],
    ['open', 'type', 'transcription', notAllowed],
    ['dictation', 'audio.input.noise_reduction', null, notAllowed],
    ['interpreter', 'audio.output.language', 'de', notAllowed],
    ['open', 'audio.output.speed', 1.51, invalid],
    ['open', 'audio.output.pitch', 1, invalid],
  ])('of %s is refused with its name otherwise: %s as %j', async (preset, path, value, toOutcome) => {
    const before = service().sandbox.requests.length
    const reply = await ask(service(), { body: { preset, session: nest(path, value) } })
    expect(outcomeOf(reply)).toEqual(toOutcome(`session.${path}`))
    expect(service().sandbox.requests).toHaveLength(before)
  })
})

it.each(['session', 'variables', 'extra'])(
  'a value that nests thousands deep is malformed: %s',
  async (name) => {
    const body = `{"preset":"open","${name}":{"tracing":${'['.repeat(7_000)}${']'.repeat(7_000)}}}`
    expect(outcomeOf(await ask(service(), { body }))).toEqual(invalid(name))
  },
)

it('a query selects the preset and nothing else', async () => {
  const query = '?preset=plain&session={"type":"realtime"}&expires_after=7200&__proto__=x&constructor=y'
  expect(outcomeOf(await ask(service(), { path: CLIENT_SECRETS, query }))).toBe('issued')
  expect(lastSent(service())).toMatchObject({ expires_after: { seconds: 60 } })
})
