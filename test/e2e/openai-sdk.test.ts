/** OpenAI's own SDK as a client: only its base URL is changed, and the key is anything but a key. */
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ORIGIN, PROMPT, startTestService, type TestService } from '../support/service.ts'

async function createClient(service: TestService, preset = 'assistant'): Promise<OpenAI> {
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  return new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: 'token of a user',
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
