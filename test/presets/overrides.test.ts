import { describe, expect, it } from 'vitest'
import type { Fields } from '../../src/presets/json.ts'
import {
  buildFlat,
  buildGa,
  expiring,
  nested,
  presetOf,
  plainRealtime as realtime,
  refusalOf,
  sent,
} from './support.ts'

const vad = 'audio.input.turn_detection'
const voice = 'audio.output.voice'
const speed = 'audio.output.speed'

describe('a field that the preset does not open', () => {
  const preset = presetOf({ session: realtime })

  it.each<[session: Fields]>([
    [realtime],
    [{ type: 'realtime' }],
    [{ type: 'realtime', model: 'gpt-realtime-2.1' }],
    [nested({ [voice]: 'marin' })],
    [nested({ 'audio.input.transcription': null })],
    [{ tools: [{ name: 'look_up', parameters: { properties: {}, type: 'object' }, type: 'function' }] }],
    [{ tracing: { metadata: { b: 2, a: 1 } } }],
    [nested({ [vad]: { type: 'server_vad', threshold: 0.5 } })],
    [{ audio: {} }],
  ])('passes with the preset’s own value: %j', (session) => {
    const built = buildGa(preset, { session })
    expect(built.overrides).toEqual([])
    expect(built.body).toBe(preset.body)
  })

  it.each<[path: string, value: unknown, inside?: string]>([
    ['model', 'gpt-realtime-2'],
    ['type', 'transcription'],
    ['instructions', ''],
    [voice, 'cedar'],
    [voice, { id: 'voice_1' }, '.id'],
    [speed, 1],
    ['audio.input.format.type', 'audio/pcmu'],
    [vad, null],
    [vad, { type: 'semantic_vad' }, '.type'],
    [vad, { type: 'server_vad', threshold: 0.4 }, '.threshold'],
    [vad, { type: 'server_vad', create_response: true }, '.create_response'],
    ['tools', []],
    ['tool_choice', { type: 'function', name: 'look_up' }, '.type'],
    ['tracing', 'auto'],
    ['output_modalities', ['text']],
    ['prompt', { id: 'p', variables: { theirs: 'x' } }, '.id'],
  ])('is refused with another value: %s: %j', (path, value, inside = '') => {
    const refused = `override_not_open session.${path}${inside}`
    const session = nested({ [path]: value })
    expect(refusalOf(() => buildGa(preset, { session }))).toBe(refused)
    expect(refusalOf(() => buildGa(preset, { session: { type: 'realtime', ...session } }))).toBe(refused)
  })
})

