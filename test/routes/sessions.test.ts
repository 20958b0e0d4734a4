import { describe, expect, it } from 'vitest'
import { bodyOf, invalid, notAllowed, SESSIONS } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { ask, environment, lastSent, outcomeOf, presets } from './asking.ts'

const service = shareService({ environment, presets })

const askFlat = (body: unknown, query = '') => ask(service(), { path: SESSIONS, query, body })

describe('POST /v1/realtime/sessions', () => {
  it('answers with the client secret and its expiry, and nothing else', async () => {
    const reply = await askFlat({ preset: 'classic' })
    expect(reply.statusCode).toBe(200)
    expect(bodyOf(reply)).toStrictEqual({
      client_secret: {
        value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/),
        expires_at: expect.any(Number),
      },
    })
  })

  it('mints at the GA endpoint, in its shape', async () => {
    await askFlat({ preset: 'classic' })
    expect(service().sandbox.requests.at(-1)?.path).toBe('/v1/realtime/client_secrets')
    expect(lastSent(service())).toEqual({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: {
        type: 'realtime',
        model: 'gpt-realtime-2.1',
        output_modalities: ['audio'],
        audio: { output: { voice: 'ash' } },
      },
    })
  })

  it.each<[what: string, query: string, body: unknown, outcome: unknown]>([
    ['a preset in the body', '', { preset: 'plain' }, 'issued'],
    ['a preset in the query, without a body', '?preset=plain', undefined, 'issued'],
    ['a preset in the GA shape', '', { preset: 'open', voice: 'cedar' }, 'issued'],
    ['two presets', '?preset=plain', { preset: 'open' }, invalid('preset')],
    ['no preset', '', {}, invalid('preset')],
    ['a variable', '', { preset: 'hotel', variables: { hotel: 'Astoria' } }, 'issued'],
  ])('takes or refuses %s', async (_, query, body, outcome) => {
    expect(outcomeOf(await askFlat(body, query))).toEqual(outcome)
  })
})

describe('a flat field', () => {
  it.each<[what: string, body: object]>([
    ['that equals one without a GA field', { temperature: 0.8 }],
    ['that means the same as that of the preset', { modalities: ['text', 'audio'] }],
    ['that is null, as SDKs send unset fields', { voice: null, instructions: null, tools: null }],
  ])('%s passes', async (_, body) => {
    expect(outcomeOf(await askFlat({ preset: 'classic', ...body }))).toBe('issued')
  })

  it('that the preset opens is sent in its GA place', async () => {
    await askFlat({ preset: 'classic', voice: 'marin' })
    expect(lastSent(service())).toMatchObject({ session: { audio: { output: { voice: 'marin' } } } })
  })

  it.each<[body: object, outcome: unknown]>([
    [{ voice: 'cedar' }, notAllowed('voice')],
    [{ turn_detection: { type: 'server_vad' } }, notAllowed('turn_detection.type')],
    [{ turn_detection: { kind: 'server_vad' } }, invalid('turn_detection.kind')],
    [{ session: {} }, invalid('session')],
  ])('that is outside the rule or the schema is refused with its flat name: %j', async (body, outcome) => {
    expect(outcomeOf(await askFlat({ preset: 'classic', ...body }))).toEqual(outcome)
  })

  it.each(['dictation', 'interpreter'])('is refused by a preset of another type: %s', async (preset) => {
    expect(outcomeOf(await askFlat({ preset, voice: 'marin' }))).toEqual(notAllowed('voice'))
  })
})

describe('client_secret.expires_after', () => {
  it.each<[asked: unknown, seconds: number]>([
    [null, 60],
    [{ expires_after: null }, 60],
    [{ expires_after: { anchor: 'created_at', seconds: 10 } }, 10],
  ])('%j makes it %i seconds', async (asked, seconds) => {
    expect(outcomeOf(await askFlat({ preset: 'classic', client_secret: asked }))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ expires_after: { seconds } })
  })

  it.each<[asked: unknown, outcome: unknown]>([
    [{ expires_after: { seconds: 61 } }, notAllowed('client_secret.expires_after.seconds')],
    [{ expires_at: { seconds: 61 } }, notAllowed('client_secret.expires_at.seconds')],
    [{ expires_after: { anchor: 'now' } }, invalid('client_secret.expires_after.anchor')],
  ])('%j is refused', async (asked, outcome) => {
    expect(outcomeOf(await askFlat({ preset: 'classic', client_secret: asked }))).toEqual(outcome)
  })
})
