import { describe, expect, it } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import {
  choosePreset,
  parseClientSecretsRequest,
  parseSessionsRequest,
} from '../../src/presets/request/mint-request.ts'
import { buildFlat, buildGa, nested, plainRealtime, presetOf, refusalOf, transcribing } from './support.ts'

const transcription = transcribing({ model: 'gpt-transcribe' })
const translation = { type: 'translation', model: 'gpt-realtime-translate' }
const presets = {
  realtime: presetOf({ session: plainRealtime }),
  transcription: presetOf({ session: transcription }),
  translation: presetOf({ session: translation }),
}

/** The outcome of a body for a preset of this type. */
const outcomeGa = (body: Fields, type: keyof typeof presets = 'realtime'): string =>
  refusalOf(() => buildGa(presets[type], body))
const outcomeFlat = (body: Fields): string => refusalOf(() => buildFlat(presets.realtime, body))

describe('a body is read field by field', () => {
  const flat = { model: 'm', voice: 'ash', temperature: 0.8 }
  const common = { preset: 'concierge', variables: { guest: 'Ada' } }
  const variables = new Map([['guest', 'Ada']])

  it('of POST /v1/realtime/client_secrets', () => {
    const expiry = { expires_after: { anchor: 'created_at', seconds: 30 } }
    expect(parseClientSecretsRequest({ ...common, session: plainRealtime, ...expiry })).toEqual({
      shape: 'ga',
      preset: 'concierge',
      session: plainRealtime,
      expiresAfterSeconds: 30,
      variables,
    })
    expect(parseClientSecretsRequest({})).toEqual({ shape: 'ga' })
  })

  it('of POST /v1/realtime/sessions', () => {
    const secret = { client_secret: { expires_after: { anchor: 'created_at', seconds: 120 } } }
    expect(parseSessionsRequest({ ...common, ...flat, ...secret })).toEqual({
      shape: 'flat',
      preset: 'concierge',
      session: flat,
      expiresAfterSeconds: 120,
      variables,
    })
    expect(parseSessionsRequest({})).toEqual({ shape: 'flat' })
    // The older name of the seconds.
    const older = { client_secret: { expires_at: { anchor: 'created_at', seconds: 45 } } }
    expect(parseSessionsRequest(older).expiresAfterSeconds).toBe(45)
  })
})

const long = 'a'.repeat(64)

describe('a client_secrets body', () => {
  it.each<[body: Fields, outcome: string]>([
    [{ preset: '' }, 'passes'],
    [{ session: plainRealtime }, 'passes'],
    [{ model: 'm' }, 'field_unknown model'],
    [{ Preset: 'a' }, 'field_unknown Preset'],
    [{ 'a b': 1 }, 'field_unknown -'],
    [{ [long]: 1 }, `field_unknown ${long}`],
    [{ [`${long}a`]: 1 }, 'field_unknown -'],
    [{ session: { 'a.b': 1 } }, 'field_unknown session'],
    [{ session: { audio: { output: { 'voi se': 1 } } } }, 'field_unknown session.audio.output'],
    [{ preset: 5 }, 'field_invalid preset'],
    [{ preset: null }, 'field_invalid preset'],
    [{ variables: null }, 'field_invalid variables'],
    [{ variables: ['a'] }, 'field_invalid variables'],
    [{ variables: { guest: 5 } }, 'field_invalid variables'],
    [{ expires_after: null }, 'field_invalid expires_after'],
    [{ expires_after: { seconds: 9 } }, 'field_invalid expires_after.seconds'],
    [{ expires_after: { secnods: 5 } }, 'field_unknown expires_after.secnods'],
    [{ session: null }, 'field_invalid session'],
    [{ session: { type: 'live' } }, 'field_invalid session.type'],
    [{ session: { type: 'constructor' } }, 'field_invalid session.type'],
    [{ session: { temperature: 1 } }, 'field_unknown session.temperature'],
  ])('%j: %s', (body, outcome) => {
    expect(outcomeGa(body)).toBe(outcome)
  })
})

const vad = 'audio.input.turn_detection'

