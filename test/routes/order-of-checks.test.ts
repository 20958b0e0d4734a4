/** Two faults at once: the check that comes earlier speaks. */
import { rm, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService, type TestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, toRequest } from '../support/sockets.ts'
import { type Asked, ask, environment, outcomeOf, presets } from './asking.ts'

const big = 'x'.repeat(16_385)
const evil = 'https://evil.example'

describe('the per-address limit comes before', () => {
  const service = shareService({ environment: { RATE_LIMIT_PER_ADDRESS: '1/day' } })

  it.each<[what: string, method: 'GET' | 'POST' | 'OPTIONS', url: string, origin: string | undefined]>([
    ['unknown paths', 'GET', '/nowhere', ORIGIN],
    ['malformed paths', 'GET', '/%zz', ORIGIN],
    ['wrong methods', 'GET', CLIENT_SECRETS, ORIGIN],
    ['missing origins', 'POST', CLIENT_SECRETS, undefined],
    ['unlisted origins', 'POST', CLIENT_SECRETS, evil],
    ['preflights of unlisted origins', 'OPTIONS', CLIENT_SECRETS, evil],
  ])('%s', async (_, method, url, origin) => {
    const asked = { method, url, headers: origin === undefined ? {} : { origin } }
    await service().app.inject('/nowhere')
    expect(refusalOf(await service().app.inject(asked))).toEqual([429, 'rate_limited', null])
  })
})

describe('among the checks before the body', () => {
  const service = shareService({ environment, presets })
  const page = { origin: evil, 'content-type': 'text/plain' }

  it.each<[earlier: string, later: string, request: Asked, outcome: unknown]>([
    ['route', 'origin', { path: '/nowhere', headers: page }, [404, 'invalid_request', null]],
    ['origin', 'content type', { body: 'x', headers: page }, [403, 'origin_not_allowed', null]],
    [
      'a missing origin',
      'size',
      { body: big, headers: { origin: undefined } },
      [403, 'origin_not_allowed', null],
    ],
    [
      'Fetch Metadata',
      'size',
      { body: big, headers: { 'sec-fetch-mode': 'navigate' } },
      [403, 'origin_not_allowed', null],
    ],
    [
      'content type',
      'size',
      { body: big, headers: { 'content-type': 'text/plain' } },
      [415, 'invalid_request', null],
    ],
    ['size', 'JSON', { body: big }, [413, 'invalid_request', null]],
    [
      'content type',
      'JSON',
      { body: '{', headers: { 'content-type': 'text/plain' } },
      [415, 'invalid_request', null],
    ],
  ])('%s comes before %s', async (_earlier, _later, request, outcome) => {
    expect(outcomeOf(await ask(service(), request))).toEqual(outcome)
  })

  it('method comes before origin', async () => {
    const reply = await service().app.inject({
      method: 'PUT',
      url: CLIENT_SECRETS,
      headers: { origin: evil },
    })
    expect(refusalOf(reply)).toEqual([405, 'invalid_request', null])
  })

  it('what the parser limits comes before all', async () => {
    const text = toRequest('GET /nowhere', [`X-Long: ${'x'.repeat(17_000)}`])
    const [reply] = await exchange(await listen(service().app), text)
    expect(reply?.statusCode).toBe(431)
  })
})

describe('among the checks of the body and behind it', () => {
  const service = shareService({ environment, presets })
  const raised = { expires_after: { seconds: 7200 } }

  it.each<[earlier: string, later: string, request: Asked, outcome: unknown]>([
    ['JSON', 'a preset', { query: '?preset=nobody', body: '{' }, [400, 'invalid_request', null]],
    [
      'a duplicate key',
      'a preset',
      { body: '{"preset":"nobody","preset":"x"}' },
      [400, 'invalid_request', null],
    ],
    ['an unknown field', 'a preset', { body: { preset: 'nobody', x: 1 } }, [400, 'invalid_request', 'x']],
    [
      'an ill-typed field',
      'a preset',
      { body: { preset: 'nobody', session: 1 } },
      [400, 'invalid_request', 'session'],
    ],
    [
      'two presets',
      'unknown ones',
      { query: '?preset=a', body: { preset: 'b' } },
      [400, 'invalid_request', 'preset'],
    ],
    [
      'an unknown preset',
      'a raised expiry',
      { body: { preset: 'nobody', ...raised } },
      [404, 'unknown_preset', null],
    ],
    [
      'access',
      'a raised expiry',
      { body: { preset: 'elsewhere', ...raised } },
      [404, 'unknown_preset', null],
    ],
    [
      'access',
      'overrides',
      { body: { preset: 'elsewhere', session: { model: 'x' } } },
      [404, 'unknown_preset', null],
    ],
    [
      'access',
      'variables',
      { body: { preset: 'elsewhere', variables: { a: 'b' } } },
      [404, 'unknown_preset', null],
    ],
  ])('%s comes before %s', async (_earlier, _later, request, outcome) => {
    expect(outcomeOf(await ask(service(), request))).toEqual(outcome)
  })
})

