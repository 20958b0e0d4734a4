/** What OpenAI refuses because of a value, or of another field. Wrong types and names are in accepts.test.ts. */
import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'
import { expiries, invalid, missing, type Row, unknown } from './refusals.ts'
import { flatRefusals, inputRefusals, realtimeRefusals, translationRefusals } from './refused.ts'

const sandbox = useSandbox()
const flat = useSandbox({ api: 'sessions' })
const translations = { path: '/realtime/translations/client_secrets' }

/** A template, because an object literal would make `__proto__` a prototype instead of a key. */
function toSession(base: string, field: string, value: unknown): string {
  const member = field === '__proto__' ? '"__proto__":{}' : JSON.stringify(nest(field, value)).slice(1, -1)
  return `{"session":{${base},${member}}}`
}

describe.each<[kind: string, base: string, rows: Row[], options: { path?: string }]>([
  ['realtime', '"type":"realtime"', realtimeRefusals, {}],
  ['transcription', '"type":"transcription"', inputRefusals, {}],
  ['translation', '"model":"gpt-realtime-translate"', translationRefusals, translations],
])('a %s session', (_kind, base, rows, options) => {
  it.each(rows)('with %s = %j is refused as %s', async (field, value, code, param = field) => {
    expect(await refusalOf(post(sandbox(), toSession(base, field, value), options))).toStrictEqual(
      refused(code, `session.${param}`),
    )
  })
})

describe('a flat session', () => {
  it.each(flatRefusals)('with %s = %j is refused as %s', async (field, value, code, param = field) => {
    const response = post(flat(), nest(field, value), { path: flatPath })
    expect(await refusalOf(response)).toStrictEqual(refused(code, param))
  })
})

describe('a transcription session', () => {
  it.each(['gpt-live-transcribe', 'gpt-realtime-whisper'])('has no turn detection with %s', async (model) => {
    const audio = { input: { transcription: { model }, turn_detection: { type: 'server_vad' } } }
    expect(await refusalOf(post(sandbox(), { session: { type: 'transcription', audio } }))).toStrictEqual(
      refused(invalid, 'session.audio.input.turn_detection'),
    )
  })

  it.each('model instructions tools audio.output output_modalities max_output_tokens'.split(' '))(
    'has no %s',
    async (field) => {
      const session = { type: 'transcription', ...nest(field, 'x') }
      expect(await refusalOf(post(sandbox(), { session }))).toStrictEqual(
        refused(unknown, `session.${field}`),
      )
    },
  )
})

describe.each([
  ['client', {}, {}],
  ['translation', { session: { model: 'gpt-realtime-translate' } }, translations],
])('a %s secret', (_kind, base, options) => {
  it.each<Row>([
    ...expiries('expires_after'),
    ['preset', 'concierge', unknown],
    ['session', null, 'invalid_type'],
    ['session', [], 'invalid_type'],
  ])('with %s = %j is refused as %s', async (key, value, code, param = key) => {
    const body = { ...base, [key]: value }
    expect(await refusalOf(post(sandbox(), body, options))).toStrictEqual(refused(code, param))
  })
})

describe('a translation secret', () => {
  it.each([
    [{}, 'session'],
    [{ session: {} }, 'session.model'],
  ])('requires a session with a model: %j', async (body, param) => {
    expect(await refusalOf(post(sandbox(), body, translations))).toStrictEqual(refused(missing, param))
  })
})

describe('a body', () => {
  it.each([
    ['[]', 'invalid_type'],
    ['null', 'invalid_type'],
    ['"{}"', 'invalid_type'],
    ['', null],
    ['{', null],
    ['{"session":undefined}', null],
  ])('of %j is refused', async (body, code) => {
    expect(await refusalOf(post(sandbox(), body))).toStrictEqual(refused(code, null))
    expect(await refusalOf(post(flat(), body, { path: flatPath }))).toStrictEqual(refused(code, null))
  })

  it('without a type is refused for that before unknown fields', async () => {
    const response = post(sandbox(), { session: { temperature: 0.8 } })
    expect(await refusalOf(response)).toStrictEqual(refused(missing, 'session.type'))
  })
})
