// What /metrics says after real requests to the real service.
import { describe, expect, it } from 'vitest'
import { readVersion } from '../../src/version.ts'
import { shareAdminService, startAdminService } from '../admin/admin-service.ts'
import { ORIGIN } from '../support/service.ts'
import { exchange, listen, toRequest } from '../support/sockets.ts'
import { parseSamples, scrape, valuesOf } from './scrape.ts'

const ROUTE = '/v1/realtime/client_secrets'

describe('every name', () => {
  const service = shareAdminService()

  it.each([
    ['http_server_request_duration_seconds', 'histogram'],
    ['http_client_request_duration_seconds', 'histogram'],
    ['realtime_mint_attempts_total', 'counter'],
    ['realtime_mint_in_flight', 'gauge'],
    ['realtime_mint_audit_queue_depth', 'gauge'],
    ['realtime_mint_audit_commit_seconds', 'histogram'],
    ['realtime_mint_store_degraded', 'gauge'],
    ['realtime_mint_upstream_breaker_state', 'gauge'],
    ['realtime_mint_upstream_cool_down_seconds', 'gauge'],
    ['realtime_mint_presets_info', 'gauge'],
    ['realtime_mint_presets_reload_failed', 'gauge'],
    ['realtime_mint_key_info', 'gauge'],
    ['realtime_mint_refused_preflights_total', 'counter'],
    ['realtime_mint_build_info', 'gauge'],
    ['process_cpu_seconds_total', 'counter'],
    ['process_resident_memory_bytes', 'gauge'],
    ['nodejs_eventloop_lag_p99_seconds', 'gauge'],
    ['nodejs_gc_duration_seconds', 'histogram'],
  ])('%s is a %s with a help text', async (name, type) => {
    const text = await scrape(service())
    expect(text).toContain(`# TYPE ${name} ${type}\n`)
    expect(text).toMatch(new RegExp(`^# HELP ${name} [A-Z0-9].*[.\\w]$`, 'm'))
  })

  it('is served as Prometheus’s text format', async () => {
    const reply = await service().ask('/metrics')
    expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  })
})

it('an attempt is counted once, with its outcome, code, reason and preset', async () => {
  const service = await startAdminService()
  await service.mint()
  await service.mint()
  await service.mint({ preset: 'unknown' })
  await service.mint({ preset: 'assistant' }, { origin: 'https://other.example.com' })
  service.sandbox.behave({ kind: 'status', status: 401 }, 1)
  await service.mint()
  const samples = parseSamples(await scrape(service))
  const attempts = samples.filter(({ name }) => name === 'realtime_mint_attempts_total')
  expect(attempts.map(({ labels, value }) => Object.values(labels).concat(String(value)))).toStrictEqual([
    ['issued', '', '', 'assistant', '2'],
    ['refused', 'unknown_preset', 'preset_unknown', '', '1'],
    ['refused', 'origin_not_allowed', 'origin_unlisted', '', '1'],
    ['failed', 'upstream_misconfigured', 'upstream_unauthorized', 'assistant', '1'],
  ])
})

it('requests and upstream calls have their duration by method, route, status and error', async () => {
  const service = await startAdminService()
  await service.mint()
  service.sandbox.behave({ kind: 'status', status: 401, code: 'invalid_api_key' }, 1)
  await service.mint()
  service.sandbox.behave({ kind: 'malformed', variant: 'html' }, 1)
  await service.mint()
  await service.app.inject({ url: '/nothing' })
  const samples = parseSamples(await scrape(service))
  const served = (labels: Record<string, string>): readonly number[] =>
    valuesOf(samples, 'http_server_request_duration_seconds_count', labels)
  expect(served({ method: 'POST', route: ROUTE, status: '200', error_type: '' })).toStrictEqual([1])
  expect(served({ method: 'POST', status: '502', error_type: 'upstream_misconfigured' })).toStrictEqual([1])
  expect(served({ method: 'GET', route: '', status: '404', error_type: '' })).toStrictEqual([1])
  const called = (labels: Record<string, string>): readonly number[] =>
    valuesOf(samples, 'http_client_request_duration_seconds_count', labels)
  const server = { method: 'POST', server_address: '127.0.0.1' }
  expect(called({ ...server, status: '200', error_type: '' })).toStrictEqual([1])
  expect(called({ ...server, status: '401', error_type: 'invalid_api_key' })).toStrictEqual([1])
  expect(called({ ...server, status: '200', error_type: 'upstream_not_json' })).toStrictEqual([1])
  const bounds = samples.filter(
    ({ name, labels }) =>
      name === 'http_server_request_duration_seconds_bucket' && labels['status'] === '200',
  )
  expect(bounds.map(({ labels }) => labels['le'])).toStrictEqual(
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, '+Inf'].map(String),
  )
})

