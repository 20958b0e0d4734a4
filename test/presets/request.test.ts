import { describe, expect, it } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
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
