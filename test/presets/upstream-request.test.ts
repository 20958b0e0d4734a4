import { describe, expect, test } from 'vitest'
import { plainRealtime as realtime } from './sessions.ts'
import { catalogOf, expiring, orderFlat, orderGa, presetOf, refusalOf, sent } from './support.ts'

describe('a preset without a wish goes upstream as written', () => {
  test.each([
    ['realtime', realtime, 'client_secrets', 'gpt-realtime-2.1', realtime],
    [
      'transcription',
      { type: 'transcription', audio: { input: { transcription: { model: 'gpt-live-transcribe' } } } },
      'client_secrets',
      'gpt-live-transcribe',
      { type: 'transcription', audio: { input: { transcription: { model: 'gpt-live-transcribe' } } } },
    ],
    [
      'translation, whose type is ours',
      { type: 'translation', model: 'gpt-realtime-translate', audio: { output: { language: 'es' } } },
      'translations',
      'gpt-realtime-translate',
      { model: 'gpt-realtime-translate', audio: { output: { language: 'es' } } },
    ],
    ['realtime without a model', { type: 'realtime' }, 'client_secrets', null, { type: 'realtime' }],
    [
      'flat, translated',
      { model: 'm', instructions: '', turn_detection: null },
      'client_secrets',
      'm',
      { type: 'realtime', model: 'm', instructions: '', audio: { input: { turn_detection: null } } },
    ],
  ])('%s', (_, session, endpoint, model, upstream) => {
    const preset = presetOf({ session })
    for (const body of [{}, { session: {} }, { expires_after: {} }, { variables: {} }]) {
      const order = orderGa(preset, body)
      expect(order).toMatchObject({ preset, endpoint, model, expiresAfterSeconds: 60, overrides: [] })
      expect(sent(order)).toEqual({ expires_after: expiring(60), session: upstream })
    }
  })
})

test('the body of the common request is made when the preset is loaded', () => {
  const preset = presetOf({ session: realtime })
  expect(orderGa(preset, {}).body).toBe(preset.body)
})

describe('the life of a secret', () => {
  test.each<[object, number]>([
    [{ session: {} }, 60],
    [{ session: {}, expires_after_seconds: 10 }, 10],
    [{ session: {}, expires_after_seconds: 7200 }, 7200],
    [{ session: { client_secret: { expires_after: { anchor: 'created_at', seconds: 30 } } } }, 30],
    [{ session: { client_secret: { expires_at: { seconds: 30 } } } }, 30],
    [{ session: { client_secret: { expires_after: { seconds: 30 } } }, expires_after_seconds: 30 }, 30],
    [{ session: { client_secret: null } }, 60],
  ])('is what the preset says: %j', (entry, seconds) => {
    const order = orderGa(presetOf(entry), {})
    expect(order.expiresAfterSeconds).toBe(seconds)
    expect(sent(order)).toMatchObject({ expires_after: expiring(seconds) })
    expect(sent(order)).not.toHaveProperty('session.client_secret')
  })

  test.each([10, 59, 60])('may be shortened: %i', (seconds) => {
    const preset = presetOf({ session: realtime })
    const order = orderGa(preset, { expires_after: { seconds } })
    expect(order).toMatchObject({ expiresAfterSeconds: seconds, overrides: [] })
    expect(sent(order)).toEqual({ expires_after: expiring(seconds), session: realtime })
    expect(orderFlat(preset, { client_secret: { expires_after: { seconds } } }).body).toBe(order.body)
  })

  test('may not be lengthened', () => {
    const preset = presetOf({ session: realtime })
    expect(refusalOf(() => orderGa(preset, { expires_after: { seconds: 61 } }))).toBe(
      'expiry_raised expires_after.seconds',
    )
    expect(refusalOf(() => orderFlat(preset, { client_secret: { expires_after: { seconds: 61 } } }))).toBe(
      'expiry_raised client_secret.expires_after.seconds',
    )
  })
})

test('a translation keeps its type to itself when it is changed, too', () => {
  const preset = presetOf({
    session: { type: 'translation', model: 'm' },
    overrides: { 'audio.output.language': ['fr'] },
  })
  const order = orderGa(preset, { session: { audio: { output: { language: 'fr' } } } })
  expect(order).toMatchObject({ endpoint: 'translations', model: 'm', overrides: ['audio.output.language'] })
  expect(sent(order)).toEqual({
    expires_after: expiring(60),
    session: { model: 'm', audio: { output: { language: 'fr' } } },
  })
})

test('an order names the preset that it was placed for', () => {
  const preset = catalogOf('presets: { a: { session: {} } }').presets.get('a')
  expect(preset && orderGa(preset, {}).preset).toBe(preset)
})
