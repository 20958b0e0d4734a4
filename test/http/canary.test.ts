/** What a caller writes is repeated in no reply, log line or record. Refused origins: refused-origins.test.ts. */
import { describe, expect, it } from 'vitest'
import { CANARY, CLIENT_SECRETS, SESSIONS } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const service = shareService({
  presets: `
presets:
  assistant:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: "Greet {{guest}}." }
    variables: { guest: { max_length: 40, default: you } }
`,
})

interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'OPTIONS'
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string
}

const page = { origin: ORIGIN, 'content-type': 'application/json' } as const
const body = (fields: object): string => JSON.stringify({ preset: 'assistant', ...fields })

const calls: readonly [where: string, status: number, call: Call][] = [
  ['a path', 404, { url: `/${CANARY}` }],
  ['a malformed path', 400, { url: `/%zz${CANARY}` }],
  ['a known path behind escapes', 404, { url: `/%76${CANARY}` }],
  ['a query', 200, { url: `${CLIENT_SECRETS}?${CANARY}=${CANARY}`, payload: body({}) }],
  ['the query’s preset', 404, { url: `${CLIENT_SECRETS}?preset=${CANARY}` }],
  [
    'the query’s preset, against the body’s',
    400,
    { url: `${CLIENT_SECRETS}?preset=${CANARY}`, payload: body({}) },
  ],
  ['a query behind a wrong method', 405, { method: 'PUT', url: `${CLIENT_SECRETS}?${CANARY}` }],
  ['an unlisted origin', 403, { headers: { origin: `https://evil.example/${CANARY}` } }],
  [
    'the origin of a preflight',
    403,
    { method: 'OPTIONS', headers: { origin: `https://evil.example/${CANARY}` } },
  ],
  ['the content type', 415, { headers: { 'content-type': `text/${CANARY}` }, payload: '{}' }],
  ['a charset', 415, { headers: { 'content-type': `application/json; charset=${CANARY}` }, payload: '{}' }],
  ['the content encoding', 415, { headers: { 'content-encoding': CANARY }, payload: '{}' }],
  ['Expect', 417, { headers: { expect: CANARY } }],
  ['Fetch Metadata', 403, { headers: { 'sec-fetch-mode': CANARY } }],
  ['headers of all kinds', 200, { payload: body({}), headers: secretive() }],
  ['what is no JSON', 400, { payload: `{"${CANARY}` }],
  ['a list', 400, { payload: `["${CANARY}"]` }],
  ['a key twice', 400, { payload: `{"${CANARY}":1,"${CANARY}":2}` }],
  ['an unknown field', 400, { payload: body({ [CANARY]: 1 }) }],
  ['an unknown field’s value', 400, { payload: body({ extra: CANARY }) }],
  ['an unknown field of the session', 400, { payload: body({ session: { [CANARY]: 1 } }) }],
  ['an unknown field further in', 400, { payload: body({ session: { audio: { [CANARY]: {} } } }) }],
  ['a key of metadata', 403, { payload: body({ session: { tracing: { metadata: { [CANARY]: 1 } } } }) }],
  [
    'a variable of a prompt',
    403,
    { payload: body({ session: { prompt: { id: 'p', variables: { [CANARY]: 'x' } } } }) },
  ],
  ['an ill-typed field', 400, { payload: body({ session: { audio: CANARY } }) }],
  ['the type', 400, { payload: body({ session: { type: CANARY } }) }],
  ['a field that is not open', 403, { payload: body({ session: { model: CANARY } }) }],
  ['instructions', 403, { payload: body({ session: { instructions: CANARY } }) }],
  ['an expiry', 400, { payload: body({ expires_after: { seconds: CANARY } }) }],
  ['the preset', 404, { payload: JSON.stringify({ preset: CANARY }) }],
  ['an undeclared variable', 400, { payload: body({ variables: { [CANARY]: 'x' } }) }],
  ['a refused variable', 400, { payload: body({ variables: { guest: `\n${CANARY}` } }) }],
  ['a variable', 200, { payload: body({ variables: { guest: CANARY } }) }],
  ['an unknown flat field', 400, { url: SESSIONS, payload: body({ [CANARY]: 1 }) }],
  ['a flat field', 403, { url: SESSIONS, payload: body({ voice: CANARY }) }],
  ['a flat tool_choice', 400, { url: SESSIONS, payload: body({ tool_choice: CANARY }) }],
  ['a flat client_secret', 400, { url: SESSIONS, payload: body({ client_secret: { value: CANARY } }) }],
]

function secretive(): Record<string, string> {
  const names = [
    'authorization',
    'cookie',
    'user-agent',
    'referer',
    'x-request-id',
    'x-forwarded-for',
    'forwarded',
  ]
  const others = [
    'x-forwarded-host',
    'accept',
    'accept-language',
    'if-none-match',
    'x-stainless-lang',
    `x-${CANARY}`,
  ]
  return Object.fromEntries([...names, ...others].map((name) => [name, CANARY]))
}

describe('is repeated nowhere when it stands in', () => {
  it.each(calls)('%s', async (_, status, { headers, ...call }) => {
    const request = { method: 'POST', url: CLIENT_SECRETS, headers: { ...page, ...headers } } as const
    const reply = await service().app.inject({ ...request, ...call })
    expect(reply.statusCode).toBe(status)
    expect(`${JSON.stringify(reply.headers)}\n${reply.body}`).not.toContain(CANARY)
    expect(service().logText()).not.toContain(CANARY)
    expect(await service().auditText()).not.toContain(CANARY)
  })

  it('anything upstream says', async () => {
    const upstream = {
      kind: 'status',
      status: 400,
      code: CANARY,
      message: CANARY,
      headers: { 'x-any': CANARY },
    } as const
    service().sandbox.behave(upstream, 1)
    const reply = await service().mint()
    expect(reply.statusCode).toBe(502)
    expect(`${JSON.stringify(reply.headers)}\n${reply.body}`).not.toContain(CANARY)
    expect(service().logText()).not.toContain(CANARY)
    expect(await service().auditText()).not.toContain(CANARY)
  })
})