describe('a session in a client_secrets body', () => {
  it.each<[path: string, value: unknown, outcome: string, param?: string]>([
    ['temperature', 1, 'field_unknown'],
    ['audio.output.voise', 'a', 'field_unknown'],
    ['audio.output.voice', 5, 'field_invalid'],
    ['audio.output.speed', 2, 'field_invalid'],
    [vad, {}, 'field_invalid', `${vad}.type`],
    [vad, { type: 'semantic_vad', threshold: 1 }, 'field_unknown', `${vad}.threshold`],
    ['tools', [{ type: 'function', name: 'f', strict: true }], 'field_unknown'],
    ['tools', [{ type: 'function', name: 5 }], 'field_invalid'],
    ['prompt', { id: 'p', variables: 5 }, 'field_invalid', 'prompt.variables'],
  ])('is refused: %s: %j', (path, value, outcome, param = path) => {
    const session = nested({ type: 'realtime', [path]: value })
    expect(outcomeGa({ session })).toBe(`${outcome} session.${param}`)
  })

  it('is refused for its unknown field first', () => {
    const session = { type: 'realtime', model: 5, extra: 1 }
    expect(outcomeGa({ session })).toBe('field_unknown session.extra')
  })

  it.each<[type: keyof typeof presets, session: Fields, outcome: string]>([
    ['transcription', transcription, 'passes'],
    ['translation', translation, 'passes'],
    ['transcription', { type: 'transcription', model: 'm' }, 'field_unknown session.model'],
    ['transcription', { model: 'm' }, 'field_unknown session.model'],
    ['translation', { audio: { output: { language: 5 } } }, 'field_invalid session.audio.output.language'],
    ['realtime', { audio: { output: { language: 'fr' } } }, 'field_unknown session.audio.output.language'],
    ['realtime', { type: 'translation', quite: 'new' }, 'override_not_open session.type'],
  ])('is checked by the type of its preset, %s: %j', (type, session, outcome) => {
    expect(outcomeGa({ session }, type)).toBe(outcome)
  })
})

describe('a body of either kind', () => {
  it.each([
    [30, 'override_not_open session.tracing.metadata', 'override_not_open tracing.metadata'],
    [31, 'field_invalid session', 'field_invalid -'],
    [8000, 'field_invalid session', 'field_invalid -'],
  ])('is refused if it is nested too deeply: %i levels', (depth, ga, flat) => {
    const tracing = { metadata: JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) }
    expect(outcomeGa({ session: { tracing } })).toBe(ga)
    expect(outcomeFlat({ tracing })).toBe(flat)
  })
})

const asking = (secret: unknown): Fields => ({ client_secret: secret })
const expiry = 'field_invalid client_secret'

describe('a sessions body', () => {
  it.each<[body: Fields, outcome: string]>([
    [{ modalities: null, voice: null, client_secret: null }, 'passes'],
    [asking({ expires_after: null }), 'passes'],
    [{ session: {} }, 'field_unknown session'],
    [{ type: 'realtime' }, 'field_unknown type'],
    [{ expires_after: { seconds: 60 } }, 'field_unknown expires_after'],
    [{ preset: 5 }, 'field_invalid preset'],
    [{ variables: 'a' }, 'field_invalid variables'],
    [{ voice: 5 }, 'field_invalid voice'],
    [{ turn_detection: { treshold: 1 } }, 'field_unknown turn_detection.treshold'],
    [{ turn_detection: { threshold: 2 } }, 'field_invalid turn_detection.threshold'],
    [{ tools: [{ name: 5 }] }, 'field_invalid tools'],
    [asking(60), expiry],
    [asking({ value: 'x' }), 'field_unknown client_secret.value'],
    [asking({ expires_after: { anchor: 'created_at', seconds: 9 } }), `${expiry}.expires_after.seconds`],
    [asking({ expires_at: { seconds: 60 }, expires_after: { seconds: 61 } }), expiry],
  ])('%j: %s', (body, outcome) => {
    expect(outcomeFlat(body)).toBe(outcome)
  })
})

describe('the preset is named', () => {
  it.each<
    [how: string, body: string | undefined, query: unknown, fallback: string | undefined, outcome: string]
  >([
    ['by the body', 'a', undefined, undefined, 'a'],
    ['by the query', undefined, 'a', undefined, 'a'],
    ['by both alike', 'a', 'a', undefined, 'a'],
    ['by the default', undefined, undefined, 'd', 'd'],
    ['by the body rather than the default', 'a', undefined, 'd', 'a'],
    ['by the query rather than the default', undefined, 'a', 'd', 'a'],
    ['differently by body and query', 'a', 'b', undefined, 'preset_conflict preset'],
    ['by an empty query', 'a', '', undefined, 'preset_conflict preset'],
    ['twice by the query', undefined, ['a', 'a'], undefined, 'field_invalid preset'],
    ['by nothing', undefined, undefined, undefined, 'preset_missing preset'],
  ])('%s', (_how, body, query, fallback, outcome) => {
    const request = parseClientSecretsRequest(body === undefined ? {} : { preset: body })
    let name = ''
    const refusal = refusalOf(() => {
      name = choosePreset(request, query, fallback)
    })
    expect(refusal === 'passes' ? name : refusal).toBe(outcome)
  })
})
