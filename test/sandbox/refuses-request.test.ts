import { describe, expect, it } from 'vitest'
import { nest, post, refusalOf, refused, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const translations = { path: '/realtime/translations/client_secrets' }

type Refusal = [field: string, value: unknown, code: string, param?: string]

describe('a request that OpenAI refuses', () => {
  it.each<Refusal>([
    ['type', 'translation', 'unknown_parameter'],
    ['instructions', 'x', 'unknown_parameter'],
    ['model', 5, 'invalid_type'],
    ['audio.input.format', { type: 'audio/pcmu' }, 'unknown_parameter'],
    ['audio.input.turn_detection', null, 'unknown_parameter'],
    ['audio.input.transcription', {}, 'missing_required_parameter', 'audio.input.transcription.model'],
    [
      'audio.input.transcription',
      { model: 'm', language: 'en' },
      'unknown_parameter',
      'audio.input.transcription.language',
    ],
    ['audio.input.noise_reduction', {}, 'missing_required_parameter', 'audio.input.noise_reduction.type'],
    ['audio.input.noise_reduction', { type: 'x' }, 'invalid_value', 'audio.input.noise_reduction.type'],
    [
      'audio.input.noise_reduction',
      { type: 'far_field', strength: 2 },
      'decimal_above_max_value',
      'audio.input.noise_reduction.strength',
    ],
    [
      'audio.input.noise_reduction',
      { type: 'far_field', mode: 'x' },
      'unknown_parameter',
      'audio.input.noise_reduction.mode',
    ],
    ['audio.output.voice', 'marin', 'unknown_parameter'],
    ['audio.output.language', 5, 'invalid_type'],
    ['audio.speed', 1, 'unknown_parameter'],
  ])('a translation session with %s = %j is refused as %s', async (field, value, code, param = field) => {
    const session = { model: 'gpt-realtime-translate', ...nest(field, value) }
    expect(await refusalOf(post(sandbox(), { session }, translations))).toStrictEqual(
      refused(code, `session.${param}`),
    )
  })

  const either: [string, object][] = [
    ['client', {}],
    ['translation', { session: { model: 'gpt-realtime-translate' } }],
  ]
  const envelopes: [string, unknown, string, string][] = [
    ['expires_after', 60, 'invalid_type', 'expires_after'],
    ['expires_after', null, 'invalid_type', 'expires_after'],
    [
      'expires_after',
      { anchor: 'created_at', seconds: 9 },
      'integer_below_min_value',
      'expires_after.seconds',
    ],
    [
      'expires_after',
      { anchor: 'created_at', seconds: 7201 },
      'integer_above_max_value',
      'expires_after.seconds',
    ],
    ['expires_after', { anchor: 'created_at', seconds: 60.5 }, 'invalid_type', 'expires_after.seconds'],
    ['expires_after', { anchor: 'created_at', seconds: '60' }, 'invalid_type', 'expires_after.seconds'],
    ['expires_after', {}, 'missing_required_parameter', 'expires_after.anchor'],
    ['expires_after', { seconds: 60 }, 'missing_required_parameter', 'expires_after.anchor'],
    ['expires_after', { anchor: 'now' }, 'invalid_value', 'expires_after.anchor'],
    ['expires_after', { anchor: 'created_at', minutes: 1 }, 'unknown_parameter', 'expires_after.minutes'],
    ['preset', 'concierge', 'unknown_parameter', 'preset'],
    ['session', null, 'invalid_type', 'session'],
    ['session', [], 'invalid_type', 'session'],
  ]
  const envelopeRows = either.flatMap(([name, base]) =>
    envelopes.map(([key, value, code, param]) => [name, key, value, code, param, base] as const),
  )
  it.each(envelopeRows)(
    'a %s secret request with %s = %j is refused as %s at %s',
    async (name, key, value, code, param, base) => {
      const options = name === 'translation' ? translations : {}
      expect(await refusalOf(post(sandbox(), { ...base, [key]: value }, options))).toStrictEqual(
        refused(code, param),
      )
    },
  )

  it.each([
    ['[]', 'invalid_type'],
    ['null', 'invalid_type'],
    ['"{}"', 'invalid_type'],
    ['', null],
    ['{', null],
    ['{"session":undefined}', null],
  ])('a body that is %j is refused', async (body, code) => {
    expect(await refusalOf(post(sandbox(), body))).toStrictEqual(refused(code, null))
  })

  it('a translation secret requires a session with a model', async () => {
    const missing = 'missing_required_parameter'
    expect(await refusalOf(post(sandbox(), {}, translations))).toStrictEqual(refused(missing, 'session'))
    expect(await refusalOf(post(sandbox(), { session: {} }, translations))).toStrictEqual(
      refused(missing, 'session.model'),
    )
  })

  it('a missing type is reported before unknown fields', async () => {
    const response = post(sandbox(), { session: { temperature: 0.8 } })
    expect(await refusalOf(response)).toStrictEqual(refused('missing_required_parameter', 'session.type'))
  })
})

describe('the messages', () => {
  it.each([
    [{ temperature: 1 }, "Unknown parameter: 'session.temperature'."],
    [
      { output_modalities: ['audio', 'text'] },
      "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and ['audio'].",
    ],
    [
      nest('audio.input.format', 'pcm16'),
      "Invalid type for 'session.audio.input.format': expected an object, but got a string instead.",
    ],
    [
      { type: 'translation' },
      "Invalid value: 'translation'. Supported values are: 'realtime' and 'transcription'.",
    ],
    [{ type: undefined }, "Missing required parameter: 'session.type'."],
    [
      { max_output_tokens: 9000 },
      "Invalid 'session.max_output_tokens': integer above maximum value. Expected a value <= 4096, but got 9000 instead.",
    ],
    [
      { max_output_tokens: -1 },
      "Invalid 'session.max_output_tokens': integer below minimum value. Expected a value >= 1, but got -1 instead.",
    ],
    [
      { tools: [{ type: 'mcp', server_label: 'a', tunnel_id: 'x' }] },
      "Invalid 'session.tools[0].tunnel_id': expected a string that matches /^tunnel_[a-z0-9]{32}$/.",
    ],
    [
      nest('audio.input.transcription.languages', []),
      "Invalid 'session.audio.input.transcription.languages': expected at least 1 item.",
    ],
    [
      nest('audio.output.speed', 2),
      "Invalid 'session.audio.output.speed': decimal above maximum value. Expected a value <= 1.5, but got 2 instead.",
    ],
    [
      { max_output_tokens: null },
      "Invalid type for 'session.max_output_tokens': expected an integer or 'inf', but got null instead.",
    ],
    [
      nest('audio.input.turn_detection', { type: 'semantic_vad', eagerness: 1.5 }),
      "Invalid type for 'session.audio.input.turn_detection.eagerness': expected 'low', 'medium', 'high', or 'auto', but got a decimal number instead.",
    ],
  ])("%j is refused with OpenAI's message", async (fields, message) => {
    const response = await post(sandbox(), { session: { type: 'realtime', ...fields } })
    expect(await response.json()).toMatchObject({ error: { message } })
  })
})
