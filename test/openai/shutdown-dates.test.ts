// The shutdown dates in upstream's own list of models, asked for over real HTTP.
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { fetchShutdownDates } from '../../src/openai/shutdown-dates.ts'
import { Secret } from '../../src/secret.ts'
import { startReplier } from '../support/upstream.ts'

const KEY = 'sk-test-0123456789abcdefghij'
const model = { object: 'model', created: 1_700_000_000, owned_by: 'openai' } as const

async function ask(status: number, body: string, auth: 'bearer' | 'api-key' = 'bearer') {
  const requests: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = []
  const baseUrl = await startReplier((request, response) => {
    requests.push(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const settings = { auth, apiKey: new Secret(KEY), proxy: undefined, timeoutMs: 5_000 }
  const dates = await fetchShutdownDates({ ...settings, baseUrl: new URL(baseUrl) })
  return { dates: [...dates], requests }
}

describe('the shutdown dates of models', () => {
  it('are those of the list at the base URL', async () => {
    const data = [
      { ...model, id: 'gpt-realtime-2.1', shutdown_date: null },
      { ...model, id: 'gpt-realtime-mini', shutdown_date: '2027-01-20' },
      { ...model, id: 'gpt-realtime', shutdown_date: '2027-02-01T00:00:00Z' },
      { ...model, id: 'whisper-1' },
    ]
    const { dates, requests } = await ask(200, JSON.stringify({ object: 'list', data }))
    expect(dates).toEqual([
      ['gpt-realtime-mini', '2027-01-20'],
      ['gpt-realtime', '2027-02-01'],
    ])
    expect(requests.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ['GET', '/v1/models', `Bearer ${KEY}`],
    ])
  })

  it('are asked for with the header of Azure where the settings say so', async () => {
    const { requests } = await ask(200, '{"data":[]}', 'api-key')
    expect([requests[0]?.headers['api-key'], requests[0]?.headers.authorization]).toEqual([KEY, undefined])
  })

  it.each<[what: string, status: number, body: string]>([
    ['a refusal', 401, '{"data":[{"id":"a","shutdown_date":"2027-01-20"}]}'],
    ['a missing list', 404, '<html>'],
    ['a reply that is not JSON', 200, 'ok'],
    ['a list of another shape', 200, '{"data":{"a":1}}'],
    ['a date that is none', 200, '{"data":[{"id":"a","shutdown_date":"soon <b>"}]}'],
    ['a list without end', 200, `{"data":[${'1,'.repeat(200_000)}`],
  ])('are unknown after %s', async (_what, status, body) => {
    expect((await ask(status, body)).dates).toEqual([])
  })
})
