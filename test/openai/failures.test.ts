import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { startTestService } from '../support/service.ts'
import { expectation, type Kind, mintOutcome, outcomeOf, outputsOf } from './outcome.ts'

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

const denied = 'misconfigured'
const body = (error: unknown): Told => ({ body: { error } })
const quotaType = { type: 'insufficient_quota' }

const refusals: readonly Row[] = [
  [401, {}, denied, 'upstream_unauthorized'],
  [401, { body: TEXT }, denied, 'upstream_unauthorized'],
  [400, { code: 'invalid_api_key' }, denied, 'upstream_unauthorized'],
  [403, {}, denied, 'upstream_unsupported_country'],
  [403, { code: 'unsupported_country' }, denied, 'upstream_unsupported_country'],
  [403, { code: null }, denied, 'upstream_forbidden'],
  [403, { body: TEXT }, denied, 'upstream_forbidden'],
  [403, { code: 'model_not_found' }, denied, 'upstream_forbidden'],
  [404, { code: null }, denied, 'upstream_no_endpoint'],
  [404, { code: 'unknown_url' }, denied, 'upstream_no_endpoint'],
  [404, { body: '<h1>404</h1>' }, denied, 'upstream_no_endpoint'],
  [405, {}, denied, 'upstream_no_endpoint'],
  [405, { body: '<h1>405</h1>' }, denied, 'upstream_no_endpoint'],
  [501, {}, denied, 'upstream_no_endpoint'],
  [400, {}, 'rejected', 'upstream_refused'],
  [400, { body: '' }, 'rejected', 'upstream_refused'],
  [400, { code: 'unknown_parameter' }, 'rejected', 'upstream_refused'],
  ...[413, 422, 451].map((status): Row => [status, {}, 'rejected', 'upstream_refused']),
  [404, { code: 'model_not_found' }, 'rejected', 'upstream_model_not_found'],
  [404, { code: 'DeploymentNotFound' }, 'rejected', 'upstream_model_not_found'],
  [400, { code: 'OperationNotSupported' }, 'rejected', 'upstream_model_not_found'],
  ...[408, 409, 425].map((status): Row => [status, {}, 'unavailable', 'upstream_error']),
  ...[400, 403].map(
    (status): Row => [status, { code: 'beta_api_shape_disabled' }, 'retired', 'upstream_endpoint_retired'],
  ),
]

const billingCodes = [
  'insufficient_quota',
  'credit_balance_exhausted',
  'billing_not_active',
  ...['organization_spend', 'project_spend', 'api_key_spend', 'user_spend', 'organization_usage'].map(
    (name) => `${name}_limit_exceeded`,
  ),
]

const quotas: readonly Row[] = [
  [402, {}, 'noCredit', 'upstream_billing'],
  [402, { code: 'insufficient_quota' }, 'noCredit', 'upstream_billing'],
  [400, { code: 'billing_hard_limit_reached' }, 'noCredit', 'upstream_billing'],
  ...billingCodes.map((code): Row => [429, { code }, 'noCredit', 'upstream_billing']),
  ...[{ code: null }, {}, { code: 429 }].map(
    (code): Row => [429, body({ ...quotaType, ...code }), 'noCredit', 'upstream_billing'],
  ),
  ...[
    body({ ...quotaType, code: 'slow_down' }),
    body('insufficient_quota'),
    body({ code: ['insufficient_quota'] }),
    { code: 'slow_down' },
    { code: 'insufficient_quota_of_patience' },
    { code: null },
    {},
    ...['', '<h1>insufficient_quota</h1>', [], null].map((text) => ({ body: text })),
  ].map((told): Row => [429, told, 'busy', 'upstream_rate_limited']),
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

/** By default, and once. */
const retried: ReadonlySet<number> = new Set([408, 409, 425, 500, 502, 503])

describe('an upstream that answers', () => {
  it.each([...refusals, ...quotas, ...breakdowns, ...oddities])(
    '%i %j is reported as %s with reason %s, without upstream’s words',
    async (status, told, kind, reason) => {
      const service = await startTestService()
      service.sandbox.behave(tell(status, told))
      const reply = await service.mint()
      expect(await outcomeOf(service, reply)).toStrictEqual(expectation(kind, reason))
      expect(await outputsOf(service, reply)).not.toMatch(/Zanzibar|org-1234567|elsewhere/)
      expect(service.sandbox.requests).toHaveLength(retried.has(status) ? 2 : 1)
    },
  )
})

describe('an upstream that limits requests', () => {
  const newYear = 'Tue, 01 Jan 2030 00:00:00 GMT'

  it.each<[asked: string | undefined, expected: string, date?: string]>([
    [undefined, '1'],
    ['0', '1'],
    ['7', '7'],
    ['2.5', '3'],
    ['9 ', '9'],
    [' ', '1'],
    ['60', '60'],
    ['90.5', '60'],
    ['3600', '60'],
    ['31536000000', '60'],
    ['-30', '1'],
    ['soon', '1'],
    ['Tue, 01 Jan 2030 00:00:20 GMT', '20', newYear],
    ['Tue, 01 Jan 2030 01:00:00 GMT', '60', newYear],
    ['Mon, 31 Dec 2029 23:59:59 GMT', '1', newYear],
  ])('with Retry-After %j is reported with a Retry-After from 1 to 60: %s', async (asked, expected, date) => {
    const service = await startTestService()
    const headers = { ...(asked === undefined ? {} : { 'retry-after': asked }), ...(date && { date }) }
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
    expect(await mintOutcome(service)).toStrictEqual(expectation('retired', 'upstream_endpoint_retired'))
    expect(service.sandbox.requests.map(({ path }) => path)).toStrictEqual(['/v1/realtime/sessions'])
  })
})
