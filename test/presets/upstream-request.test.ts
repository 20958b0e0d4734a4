import { describe, expect, it } from 'vitest'
import { buildGa, expiring, presetOf, plainRealtime as realtime, sent, transcribing } from './support.ts'

const transcriber = transcribing({ model: 'gpt-live-transcribe' })
const spanish = { model: 'gpt-realtime-translate', audio: { output: { language: 'es' } } }

describe('a request that changes nothing', () => {
  it.each([
    ['realtime', realtime, 'client_secrets', 'gpt-realtime-2.1', realtime],
    ['transcription', transcriber, 'client_secrets', 'gpt-live-transcribe', transcriber],
    ['translation', { type: 'translation', ...spanish }, 'translations', 'gpt-realtime-translate', spanish],
    ['realtime without a model', { type: 'realtime' }, 'client_secrets', null, { type: 'realtime' }],
    [
      'flat, translated',
      { model: 'm', instructions: '', turn_detection: null },
      'client_secrets',
      'm',
      { type: 'realtime', model: 'm', instructions: '', audio: { input: { turn_detection: null } } },
    ],
  ])('sends the preset as written: %s', (_, session, endpoint, model, upstream) => {
    const preset = presetOf({ session })
    for (const body of [{}, { session: {} }, { expires_after: {} }, { variables: {} }]) {
      const built = buildGa(preset, body)
      expect(built).toMatchObject({ preset: { endpoint }, model, expiresAfterSeconds: 60, overrides: [] })
      expect(sent(built)).toEqual({ expires_after: expiring(60), session: upstream })
    }
  })
})

describe('the life of a secret', () => {
  it.each<[entry: object, seconds: number]>([
    [{ session: {} }, 60],
    [{ session: {}, expires_after_seconds: 10 }, 10],
    [{ session: {}, expires_after_seconds: 7200 }, 7200],
    [{ session: { client_secret: { expires_after: { anchor: 'created_at', seconds: 30 } } } }, 30],
    [{ session: { client_secret: { expires_at: { seconds: 30 } } } }, 30],
    [{ session: { client_secret: { expires_after: { seconds: 30 } } }, expires_after_seconds: 30 }, 30],
    [{ session: { client_secret: null } }, 60],
  ])('is what the preset says: %j', (entry, seconds) => {
    const built = buildGa(presetOf(entry), {})
    expect(built.expiresAfterSeconds).toBe(seconds)
    expect(sent(built)).toMatchObject({ expires_after: expiring(seconds) })
    expect(sent(built)).not.toHaveProperty('session.client_secret')
  })
})
