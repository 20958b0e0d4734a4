import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { startTestService } from '../support/service.ts'
import { expectation, type Kind, outcomeOf, outputsOf } from './outcome.ts'

/** In each failed reply. It must not leave the service. */
const TEXT = 'Zanzibar says: look at the organisation org-1234567'

interface Told {
  readonly code?: string | null
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

const tell = (status: number, { headers, ...told }: Told = {}): Behaviour => ({
  kind: 'status',
  status,
  message: TEXT,
  headers: { 'x-upstream-says': TEXT, ...headers },
  ...told,
})

type Row = readonly [status: number, told: Told, kind: Kind, reason: string]

const refusals: readonly Row[] = [
  [401, {}, 'misconfigured', 'upstream_unauthorized'],
  [401, { body: TEXT }, 'misconfigured', 'upstream_unauthorized'],
  [403, {}, 'misconfigured', 'upstream_unsupported_country'],
  [403, { code: 'unsupported_country' }, 'misconfigured', 'upstream_unsupported_country'],
  [403, { code: null }, 'misconfigured', 'upstream_forbidden'],
  [403, { body: TEXT }, 'misconfigured', 'upstream_forbidden'],
  [400, { code: 'invalid_api_key' }, 'misconfigured', 'upstream_unauthorized'],
  [405, {}, 'misconfigured', 'upstream_no_endpoint'],
  [405, { body: '<h1>405</h1>' }, 'misconfigured', 'upstream_no_endpoint'],
  [501, {}, 'misconfigured', 'upstream_no_endpoint'],
  [403, { code: 'model_not_found' }, 'misconfigured', 'upstream_forbidden'],
  [400, {}, 'rejected', 'upstream_refused'],
  [400, { body: '' }, 'rejected', 'upstream_refused'],
  [400, { code: 'unknown_parameter' }, 'rejected', 'upstream_refused'],
  [404, { code: 'model_not_found' }, 'rejected', 'upstream_model_not_found'],
  [404, { code: 'DeploymentNotFound' }, 'rejected', 'upstream_model_not_found'],
  [400, { code: 'OperationNotSupported' }, 'rejected', 'upstream_model_not_found'],
  [404, { code: null }, 'misconfigured', 'upstream_no_endpoint'],
  [404, { code: 'unknown_url' }, 'misconfigured', 'upstream_no_endpoint'],
  [404, { body: '<h1>404</h1>' }, 'misconfigured', 'upstream_no_endpoint'],
  [402, {}, 'noCredit', 'upstream_billing'],
  [402, { code: 'insufficient_quota' }, 'noCredit', 'upstream_billing'],
  [400, { code: 'billing_hard_limit_reached' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'billing_not_active' }, 'noCredit', 'upstream_billing'],
  [408, {}, 'unavailable', 'upstream_error'],
  [409, {}, 'unavailable', 'upstream_error'],
  [425, {}, 'unavailable', 'upstream_error'],
  [413, {}, 'rejected', 'upstream_refused'],
  [422, {}, 'rejected', 'upstream_refused'],
  [451, {}, 'rejected', 'upstream_refused'],
  [400, { code: 'beta_api_shape_disabled' }, 'retired', 'upstream_endpoint_retired'],
  [403, { code: 'beta_api_shape_disabled' }, 'retired', 'upstream_endpoint_retired'],
]

const quotas: readonly Row[] = [
  [429, { code: 'insufficient_quota' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'credit_balance_exhausted' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'organization_spend_limit_exceeded' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'project_spend_limit_exceeded' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'api_key_spend_limit_exceeded' }, 'noCredit', 'upstream_billing'],
  [429, { code: 'organization_usage_limit_exceeded' }, 'noCredit', 'upstream_billing'],
  [429, { body: { error: { type: 'insufficient_quota', code: null } } }, 'noCredit', 'upstream_billing'],
  [429, { body: { error: { type: 'insufficient_quota' } } }, 'noCredit', 'upstream_billing'],
  [429, { body: { error: { type: 'insufficient_quota', code: 429 } } }, 'noCredit', 'upstream_billing'],
  [
    429,
    { body: { error: { type: 'insufficient_quota', code: 'slow_down' } } },
    'busy',
    'upstream_rate_limited',
  ],
  [429, {}, 'busy', 'upstream_rate_limited'],
  [429, { code: 'slow_down' }, 'busy', 'upstream_rate_limited'],
  [429, { code: 'insufficient_quota_of_patience' }, 'busy', 'upstream_rate_limited'],
  [429, { code: null }, 'busy', 'upstream_rate_limited'],
  [429, { body: '' }, 'busy', 'upstream_rate_limited'],
  [429, { body: '<h1>insufficient_quota</h1>' }, 'busy', 'upstream_rate_limited'],
  [429, { body: [] }, 'busy', 'upstream_rate_limited'],
  [429, { body: null }, 'busy', 'upstream_rate_limited'],
  [429, { body: { error: 'insufficient_quota' } }, 'busy', 'upstream_rate_limited'],
  [429, { body: { error: { code: ['insufficient_quota'] } } }, 'busy', 'upstream_rate_limited'],
]

const breakdowns: readonly Row[] = [500, 502, 503, 504, 520, 599].flatMap((status): Row[] => [
  [status, {}, 'unavailable', 'upstream_error'],
  [status, { code: 'insufficient_quota' }, 'unavailable', 'upstream_error'],
  [status, { code: 'beta_api_shape_disabled' }, 'unavailable', 'upstream_error'],
])

const oddities: readonly Row[] = [
  ...[201, 202, 203, 204, 205, 206, 226, 299].map(
    (status): Row => [status, {}, 'malformed', 'upstream_status'],
  ),
  ...[300, 301, 302, 303, 304, 307, 308].map(
    (status): Row => [status, { headers: { location: '/v1/elsewhere' } }, 'malformed', 'upstream_redirect'],
  ),
]

describe('an upstream that answers', () => {
  it.each([...refusals, ...quotas, ...breakdowns, ...oddities])(
    '%i %j is reported as %s with reason %s, without upstream’s words',
    async (status, told, kind, reason) => {
      const service = await startTestService()
      service.sandbox.behave(tell(status, told))
      const reply = await service.mint()
      expect(await outcomeOf(service, reply)).toStrictEqual(expectation(kind, reason))
      expect(await outputsOf(service, reply)).not.toMatch(/Zanzibar|org-1234567|elsewhere/)
    },
  )

  it.each([204, 307, 400, 401, 403, 404, 429])('%i is not retried', async (status) => {
    const service = await startTestService()
    const before = service.sandbox.requests.length
    service.sandbox.behave(tell(status))
    await service.mint()
    expect(service.sandbox.requests).toHaveLength(before + 1)
  })

  it('400 is recorded with its status and request id, and without a secret', async () => {
    const service = await startTestService()
    service.sandbox.behave(tell(400, { headers: { 'x-request-id': 'req_fedcba9876543210' } }))
    await service.mint()
    expect((await service.records()).at(-1)).toMatchObject({
      outcome: 'failed',
      code: 'upstream_rejected',
      status: 502,
      secret: null,
      secret_expires_at: null,
      upstream: { status: 400, request_id: 'req_fedcba9876543210', attempts: 1, ms: expect.any(Number) },
    })
  })
})

describe('an upstream that limits requests', () => {
  const newYear = 'Tue, 01 Jan 2030 00:00:00 GMT'

  it.each([
    ['nothing', {}, '1'],
    ['0 s', { 'retry-after': '0' }, '1'],
    ['7 s', { 'retry-after': '7' }, '7'],
    ['2.5 s', { 'retry-after': '2.5' }, '3'],
    ['9 s, and a blank', { 'retry-after': '9 ' }, '9'],
    ['a blank', { 'retry-after': ' ' }, '1'],
    ['a minute', { 'retry-after': '60' }, '60'],
    ['a minute and a half', { 'retry-after': '90.5' }, '60'],
    ['an hour', { 'retry-after': '3600' }, '60'],
    ['a thousand years', { 'retry-after': '31536000000' }, '60'],
    ['a negative number', { 'retry-after': '-30' }, '1'],
    ['a word', { 'retry-after': 'soon' }, '1'],
    ['20 s on its own clock', { 'retry-after': 'Tue, 01 Jan 2030 00:00:20 GMT', date: newYear }, '20'],
    ['an hour on its own clock', { 'retry-after': 'Tue, 01 Jan 2030 01:00:00 GMT', date: newYear }, '60'],
    ['a time that has passed', { 'retry-after': 'Mon, 31 Dec 2029 23:59:59 GMT', date: newYear }, '1'],
  ])('and asks for %s is reported with a Retry-After from 1 to 60', async (_name, headers, expected) => {
    const service = await startTestService()
    service.sandbox.behave(tell(429, { headers }))
    expect((await service.mint()).headers['retry-after']).toBe(expected)
  })
})

describe('a server with the flat endpoint', () => {
  const flat = {
    environment: { OPENAI_REALTIME_API: 'sessions' },
    presets: 'presets: { assistant: { session: { model: gpt-realtime-2.1, voice: ash } } }',
  }

  it.each([
    ['says that the shape is retired', undefined],
    ['has nothing at the path', tell(404, { code: null })],
    ['has nothing at the path, and says so in HTML', tell(404, { body: '<h1>404</h1>' })],
  ])('that %s is reported as retired', async (_name, behaviour) => {
    const service = await startTestService(flat)
    if (behaviour !== undefined) service.sandbox.behave(behaviour)
    const reply = await service.mint()
    expect(service.sandbox.requests.map(({ path }) => path)).toStrictEqual(['/v1/realtime/sessions'])
    expect(await outcomeOf(service, reply)).toStrictEqual(expectation('retired', 'upstream_endpoint_retired'))
  })
})

describe('a service at its limit of concurrent mints', () => {
  it('replies overloaded at once, without a call', async () => {
    const service = await startTestService({
      environment: { MAX_CONCURRENT_MINTS: '1', UPSTREAM_TIMEOUT_MS: '300' },
    })
    service.sandbox.behave({ kind: 'hang' }, 1)
    const first = service.mint()
    const reply = await service.mint()
    expect(await outcomeOf(service, reply)).toStrictEqual({
      status: 503,
      code: 'overloaded',
      reason: 'mints_in_flight',
      retryAfter: '1',
      shouldRetry: undefined,
    })
    expect((await first).statusCode).toBe(504)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
