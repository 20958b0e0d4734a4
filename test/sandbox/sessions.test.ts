/** What OpenAI accepts and refuses in a session: by the types of its SDK, and by rules between fields. */
import { describe, expect, it } from 'vitest'
import { inTurn } from '../bench/in-turn.ts'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'
import type { Mistake, Samples } from './samples.ts'
import { expiries, flat, realtime, transcription, translation } from './sessions.ts'

const translations = { path: '/realtime/translations/client_secrets' }
const missing = 'missing_required_parameter'

/** A reply does not repeat the first. The second is the secret there. */
const notEchoed: ReadonlySet<string> = new Set(['parallel_tool_calls', 'client_secret'])

type Ask = (body: unknown) => Promise<Response>

/** What is wrong, with its refusal. */
const judge = (ask: Ask, mistakes: readonly Mistake[]): Promise<unknown[]> =>
  inTurn(mistakes, async ([wrong]) => [wrong, await refusalOf(ask(wrong))])

const toJudgements = (mistakes: readonly Mistake[]): unknown[] =>
  mistakes.map(([wrong, code, param]) => [wrong, refused(code, param)])

describe.each<[kind: string, samples: Samples, options: { path?: string }]>([
  ['realtime', realtime, {}],
  ['transcription', transcription, {}],
  ['translation', translation, translations],
  ['flat', flat, { path: flatPath }],
])('a %s session', (kind, { values, mistakes }, options) => {
  const isFlat = kind === 'flat'
  const sandbox = useSandbox(isFlat ? { api: 'sessions' } : {})
  const ask: Ask = (session) => post(sandbox(), isFlat ? session : { session }, options)

  it('is accepted with each value of each field, and echoed', async () => {
    for (const session of values) {
      const response = await ask(session)
      expect([session, response.status]).toStrictEqual([session, 200])
      const echo = Object.fromEntries(
        Object.entries(Object(session)).filter(([name]) => !notEchoed.has(name)),
      )
      expect(await response.json()).toMatchObject(isFlat ? echo : { session: echo })
    }
  })

  it('is refused after each mistake', async () => {
    expect(await judge(ask, mistakes)).toStrictEqual(toJudgements(mistakes))
  })
})

const sandbox = useSandbox()
const sessions = useSandbox({ api: 'sessions' })

describe.each([
  ['client', {}, {}],
  ['translation', { session: { model: 'gpt-realtime-translate' } }, translations],
])('a %s secret', (_kind, base, options) => {
  const ask: Ask = (body) => post(sandbox(), { ...base, ...Object(body) }, options)

  it('is refused after each mistake in its other fields', async () => {
    const mistakes: Mistake[] = [
      ...expiries.mistakes,
      [{ preset: 'concierge' }, 'unknown_parameter', 'preset'],
      [{ session: null }, 'invalid_type', 'session'],
      [{ session: [] }, 'invalid_type', 'session'],
    ]
    expect(await judge(ask, mistakes)).toStrictEqual(toJudgements(mistakes))
  })
})

it('a translation secret requires a session', async () => {
  expect(await refusalOf(post(sandbox(), {}, translations))).toStrictEqual(refused(missing, 'session'))
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
    expect(await refusalOf(post(sessions(), body, { path: flatPath }))).toStrictEqual(refused(code, null))
  })

  it('without a type is refused for that before unknown fields', async () => {
    const response = post(sandbox(), { session: { temperature: 0.8 } })
    expect(await refusalOf(response)).toStrictEqual(refused(missing, 'session.type'))
  })
})

const detection = 'audio.input.turn_detection'

const range = (param: string, kind: string, where: string, rest: string): string =>
  `Invalid '${param}': ${kind} ${where} value. Expected a value ${rest} instead.`
const type = (param: string, expected: string, given: string): string =>
  `Invalid type for '${param}': expected ${expected}, but got ${given} instead.`

describe('the message of a refusal', () => {
  it.each([
    [{ temperature: 1 }, "Unknown parameter: 'session.temperature'."],
    [
      { output_modalities: ['audio', 'text'] },
      "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and ['audio'].",
    ],
    [nest('audio.input.format', 'pcm16'), type('session.audio.input.format', 'an object', 'a string')],
    [
      { type: 'translation' },
      "Invalid value: 'translation'. Supported values are: 'realtime' and 'transcription'.",
    ],
    [{ type: undefined }, "Missing required parameter: 'session.type'."],
    [
      { max_output_tokens: 9000 },
      range('session.max_output_tokens', 'integer', 'above maximum', '<= 4096, but got 9000'),
    ],
    [
      { max_output_tokens: -1 },
      range('session.max_output_tokens', 'integer', 'below minimum', '>= 1, but got -1'),
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
      range('session.audio.output.speed', 'decimal', 'above maximum', '<= 1.5, but got 2'),
    ],
    [{ max_output_tokens: null }, type('session.max_output_tokens', "an integer or 'inf'", 'null')],
    [
      nest(detection, { type: 'semantic_vad', eagerness: 1.5 }),
      type(`session.${detection}.eagerness`, "'low', 'medium', 'high', or 'auto'", 'a decimal number'),
    ],
  ])('for %j is that of OpenAI', async (fields, message) => {
    const response = await post(sandbox(), { session: { type: 'realtime', ...fields } })
    expect(await response.json()).toMatchObject({ error: { message } })
  })

  it.each([
    [{ temperature: 2 }, range('temperature', 'decimal', 'above maximum', '<= 1.2, but got 2')],
    [{ output_modalities: ['audio'] }, "Unknown parameter: 'output_modalities'."],
    [
      { modalities: [] },
      "Invalid modalities: []. Supported combinations are: ['text'] and ['audio'] and ['audio', 'text'].",
    ],
    [
      { client_secret: { expires_after: {} } },
      "Missing required parameter: 'client_secret.expires_after.anchor'.",
    ],
  ])('for the flat %j is that of OpenAI', async (body, message) => {
    const response = await post(sessions(), body, { path: flatPath })
    expect(await response.json()).toMatchObject({ error: { message } })
  })
})
