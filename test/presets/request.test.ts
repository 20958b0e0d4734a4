import { describe, expect, test } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import type { Preset } from '../../src/presets/preset.ts'
import {
  choosePreset,
  type MintRequest,
  parseClientSecretsRequest,
  parseSessionsRequest,
} from '../../src/presets/request.ts'
import { fullFlat, fullRealtime, fullTranscription, fullTranslation } from './sessions.ts'
import { orderFlat, orderGa, presetOf, refusalOf } from './support.ts'

const presets: Readonly<Record<string, Preset>> = {
  realtime: presetOf({ session: fullRealtime }),
  transcription: presetOf({ session: fullTranscription }),
  translation: presetOf({ session: fullTranslation }),
}

/** What becomes of a body for a preset of this type. */
function outcomeGa(body: Fields, type = 'realtime'): string {
  const preset = presets[type]
  return refusalOf(() => preset && orderGa(preset, body))
}

function outcomeFlat(body: Fields): string {
  return refusalOf(() => orderFlat(presetOf({ session: fullRealtime }), body))
}

test('a body of POST /v1/realtime/client_secrets is read field by field', () => {
  const body = {
    preset: 'concierge',
    session: fullRealtime,
    expires_after: { anchor: 'created_at', seconds: 30 },
    variables: { guest: 'Ada' },
  }
  expect(parseClientSecretsRequest(body)).toEqual({
    shape: 'ga',
    preset: 'concierge',
    session: fullRealtime,
    expiresAfterSeconds: 30,
    variables: new Map([['guest', 'Ada']]),
  })
})

test('a body of POST /v1/realtime/sessions is read field by field', () => {
  const { client_secret: _, ...session } = fullFlat
  expect(parseSessionsRequest({ preset: 'classic', variables: { guest: 'Ada' }, ...fullFlat })).toEqual({
    shape: 'flat',
    preset: 'classic',
    session,
    expiresAfterSeconds: 120,
    variables: new Map([['guest', 'Ada']]),
  })
})

test('an empty body asks for nothing', () => {
  const nothing = {
    preset: undefined,
    session: undefined,
    expiresAfterSeconds: undefined,
    variables: undefined,
  }
  expect(parseClientSecretsRequest({})).toEqual({ shape: 'ga', ...nothing })
  expect(parseSessionsRequest({})).toEqual({ shape: 'flat', ...nothing })
})

describe('a client_secrets body', () => {
  test.each<[Fields, string]>([
    [{ preset: '' }, 'passes'],
    [{ expires_after: {} }, 'passes'],
    [{ expires_after: { seconds: 10 } }, 'passes'],
    [{ session: {} }, 'passes'],
    [{ session: fullRealtime }, 'passes'],
    [{ model: 'm' }, 'field_unknown model'],
    [{ Preset: 'a' }, 'field_unknown Preset'],
    [{ 'a b': 1 }, 'field_unknown -'],
    [{ ['a'.repeat(64)]: 1 }, `field_unknown ${'a'.repeat(64)}`],
    [{ ['a'.repeat(65)]: 1 }, 'field_unknown -'],
    [{ session: { 'a.b': 1 } }, 'field_unknown session'],
    [{ session: { audio: { output: { 'voi se': 1 } } } }, 'field_unknown session.audio.output'],
    [{ preset: null }, 'field_invalid preset'],
    [{ preset: 5 }, 'field_invalid preset'],
    [{ preset: ['a'] }, 'field_invalid preset'],
    [{ variables: null }, 'field_invalid variables'],
    [{ variables: ['a'] }, 'field_invalid variables'],
    [{ variables: { guest: 5 } }, 'field_invalid variables'],
    [{ expires_after: 60 }, 'field_invalid expires_after'],
    [{ expires_after: null }, 'field_invalid expires_after'],
    [{ expires_after: { seconds: 9 } }, 'field_invalid expires_after.seconds'],
    [{ expires_after: { seconds: 7201 } }, 'field_invalid expires_after.seconds'],
    [{ expires_after: { seconds: 10.5 } }, 'field_invalid expires_after.seconds'],
    [{ expires_after: { seconds: '60' } }, 'field_invalid expires_after.seconds'],
    [{ expires_after: { anchor: 'now' } }, 'field_invalid expires_after.anchor'],
    [{ expires_after: { secnods: 5 } }, 'field_unknown expires_after.secnods'],
    [{ session: null }, 'field_invalid session'],
    [{ session: [] }, 'field_invalid session'],
    [{ session: { type: 'live' } }, 'field_invalid session.type'],
    [{ session: { type: null } }, 'field_invalid session.type'],
    [{ session: { type: 'constructor' } }, 'field_invalid session.type'],
    [{ session: { type: 'realtime', temperature: 1 } }, 'field_unknown session.temperature'],
    [{ session: { temperature: 1 } }, 'field_unknown session.temperature'],
    [
      { session: { type: 'realtime', audio: { output: { voise: 'a' } } } },
      'field_unknown session.audio.output.voise',
    ],
    [
      { session: { type: 'realtime', audio: { output: { voice: 5 } } } },
      'field_invalid session.audio.output.voice',
    ],
    [
      { session: { type: 'realtime', audio: { output: { voice: { id: 5 } } } } },
      'field_invalid session.audio.output.voice.id',
    ],
    [
      { session: { type: 'realtime', audio: { output: { speed: 2 } } } },
      'field_invalid session.audio.output.speed',
    ],
    [
      { session: { type: 'realtime', audio: { input: { turn_detection: {} } } } },
      'field_invalid session.audio.input.turn_detection.type',
    ],
    [
      {
        session: {
          type: 'realtime',
          audio: { input: { turn_detection: { type: 'semantic_vad', threshold: 1 } } },
        },
      },
      'field_unknown session.audio.input.turn_detection.threshold',
    ],
    [{ session: { type: 'realtime', model: null } }, 'field_invalid session.model'],
    [
      { session: { type: 'realtime', tools: [{ type: 'function', name: 'f', strict: true }] } },
      'field_unknown session.tools',
    ],
    [
      { session: { type: 'realtime', tools: [{ type: 'function', name: 5 }] } },
      'field_invalid session.tools',
    ],
    [
      { session: { type: 'realtime', prompt: { id: 'p', variables: 5 } } },
      'field_invalid session.prompt.variables',
    ],
    [{ session: { type: 'realtime', model: 5, extra: 1 } }, 'field_unknown session.extra'],
  ])('%j: %s', (body, outcome) => {
    expect(outcomeGa(body)).toBe(outcome)
  })
})