it('an attempt whose record cannot be written is counted as failed', async () => {
  const service = await startAdminService()
  await service.audit.close()
  expect((await service.mint()).statusCode).toBe(503)
  const samples = parseSamples(await scrape(service))
  expect(
    valuesOf(samples, 'realtime_mint_attempts_total', { outcome: 'failed', code: 'audit_unavailable' }),
  ).toStrictEqual([1])
})

/** Without Node's own, such as the kinds of garbage collection so far. */
const countSeries = (text: string): number =>
  parseSamples(text).filter(({ name }) => !name.startsWith('nodejs_')).length

it('no request of any kind adds a series of its own', async () => {
  const service = await startAdminService()
  const port = await listen(service.app)
  async function knock(canary: string): Promise<void> {
    const hostile = [
      toRequest(`GET /${canary}`),
      toRequest(`${canary.toUpperCase()} /`),
      toRequest(`PROPFIND ${ROUTE}?preset=${canary}`, [`User-Agent: ${canary}`]),
      toRequest(`OPTIONS ${ROUTE}`, [
        `Origin: https://${canary}.example`,
        'Access-Control-Request-Method: POST',
      ]),
      toRequest(`POST ${ROUTE}?preset=${canary}`, [`Origin: ${ORIGIN}`]),
      toRequest(`POST ${ROUTE}?preset=${canary}`, [`Origin: https://${canary}.example`]),
      toRequest(`POST ${ROUTE}`, [`Origin: ${ORIGIN}`, `Authorization: Bearer ${canary}`]),
    ]
    await Promise.all(hostile.map((text) => exchange(port, text)))
  }
  await knock('canary0')
  const before = countSeries(await scrape(service))
  for (const canary of ['canary1', 'canary2', 'canary3']) await knock(canary)
  await expect
    .poll(
      async () => valuesOf(parseSamples(await scrape(service)), 'realtime_mint_refused_preflights_total'),
      { timeout: 5_000 },
    )
    .toStrictEqual([4])
  const text = await scrape(service)
  expect(countSeries(text)).toBe(before)
  expect(text).not.toMatch(/canary/i)
})

it('more than a hundred presets share a series', async () => {
  const names = Array.from({ length: 103 }, (_, index) => `p${index}`)
  const presets = `presets: {${names.map((name) => `${name}: { session: { type: realtime } }`).join()}}`
  const service = await startAdminService({}, { presets })
  for (const preset of names) await service.mint({ preset })
  const samples = parseSamples(await scrape(service))
  expect(valuesOf(samples, 'realtime_mint_attempts_total', { outcome: 'issued' })).toHaveLength(101)
  expect(valuesOf(samples, 'realtime_mint_attempts_total', { preset: '_OTHER' })).toStrictEqual([3])
})

it('scrapes within a second share one text', async () => {
  const service = await startAdminService()
  const texts = await Promise.all(Array.from({ length: 20 }, () => scrape(service)))
  expect(new Set(texts).size).toBe(1)
})

it('the version, the key’s fingerprint and the presets in effect are shown', async () => {
  const service = await startAdminService()
  const samples = parseSamples(await scrape(service))
  expect(valuesOf(samples, 'realtime_mint_build_info', { version: readVersion() })).toStrictEqual([1])
  expect(valuesOf(samples, 'realtime_mint_presets_info', { preset: 'assistant' })).toStrictEqual([1])
  const key = samples.find(({ name }) => name === 'realtime_mint_key_info')
  expect(key?.labels['fingerprint']).toMatch(/^[0-9a-f]{32}$/)
})

it('an open circuit breaker and a cool-down show', async () => {
  const service = await startAdminService()
  const valueOf = async (name: string): Promise<number | undefined> =>
    valuesOf(parseSamples(await scrape(service)), name)[0]
  service.sandbox.behave({ kind: 'status', status: 503 }, 30)
  await Promise.all(Array.from({ length: 30 }, () => service.mint()))
  expect(await valueOf('realtime_mint_upstream_breaker_state')).toBe(1)

  const other = await startAdminService()
  other.sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '30' } }, 1)
  await other.mint()
  const [cool = 0] = valuesOf(parseSamples(await scrape(other)), 'realtime_mint_upstream_cool_down_seconds')
  expect(cool).toBeGreaterThan(25)
})

it('a Redis that cannot be reached shows as a degraded store', async () => {
  const service = await startAdminService({ REDIS_URL: 'redis://127.0.0.1:1' })
  const samples = parseSamples(await scrape(service))
  expect(valuesOf(samples, 'realtime_mint_store_degraded')).toStrictEqual([1])
})
