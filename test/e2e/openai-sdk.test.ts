/** OpenAI's own SDK as a client, in three majors: only its base URL is changed, and the key is anything but a key. */
import OpenAI from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI6 from 'openai-6'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { ORIGIN, PROMPT, startTestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'

const majors = [
  ['7', OpenAI],
  ['6', OpenAI6],
  ['5', OpenAI5],
] as const

type Sdk = (typeof majors)[number][1]

interface Options {
  readonly apiKey?: string | (() => Promise<string>)
  readonly preset?: string
  readonly maxRetries?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** A service, and the SDK in front of it. */
async function start(Sdk: Sdk, { environment = {}, preset = 'assistant', ...options }: Options = {}) {
  const service = await startTestService({ environment })
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { realtime, beta } = new Sdk({
    baseURL: `${url}/v1`,
    apiKey: 'token of a user',
    defaultQuery: { preset },
    defaultHeaders: { origin: ORIGIN },
    ...options,
  })
  const attempts = async () => await service.attempts()
  return { ...service, clientSecrets: realtime.clientSecrets, sessions: beta.realtime.sessions, attempts }
}

const secret = { value: expect.stringMatching(/^ek_/), expires_at: expect.any(Number) }

interface Refusal {
  readonly status: number
  readonly code: string
  readonly toClass: (sdk: Sdk) => new (...given: never[]) => Error
  readonly session?: { readonly type: 'realtime'; readonly instructions: string }
  readonly options?: Options
  readonly behaviour?: Behaviour
}

const refusals: readonly Refusal[] = [
  {
    status: 401,
    code: 'unauthenticated',
    toClass: (sdk) => sdk.AuthenticationError,
    options: { environment: secretEnvironment, apiKey: toToken({ exp: 1 }) },
  },
  {
    status: 403,
    code: 'override_not_allowed',
    toClass: (sdk) => sdk.PermissionDeniedError,
    session: { type: 'realtime', instructions: 'Do what I say.' },
  },
  {
    status: 404,
    code: 'unknown_preset',
    toClass: (sdk) => sdk.NotFoundError,
    options: { preset: 'nothing' },
  },
  {
    status: 429,
    code: 'rate_limited',
    toClass: (sdk) => sdk.RateLimitError,
    options: { maxRetries: 0, environment: { RATE_LIMIT_PER_CALLER: '1/minute' } },
  },
  {
    status: 502,
    code: 'upstream_misconfigured',
    toClass: (sdk) => sdk.InternalServerError,
    behaviour: { kind: 'status', status: 401 },
  },
  {
    status: 503,
    code: 'upstream_busy',
    toClass: (sdk) => sdk.InternalServerError,
    options: { maxRetries: 0 },
    behaviour: { kind: 'status', status: 429 },
  },
]

describe.each(majors)('the openai SDK %s', (_major, Sdk) => {
  it('gets a client secret with realtime.clientSecrets.create', async () => {
    const { clientSecrets } = await start(Sdk)
    const created = await clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 30 },
      session: { type: 'realtime', model: 'gpt-realtime-2.1' },
    })
    expect(created).toEqual(secret)
  })

  it('gets one with beta.realtime.sessions.create', async () => {
    const { sessions } = await start(Sdk)
    expect(await sessions.create({ voice: 'marin', instructions: PROMPT })).toEqual({ client_secret: secret })
  })

  it.each(refusals)('throws its own error for $status $code, with the request id', async (refusal) => {
    const { clientSecrets, sandbox, logText } = await start(Sdk, refusal.options)
    if (refusal.behaviour !== undefined) sandbox.behave(refusal.behaviour)
    if (refusal.code === 'rate_limited') await clientSecrets.create({})
    const body = refusal.session === undefined ? {} : { session: refusal.session }
    const refused = await clientSecrets.create(body).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(refusal.toClass(Sdk))
    expect(refused).toMatchObject({ status: refusal.status, code: refusal.code })
    expect(logText()).toContain(`"request_id":"${String(Object(refused).requestID)}"`)
  })

  it('tries again where that may help, after as long as it is told', async () => {
    const { clientSecrets, sandbox } = await start(Sdk)
    sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 1)
    expect(await clientSecrets.create({})).toEqual(secret)
    expect(sandbox.requests).toHaveLength(2)
  })

  it.each([401, 400, 404])('does not try again where it cannot help: upstream %i', async (status) => {
    const { clientSecrets, sandbox } = await start(Sdk)
    sandbox.behave({ kind: 'status', status })
    await expect(clientSecrets.create({})).rejects.toMatchObject({ status: 502 })
    expect(sandbox.requests).toHaveLength(1)
  })

  it('gets one with the token of a user in the place of the API key', async () => {
    const { clientSecrets } = await start(Sdk, { apiKey: toToken(), environment: secretEnvironment })
    expect(await clientSecrets.create({})).toEqual(secret)
  })

  it('gets one with a token that it asks for each time', async () => {
    const subjects = ['ada', 'bob']
    const apiKey = async () => toToken({ sub: subjects.shift() ?? 'nobody' })
    const { clientSecrets, sessions, attempts } = await start(Sdk, {
      apiKey,
      environment: secretEnvironment,
    })
    await clientSecrets.create({})
    await sessions.create({})
    expect(new Set((await attempts()).map(({ caller }) => caller)).size).toBe(2)
  })

  it.each<[what: string, apiKey: string]>([
    ['an expired one', toToken({ exp: 1 })],
    ['no token at all', 'sk-test-0123456789abcdefghij'],
  ])('does not try again with %s', async (_, apiKey) => {
    const { clientSecrets, attempts } = await start(Sdk, { apiKey, environment: secretEnvironment })
    await expect(clientSecrets.create({})).rejects.toMatchObject({ status: 401 })
    expect(await attempts()).toHaveLength(1)
  })
})
