/** OpenAI's own SDK as a client: only its base URL is changed, and the key is anything but a key. */
import OpenAI, { AuthenticationError } from 'openai'
import { describe, expect, it } from 'vitest'
import { ORIGIN, PROMPT, startTestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'

type ApiKey = NonNullable<ConstructorParameters<typeof OpenAI>[0]>['apiKey']

/** A service, and the SDK in front of it. */
async function start(apiKey: ApiKey = 'token of a user', environment = {}) {
  const service = await startTestService({ environment })
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const defaults = { defaultQuery: { preset: 'assistant' }, defaultHeaders: { origin: ORIGIN } }
  const { realtime, beta } = new OpenAI({ baseURL: `${url}/v1`, apiKey, ...defaults })
  const attempts = async () => (await service.records()).filter(({ event }) => event === 'attempt')
  return { ...service, clientSecrets: realtime.clientSecrets, sessions: beta.realtime.sessions, attempts }
}

const secret = { value: expect.stringMatching(/^ek_/), expires_at: expect.any(Number) }

describe('the openai SDK', () => {
  it('gets a client secret with realtime.clientSecrets.create', async () => {
    const { clientSecrets } = await start()
    const created = await clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 30 },
      session: { type: 'realtime', model: 'gpt-realtime-2.1' },
    })
    expect(created).toEqual(secret)
  })

  it('gets one with beta.realtime.sessions.create', async () => {
    const { sessions } = await start()
    const created = await sessions.create({ voice: 'marin', instructions: PROMPT })
    expect(created).toEqual({ client_secret: secret })
  })

  it('surfaces a refusal with its code, field and request id', async () => {
    const { clientSecrets } = await start()
    const session = { type: 'realtime', audio: { output: { voice: 'cedar' } } } as const
    await expect(clientSecrets.create({ session })).rejects.toMatchObject({
      status: 403,
      code: 'override_not_allowed',
      param: 'session.audio.output.voice',
      requestID: expect.any(String),
    })
  })

  it('tries again where that may help, after as long as it is told', async () => {
    const { clientSecrets, sandbox } = await start()
    sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 1)
    expect(await clientSecrets.create({})).toEqual(secret)
    expect(sandbox.requests).toHaveLength(2)
  })

  it.each([401, 400, 404])('does not try again where it cannot help: upstream %i', async (status) => {
    const { clientSecrets, sandbox } = await start()
    sandbox.behave({ kind: 'status', status })
    await expect(clientSecrets.create({})).rejects.toMatchObject({ status: 502 })
    expect(sandbox.requests).toHaveLength(1)
  })
})

describe('with the token of a user in the place of the API key, the openai SDK', () => {
  it('gets a client secret', async () => {
    const { clientSecrets } = await start(toToken(), secretEnvironment)
    expect(await clientSecrets.create({})).toEqual(secret)
  })

  it('gets one with a token that is asked for each time', async () => {
    const subjects = ['ada', 'bob']
    const nextToken = async () => toToken({ sub: subjects.shift() ?? 'nobody' })
    const { clientSecrets, sessions, attempts } = await start(nextToken, secretEnvironment)
    await clientSecrets.create({})
    await sessions.create({})
    expect(new Set((await attempts()).map(({ caller }) => caller)).size).toBe(2)
  })

  it.each<[what: string, token: string]>([
    ['expired', toToken({ exp: 1 })],
    ['no token at all', 'sk-test-0123456789abcdefghij'],
  ])('is told so where it is %s, and does not try again', async (_, token) => {
    const { clientSecrets, attempts } = await start(token, secretEnvironment)
    const refused = await clientSecrets.create({}).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AuthenticationError)
    expect(refused).toMatchObject({ status: 401, code: 'unauthenticated', requestID: expect.any(String) })
    expect(await attempts()).toHaveLength(1)
  })
})