describe('while as many mints are under way as may be', () => {
  const limits = { environment: { ...environment, MAX_CONCURRENT_MINTS: '1' }, presets }

  it.each<[what: string, body: object, outcome: unknown]>([
    ['an unknown preset', { preset: 'nobody' }, [404, 'unknown_preset', null]],
    [
      'a raised expiry',
      { preset: 'plain', expires_after: { seconds: 61 } },
      [403, 'override_not_allowed', 'expires_after.seconds'],
    ],
    ['a missing variable', { preset: 'hotel' }, [400, 'invalid_request', 'variables.hotel']],
    ['nothing else wrong', { preset: 'plain' }, [503, 'overloaded', null]],
  ])('a request with %s is told so', async (_, body, outcome) => {
    const service = await startTestService(limits)
    service.sandbox.behave({ kind: 'hang' })
    const hanging = service.mint({ preset: 'plain' })
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    expect(refusalOf(await service.mint(body))).toEqual(outcome)
    await service.sandbox.close()
    expect((await hanging).statusCode).toBe(503)
  })
})

async function breakAudit({ auditDirectory, mint }: TestService): Promise<void> {
  await rm(auditDirectory, { recursive: true })
  await writeFile(auditDirectory, '')
  await mint({ preset: 'nobody' })
}

async function startWithoutAudit(): Promise<TestService> {
  const service = await startTestService({ presets, environment })
  await breakAudit(service)
  return service
}

describe('while the audit is known to be down', () => {
  it('upstream is not asked', async () => {
    const service = await startWithoutAudit()
    expect(refusalOf(await service.mint({ preset: 'plain' }))).toEqual([503, 'audit_unavailable', null])
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it.each<[what: string, body: object, outcome: unknown]>([
    ['an unknown preset', { preset: 'nobody' }, [404, 'unknown_preset', null]],
    ['an unknown field', { preset: 'plain', x: 1 }, [400, 'invalid_request', 'x']],
    [
      'an override',
      { preset: 'plain', session: { model: 'x' } },
      [403, 'override_not_allowed', 'session.model'],
    ],
  ])('a request with %s is told so', async (_, body, outcome) => {
    expect(refusalOf(await (await startWithoutAudit()).mint(body))).toEqual(outcome)
  })

  it('a mint beyond the maximum is told about the audit', async () => {
    const service = await startTestService({
      presets,
      environment: { ...environment, MAX_CONCURRENT_MINTS: '1' },
    })
    service.sandbox.behave({ kind: 'hang' })
    const hanging = service.mint({ preset: 'plain' })
    await expect.poll(() => service.sandbox.requests.length).toBe(1)
    await breakAudit(service)
    expect(refusalOf(await service.mint({ preset: 'plain' }))).toEqual([503, 'audit_unavailable', null])
    await service.sandbox.close()
    expect((await hanging).statusCode).toBe(503)
  })

  it('no limit is consumed', async () => {
    const limited = { ...environment, RATE_LIMIT_PER_CALLER: '1/day' }
    const service = await startTestService({ presets, environment: limited })
    await breakAudit(service)
    for (let times = 0; times < 3; times += 1) {
      expect(refusalOf(await service.mint({ preset: 'plain' }))).toEqual([503, 'audit_unavailable', null])
    }
    await rm(service.auditDirectory)
    await expect.poll(() => service.audit.available, { timeout: 5_000 }).toBe(true)
    expect((await service.mint({ preset: 'plain' })).statusCode).toBe(200)
    expect(refusalOf(await service.mint({ preset: 'plain' }))).toEqual([429, 'rate_limited', null])
  })
})

describe('while upstream is known to be down, no limit is consumed', () => {
  it('in a cool-down after a 429', async () => {
    const limited = { ...environment, RATE_LIMIT_PER_CALLER: '2/day' }
    const service = await startTestService({ presets, environment: limited })
    service.sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '60' } }, 1)
    for (let times = 0; times < 4; times += 1) {
      expect(refusalOf(await service.mint({ preset: 'plain' }))).toEqual([503, 'upstream_busy', null])
    }
    expect(service.sandbox.requests).toHaveLength(1)
    expect((await service.mint({ preset: 'plain' })).headers['ratelimit']).not.toContain('"caller";r=0')
  })
})
