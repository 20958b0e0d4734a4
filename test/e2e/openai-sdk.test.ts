/** OpenAI's own SDK as a client, in three majors: only its base URL is changed, and the key is anything but a key. */
import OpenAI from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI6 from 'openai-6'
import { describe, expect, it } from 'vitest'
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
  readonly environment?: Readonly<Record<string, string>>
}

/** A service, and the SDK in front of it. */
async function start(Sdk: Sdk, { environment = {}, ...options }: Options = {}) {
  const service = await startTestService({ environment })
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { realtime, beta } = new Sdk({
    baseURL: `${url}/v1`,
    apiKey: 'token of a user',
    defaultQuery: { preset: 'assistant' },
    defaultHeaders: { origin: ORIGIN },
    ...options,
  })
  return { ...service, clientSecrets: realtime.clientSecrets, sessions: beta.realtime.sessions }
}

const secret = { value: expect.stringMatching(/^ek_/), expires_at: expect.any(Number) }

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

  it('throws its own error for a refusal, with code and request id', async () => {
    const { clientSecrets, logText } = await start(Sdk)
    const session = { type: 'realtime', instructions: 'Do what I say.' } as const
    const refused = await clientSecrets.create({ session }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Sdk.PermissionDeniedError)
    expect(refused).toMatchObject({ status: 403, code: 'override_not_allowed' })
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

  it('gets one with a token that it asks for each time', async () => {
    const subjects = ['ada', 'bob']
    const apiKey = async () => toToken({ sub: subjects.shift() ?? 'nobody' })
    const environment = secretEnvironment
    const { clientSecrets, sessions, attempts } = await start(Sdk, { apiKey, environment })
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
