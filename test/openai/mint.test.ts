import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { API_KEY, startTestService } from '../support/service.ts'
import { startReplier, toSecretBody } from '../support/upstream.ts'
import { startFor } from './outcome.ts'

/** An upstream that grants everything, and the requests that it received. */
async function startGranting() {
  const sent: (Pick<IncomingMessage, 'method' | 'headers'> & { path: string | undefined; body: string })[] =
    []
  const baseUrl = await startReplier(async (request, response) => {
    const { method, url: path, headers } = request
    sent.push({ method, path, headers, body: await text(request) })
    response.end(toSecretBody())
  })
  return { baseUrl, sent }
}

describe('the request to upstream', () => {
  it('is one POST with these headers only', async () => {
    const { baseUrl, sent } = await startGranting()
    const service = await startFor(baseUrl)
    const reply = await service.mint()
    expect(reply.statusCode).toBe(200)
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/v1/realtime/client_secrets' })
    expect(sent[0]?.headers).toStrictEqual({
      host: new URL(baseUrl).host,
      connection: 'keep-alive',
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'x-client-request-id': reply.headers['x-request-id'],
      'content-length': String(sent[0]?.body.length),
    })
  })

  it('has nothing that the caller sent', async () => {
    const { baseUrl, sent } = await startGranting()
    const service = await startFor(baseUrl, { TRUST_PROXY: '127.0.0.1' })
    const url = '/v1/realtime/client_secrets?tag=canary'
    const names = 'cookie user-agent x-request-id x-client-request-id traceparent authorization'.split(' ')
    const ofOpenAi = ['openai-organization', 'openai-safety-identifier', 'openai-beta']
    const headers = {
      ...Object.fromEntries([...names, ...ofOpenAi].map((name) => [name, 'canary'])),
      origin: 'https://app.example.com',
      'content-type': 'application/json',
      'x-forwarded-for': '203.0.113.9',
    }
    await service.app.inject({ method: 'POST', url, headers, payload: '{"preset":"assistant"}' })
    expect(sent).toHaveLength(1)
    expect(JSON.stringify(sent)).not.toMatch(/canary|203\.0\.113|app\.example|openai-/)
  })

  const live = 'audio: { input: { transcription: { model: gpt-live-transcribe } } }'

  it.each([
    ['realtime', 'model: gpt-realtime-2.1', '/v1/realtime/client_secrets'],
    ['transcription', live, '/v1/realtime/client_secrets'],
    ['translation', 'model: gpt-realtime-translate', '/v1/realtime/translations/client_secrets'],
  ])('for a %s preset goes to its own endpoint', async (type, fields, path) => {
    const presets = `presets: { assistant: { session: { type: ${type}, ${fields} } } }`
    const service = await startTestService({ presets })
    expect((await service.mint()).statusCode).toBe(200)
    expect(service.sandbox.requests.map((request) => request.path)).toStrictEqual([path])
  })

  it.each([
    ['/v1', '/v1/realtime/client_secrets'],
    ['/v1/', '/v1/realtime/client_secrets'],
    ['/openai/v1', '/openai/v1/realtime/client_secrets'],
    ['/openai?api-version=2025-04-01', '/openai/realtime/client_secrets?api-version=2025-04-01'],
    ['/v1/?a=b&c=%2F', '/v1/realtime/client_secrets?a=b&c=%2F'],
    ['/openai/realtimeapi?api-version=1', '/openai/realtimeapi/client_secrets?api-version=1'],
    ['', '/realtime/client_secrets'],
    ['/', '/realtime/client_secrets'],
    ['?api-version=1', '/realtime/client_secrets?api-version=1'],
  ])('with a base URL that ends in %j goes to %s', async (end, path) => {
    const { baseUrl, sent } = await startGranting()
    const service = await startFor(new URL(baseUrl).origin + end)
    expect((await service.mint()).statusCode).toBe(200)
    expect(sent.map((request) => request.path)).toStrictEqual([path])
  })

  it('carries the key as Azure expects it if OPENAI_AUTH says so', async () => {
    const { baseUrl, sent } = await startGranting()
    const service = await startFor(baseUrl, { OPENAI_AUTH: 'api-key' })
    await service.mint()
    expect(sent[0]?.headers).toMatchObject({ 'api-key': API_KEY })
    expect(sent[0]?.headers).not.toHaveProperty('authorization')
  })
})