describe('a field that the preset opens', () => {
  const preset = presetOf({
    session: realtime,
    overrides: {
      model: ['gpt-realtime-2.1-mini'],
      instructions: { max_length: 5 },
      output_modalities: [['text']],
      [voice]: ['cedar', 'marin'],
      [`${voice}.id`]: ['voice_1'],
      [speed]: { min: 0.8, max: 1.2 },
      'audio.input.format.type': ['audio/pcmu'],
      'audio.input.transcription.model': ['gpt-live-transcribe'],
      [vad]: [null],
      [`${vad}.type`]: ['semantic_vad'],
      [`${vad}.eagerness`]: ['low'],
      [`${vad}.create_response`]: true,
      [`${vad}.silence_duration_ms`]: { min: 200 },
      max_output_tokens: { max: 1000 },
      tool_choice: ['none'],
      tracing: ['auto', null],
      truncation: ['auto'],
      'truncation.type': ['retention_ratio'],
      'truncation.retention_ratio': { min: 0.5 },
    },
  })

  it.each<[path: string, value: unknown]>([
    ['model', 'gpt-realtime-2.1-mini'],
    ['instructions', '{{x}}'],
    ['instructions', '😀😀😀😀😀'],
    ['output_modalities', ['text']],
    [voice, 'cedar'],
    [`${voice}.id`, 'voice_1'],
    [speed, 0.8],
    [speed, 1.2],
    ['max_output_tokens', 1000],
    ['tool_choice', 'none'],
    ['tracing', 'auto'],
    ['tracing', null],
    ['audio.input.transcription.model', 'gpt-live-transcribe'],
    [vad, null],
  ])('is changed: %s: %j', (path, value) => {
    const session = nested({ [path]: value })
    const built = buildGa(preset, { session, expires_after: { seconds: 20 } })
    expect(built).toMatchObject({ overrides: [path], model: path === 'model' ? value : realtime.model })
    expect(sent(built)).toMatchObject({ expires_after: expiring(20), session })
  })

  it.each<[session: Fields, overrides: readonly string[], more?: Fields]>([
    [nested({ [voice]: 'marin', [speed]: 0.8 }), [speed]],
    [
      { truncation: { type: 'retention_ratio', retention_ratio: 0.5 } },
      ['truncation.type', 'truncation.retention_ratio'],
    ],
    [
      nested({ [vad]: { type: 'server_vad', create_response: true, silence_duration_ms: 200 } }),
      [`${vad}.silence_duration_ms`, `${vad}.create_response`],
      nested({ [`${vad}.threshold`]: 0.5 }),
    ],
  ])('is changed with others: %j', (session, overrides, more = {}) => {
    const built = buildGa(preset, { session })
    expect(built.overrides).toEqual(overrides)
    expect(sent(built)).toMatchObject({ session })
    expect(sent(built)).toMatchObject({ session: more })
  })

  it.each<[path: string, value: unknown, more?: Fields]>([
    ['model', 'gpt-realtime-2'],
    ['instructions', '123456'],
    [speed, 0.79, { output_modalities: ['text'] }],
    [speed, 1.21],
    [voice, 'ash'],
    [`${voice}.id`, 'voice_2'],
    ['max_output_tokens', 1001],
    ['max_output_tokens', 'inf'],
    ['tool_choice', 'required'],
    [`${vad}.silence_duration_ms`, 199, { [`${vad}.type`]: 'server_vad' }],
  ])('is refused outside its rule: %s: %j', (path, value, more) => {
    const session = nested({ ...more, [path]: value })
    expect(refusalOf(() => buildGa(preset, { session }))).toBe(`override_outside_rule session.${path}`)
  })

  it('leaves everything else of the preset unchanged', () => {
    expect(sent(buildGa(preset, { session: nested({ [voice]: 'cedar' }) }))).toEqual({
      expires_after: expiring(60),
      session: { ...realtime, audio: { ...realtime.audio, output: { voice: 'cedar' } } },
    })
    expect(buildGa(preset, {}).body).toBe(preset.body)
  })

  it('removes the fields that only its old type has', () => {
    const session = nested({ [vad]: { type: 'semantic_vad', eagerness: 'low' } })
    expect(sent(buildGa(preset, { session }))).toHaveProperty(`session.${vad}`, {
      type: 'semantic_vad',
      eagerness: 'low',
      create_response: false,
    })
    const format = nested({ 'audio.input.format.type': 'audio/pcmu' })
    expect(sent(buildGa(preset, { session: format }))).toHaveProperty('session.audio.input.format', {
      type: 'audio/pcmu',
    })
  })

  it('may be a format, with its rate', () => {
    const telephone = presetOf({
      session: { type: 'realtime', audio: { input: { format: { type: 'audio/pcmu' } } } },
      overrides: { 'audio.input.format.type': ['audio/pcm'] },
    })
    const format = { type: 'audio/pcm', rate: 24_000 }
    const session = { audio: { input: { format } } }
    for (const built of [
      buildGa(telephone, { session }),
      buildFlat(telephone, { input_audio_format: 'pcm16' }),
    ])
      expect(sent(built)).toHaveProperty('session.audio.input.format', format)
  })

  it('may be inside a translation, whose type stays out of the body', () => {
    const translator = presetOf({
      session: { type: 'translation', model: 'm' },
      overrides: { 'audio.output.language': ['fr'] },
    })
    const built = buildGa(translator, { session: nested({ 'audio.output.language': 'fr' }) })
    expect(built).toMatchObject({
      preset: { endpoint: 'translations' },
      model: 'm',
      overrides: ['audio.output.language'],
    })
    expect(sent(built)).toEqual({
      expires_after: expiring(60),
      session: { model: 'm', audio: { output: { language: 'fr' } } },
    })
  })
})
