/** Text that would break a line, a field or a terminal, wherever a caller may send it: none of it reaches the file. */
import { describe, expect, it } from 'vitest'
import { inTurn } from '../bench/in-turn.ts'
import { CLIENT_SECRETS, SESSIONS } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { readChains } from './writers.ts'

/** In every hostile text: it is found however the text is escaped. */
const MARK = 'zq9x'

const hostile: readonly (readonly [name: string, text: string])[] = [
  ['a line of our own shape', `${MARK}"}\n{"v":1,"event":"attempt","outcome":"issued","mac":"${MARK}"}\n`],
  ['carriage returns', `${MARK}\r\n${MARK}`],
  ['a field of our own', `${MARK}","mac":"${'0'.repeat(64)}`],
  ['terminal escapes', `${MARK}\u001b[2J\u001b]0;${MARK}\u0007`],
  ['NUL and DEL', `${MARK}\u0000\u007f`],
  ['C1 controls', `${MARK}\u0085\u009b31m`],
  ['separators', `${MARK}\u2028\u2029`],
  ['bidirectional overrides', `${MARK}\u202e\u2066`],
  ['half a surrogate', `${MARK}\ud800`],
  ['a byte order mark', `\ufeff${MARK}`],
  ['markup', `</script><img src=x onerror=${MARK}>`],
  ['a formula', `=cmd|' /C ${MARK}'!A0`],
  ['a prototype', `__proto__${MARK}`],
]

const service = shareService({
  presets: `
presets:
  assistant:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: "Greet {{guest}}." }
    variables: { guest: { max_length: 40, default: you } }
    overrides: { audio.output.voice: [cedar] }
`,
})

/** In a form that a header allows. */
const toHeader = (text: string): string => encodeURIComponent(text.toWellFormed())

/** The URL, a header and the body of a request. */
type Call = readonly [url: string, body: unknown, header?: string]

const headers = [
  'origin',
  'user-agent',
  'authorization',
  'cookie',
  'x-forwarded-for',
  'x-request-id',
  'referer',
]

function toCalls(text: string): Call[] {
  const escaped = toHeader(text)
  const preset = 'assistant'
  const sessions = [
    { model: text },
    { instructions: text },
    { [text]: text },
    { audio: { output: { voice: text } } },
    { tracing: { metadata: { [text]: text } } },
  ]
  return [
    [CLIENT_SECRETS, text],
    [CLIENT_SECRETS, { preset: text }],
    [CLIENT_SECRETS, { preset, [text]: text }],
    [CLIENT_SECRETS, { preset, variables: { guest: text } }],
    [CLIENT_SECRETS, { preset, variables: { [text]: 'x' } }],
    ...sessions.map(
      (session): Call => [CLIENT_SECRETS, { preset, session: { type: 'realtime', ...session } }],
    ),
    [SESSIONS, { preset, voice: text }],
    [SESSIONS, { preset, tool_choice: text, [text]: text }],
    [`${CLIENT_SECRETS}?preset=${escaped}`, {}],
    [`${CLIENT_SECRETS}?${escaped}=${escaped}`, { preset }],
    ...headers.map((name): Call => [CLIENT_SECRETS, { preset }, name]),
  ]
}

describe('hostile text', () => {
  it.each(hostile)('does not reach the file: %s', async (_name, text) => {
    await inTurn(toCalls(text), ([url, body, header]) =>
      service().app.inject({
        method: 'POST',
        url,
        headers: {
          origin: ORIGIN,
          'content-type': 'application/json',
          ...(header === undefined ? {} : { [header]: toHeader(text) }),
        },
        payload: JSON.stringify(body),
      }),
    )
    expect(await service().auditText()).not.toContain(MARK)
    // Reading the chain checks that each line is printable and sealed.
    const [file] = await readChains(service().auditDirectory)
    expect(file?.torn).toBe('')
    expect(file?.lines.length).toBeGreaterThan(toCalls(text).length / 2)
  })
})
