/** OpenAI's own SDK as a client: only its base URL is changed, and the key is anything but a key. */
import OpenAI, { AuthenticationError } from 'openai'
import { describe, expect, it } from 'vitest'
import { ORIGIN, PROMPT, startTestService, type TestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'

type ApiKey = NonNullable<ConstructorParameters<typeof OpenAI>[0]>['apiKey']

async function createClient(
  service: TestService,
  preset = 'assistant',
  apiKey: ApiKey = 'token of a user',
): Promise<OpenAI> {
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  return new OpenAI({
    baseURL: `${url}/v1`,
    apiKey,
    defaultQuery: { preset },
    defaultHeaders: { origin: ORIGIN },
  })
}

describe('the openai SDK', () => {
  it('gets a client secret with realtime.clientSecrets.create', async () => {
    const client = await createClient(await startTestService())
    const secret = await client.realtime.clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 30 },
      session: { type: 'realtime', model: 'gpt-realtime-2.1' },
    })
    expect(secret).toEqual({ value: expect.stringMatching(/^ek_/), expires_at: expect.any(Number) })
  })

  it('gets one with beta.realtime.sessions.create', async () => {
    const client = await createClient(await startTestService())
    const session = await client.beta.realtime.sessions.create({ voice: 'marin', instructions: PROMPT })
    expect(session).toEqual({
      client_secret: { value: expect.stringMatching(/^ek_/), expires_at: expect.any(Number) },
    })
  })

  it('surfaces a refusal with its code, field and request id', async () => {
    const client = await createClient(await startTestService())
    const refused = client.realtime.clientSecrets.create({
      session: { type: 'realtime', audio: { output: { voice: 'cedar' } } },
    })
    await expect(refused).rejects.toMatchObject({
      status: 403,
      code: 'override_not_allowed',
      param: 'session.audio.output.voice',
      requestID: expect.any(String),
    })
  })

  it('tries again where that may help, after as long as it is told', async () => {
    const service = await startTestService()
    const client = await createClient(service)
    service.sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 1)
    const secret = await client.realtime.clientSecrets.create({})
    expect(secret.value).toMatch(/^ek_/)
    expect(service.sandbox.requests).toHaveLength(2)
  })

  it.each([401, 400, 404])('does not try again where it cannot help: upstream %i', async (status) => {
    const service = await startTestService()
    const client = await createClient(service)
    service.sandbox.behave({ kind: 'status', status })
    await expect(client.realtime.clientSecrets.create({})).rejects.toMatchObject({ status: 502 })
    expect(service.sandbox.requests).toHaveLength(1)
  })
})

const startWithTokens = () => startTestService({ environment: secretEnvironment })

describe('with the token of a user in the place of the API key, the openai SDK', () => {
  it('gets a client secret', async () => {
    const client = await createClient(await startWithTokens(), 'assistant', toToken())
    const secret = await client.realtime.clientSecrets.create({})
    expect(secret.value).toMatch(/^ek_/)
  })

  it('gets one with a token that is asked for each time', async () => {
    const service = await startWithTokens()
    const subjects = ['ada', 'bob']
    const client = await createClient(service, 'assistant', async () =>
      toToken({ sub: subjects.shift() ?? 'nobody' }),
    )
    await client.realtime.clientSecrets.create({})
    await client.beta.realtime.sessions.create({})
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    expect(new Set(attempts.map(({ caller }) => caller)).size).toBe(2)
  })

  it.each<[what: string, token: string]>([
    ['expired', toToken({ exp: 1 })],
    ['no token at all', 'sk-test-0123456789abcdefghij'],
  ])('is told so where it is %s, and does not try again', async (_, token) => {
    const service = await startWithTokens()
    const client = await createClient(service, 'assistant', token)
    const refused = await client.realtime.clientSecrets.create({}).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AuthenticationError)
    expect(refused).toMatchObject({ status: 401, code: 'unauthenticated', requestID: expect.any(String) })
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    expect(attempts).toHaveLength(1)
  })
})