describe('a session is checked by the type of its preset', () => {
  test.each<[string, Fields, string]>([
    ['transcription', fullTranscription, 'passes'],
    ['translation', fullTranslation, 'passes'],
    ['transcription', { type: 'transcription', model: 'm' }, 'field_unknown session.model'],
    ['transcription', { model: 'm' }, 'field_unknown session.model'],
    ['translation', { audio: { output: { language: 5 } } }, 'field_invalid session.audio.output.language'],
    ['realtime', { audio: { output: { language: 'fr' } } }, 'field_unknown session.audio.output.language'],
    ['realtime', { type: 'translation', quite: 'new' }, 'override_not_open session.type'],
  ])('%s: %j', (type, session, outcome) => {
    expect(outcomeGa({ session }, type)).toBe(outcome)
  })
})

function nested(depth: number): unknown {
  return JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
}

/** What becomes of this in each kind of body. */
function outcomesOf(metadata: unknown): readonly string[] {
  return [outcomeGa({ session: { tracing: { metadata } } }), outcomeFlat({ tracing: { metadata } })]
}

describe('a body that is nested too deeply is refused', () => {
  test.each([31, 8000])('%i levels', (depth) => {
    expect(outcomesOf(nested(depth))).toEqual(['field_invalid session', 'field_invalid -'])
  })

  test('and others are not', () => {
    expect(outcomesOf(nested(30))).toEqual([
      'override_not_open session.tracing.metadata',
      'override_not_open tracing.metadata',
    ])
  })
})

describe('a sessions body', () => {
  test.each<[Fields, string]>([
    [{ modalities: null, voice: null, client_secret: null }, 'passes'],
    [{ client_secret: { expires_after: null } }, 'passes'],
    [{ session: {} }, 'field_unknown session'],
    [{ type: 'realtime' }, 'field_unknown type'],
    [{ expires_after: { seconds: 60 } }, 'field_unknown expires_after'],
    [{ preset: 5 }, 'field_invalid preset'],
    [{ variables: 'a' }, 'field_invalid variables'],
    [{ voice: 5 }, 'field_invalid voice'],
    [{ temperature: 2 }, 'field_invalid temperature'],
    [{ turn_detection: { treshold: 1 } }, 'field_unknown turn_detection.treshold'],
    [{ turn_detection: { threshold: 2 } }, 'field_invalid turn_detection.threshold'],
    [{ tools: [{ name: 5 }] }, 'field_invalid tools'],
    [{ client_secret: 60 }, 'field_invalid client_secret'],
    [{ client_secret: { value: 'x' } }, 'field_unknown client_secret.value'],
    [
      { client_secret: { expires_after: { anchor: 'created_at', seconds: 9 } } },
      'field_invalid client_secret.expires_after.seconds',
    ],
    [{ client_secret: { expires_at: { seconds: 7201 } } }, 'field_invalid client_secret.expires_at.seconds'],
    [
      { client_secret: { expires_at: { seconds: 60 }, expires_after: { seconds: 61 } } },
      'field_invalid client_secret',
    ],
  ])('%j: %s', (body, outcome) => {
    expect(outcomeFlat(body)).toBe(outcome)
  })

  test('may give the seconds by their older name', () => {
    const body = { client_secret: { expires_at: { anchor: 'created_at', seconds: 45 } } }
    expect(parseSessionsRequest(body).expiresAfterSeconds).toBe(45)
  })
})

function named(preset?: string): MintRequest {
  return parseClientSecretsRequest(preset === undefined ? {} : { preset })
}

describe('the preset is named', () => {
  test.each<[string, string | undefined, unknown, string | undefined, string]>([
    ['by the body', 'a', undefined, undefined, 'a'],
    ['by the query', undefined, 'a', undefined, 'a'],
    ['by both alike', 'a', 'a', undefined, 'a'],
    ['by the default', undefined, undefined, 'd', 'd'],
    ['by the body rather than the default', 'a', undefined, 'd', 'a'],
    ['by the query rather than the default', undefined, 'a', 'd', 'a'],
  ])('%s', (_, body, query, fallback, name) => {
    expect(choosePreset(named(body), query, fallback)).toBe(name)
  })

  test.each<[string, string | undefined, unknown, string]>([
    ['differently by body and query', 'a', 'b', 'preset_conflict preset'],
    ['emptily by the query', 'a', '', 'preset_conflict preset'],
    ['twice by the query', undefined, ['a', 'a'], 'field_invalid preset'],
    ['nowhere', undefined, undefined, 'preset_missing preset'],
  ])('%s, which is refused', (_, body, query, outcome) => {
    expect(refusalOf(() => choosePreset(named(body), query, undefined))).toBe(outcome)
  })
})
