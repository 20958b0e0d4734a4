/** The messages of refusals, which are those of OpenAI. */
import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const flat = useSandbox({ api: 'sessions' })
const detection = 'audio.input.turn_detection'

const range = (param: string, kind: string, where: string, rest: string): string =>
  `Invalid '${param}': ${kind} ${where} value. Expected a value ${rest} instead.`
const type = (param: string, expected: string, given: string): string =>
  `Invalid type for '${param}': expected ${expected}, but got ${given} instead.`

describe('the message', () => {
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
    const response = await post(flat(), body, { path: flatPath })
    expect(await response.json()).toMatchObject({ error: { message } })
  })
})
