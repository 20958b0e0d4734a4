/** The README’s table of codes: each is provoked here as a caller would meet it. A code without a case is a type error. */
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../sandbox/behaviour.ts'
import { type Code, codeOf, ServiceError } from '../src/errors.ts'
import type { Reason } from '../src/reasons.ts'
import { type AnyReply, allReasons, refusalOf } from './support/replies.ts'
import { breakAudit, ORIGIN, startTestService, type TestService } from './support/service.ts'
import { issuerEnvironment, secretEnvironment, toBearer, toToken } from './support/tokens.ts'

/** Whether a later try can help: `after` says when, `no` says not, and `open` leaves it to the caller. */
type Retry = 'after' | 'no' | 'open'

type Provoke = (service: TestService) => Promise<AnyReply>

type Case = readonly [
  status: number,
  retry: Retry,
  provoke: Provoke,
  environment?: Readonly<Record<string, string>>,
]

/** A mint while upstream behaves so. */
const upstream =
  (behaviour: Behaviour): Provoke =>
  ({ sandbox, mint }) => {
    sandbox.behave(behaviour)
    return mint()
  }

const status = (number: number, code?: string): Provoke =>
  upstream({ kind: 'status', status: number, ...(code === undefined ? {} : { code }) })

const mintOnce: Provoke = ({ mint }) => mint()

const mintTwice: Provoke = async ({ mint }) => {
  await mint()
  return mint()
}

const mintBeside: Provoke = async ({ sandbox, mint }) => {
  sandbox.behave({ kind: 'hang' })
  const hanging = mint()
  await expect.poll(() => sandbox.requests.length).toBe(1)
  const refused = await mint()
  await sandbox.close()
  await hanging
  return refused
}

const mintPaused: Provoke = async ({ pauses, mint }) => {
  await pauses.pause({ scope: 'all', value: null, forMs: null, by: 'command line', note: null })
  return mint()
}

const mintUnaudited: Provoke = async ({ auditDirectory, mint }) => {
  await breakAudit(auditDirectory)
  return mint()
}

const mintDraining: Provoke = ({ lifecycle, mint }) => {
  lifecycle.phase = 'draining'
  return mint()
}

const askFaulty: Provoke = ({ app }) => {
  app.get('/faulty', async () => {
    throw new Error('a fault of ours')
  })
  return app.inject({ url: '/faulty', headers: { origin: ORIGIN } })
}

const otherModel = { preset: 'assistant', session: { model: 'another' } } as const
const evil = { origin: 'https://evil.example' } as const
/** Nothing listens on these ports. */
const noRedis = { REDIS_URL: 'redis://127.0.0.1:1', REDIS_REQUIRED: 'true' } as const
const noKeys = { ...issuerEnvironment, AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' } as const

const cases: Readonly<Record<Code, Case>> = {
  invalid_request: [400, 'open', ({ mint }) => mint({ preset: 1 })],
  unauthenticated: [401, 'open', mintOnce, secretEnvironment],
  origin_not_allowed: [403, 'open', ({ mint }) => mint(undefined, evil)],
  override_not_allowed: [403, 'open', ({ mint }) => mint(otherModel)],
  unknown_preset: [404, 'open', ({ mint }) => mint({ preset: 'nobody' })],
  rate_limited: [429, 'after', mintTwice, { RATE_LIMIT_PER_ADDRESS: '1/day' }],
  overloaded: [503, 'after', mintBeside, { MAX_CONCURRENT_MINTS: '1' }],
  limits_unavailable: [503, 'after', mintOnce, noRedis],
  paused: [503, 'no', mintPaused],
  audit_unavailable: [503, 'after', mintUnaudited],
  authentication_unavailable: [503, 'after', ({ mint }) => mint(undefined, toBearer(toToken())), noKeys],
  upstream_misconfigured: [502, 'no', status(401)],
  upstream_rejected: [502, 'no', status(400)],
  upstream_retired: [502, 'no', status(400, 'beta_api_shape_disabled')],
  upstream_no_credit: [502, 'no', status(429, 'insufficient_quota')],
  upstream_busy: [503, 'after', status(429)],
  upstream_unavailable: [503, 'after', status(500)],
  upstream_timeout: [504, 'open', upstream({ kind: 'hang' }), { UPSTREAM_TIMEOUT_MS: '100' }],
  upstream_malformed: [502, 'open', upstream({ kind: 'malformed', variant: 'html' })],
  shutting_down: [503, 'after', mintDraining],
  internal: [500, 'open', askFaulty],
}

describe('each code', () => {
  it.each(Object.entries(cases))('%s', async (code, [expected, retry, provoke, environment = {}]) => {
    const reply = await provoke(await startTestService({ environment }))
    const [gotStatus, gotCode] = refusalOf(reply)
    expect([gotStatus, gotCode]).toEqual([expected, code])
    expect(String(reply.headers['retry-after'])).toMatch(retry === 'after' ? /^[1-9]\d*$/ : /^undefined$/)
    expect(reply.headers['x-should-retry']).toBe(retry === 'no' ? 'false' : undefined)
    expect(reply.headers['connection'] === 'close').toBe(code === 'shutting_down')
    expect(reply.headers['www-authenticate']).toBe(code === 'unauthenticated' ? 'Bearer' : undefined)
  })

  it('has a reason, and each reason a code', () => {
    const codes = new Set(allReasons.map((reason) => new ServiceError(reason).code))
    expect([...codes].toSorted()).toEqual(Object.keys(cases).toSorted())
  })
})

/** Statuses of reasons that are not their code's. */
const ownStatuses: Partial<Record<Reason, number>> = {
  route_unknown: 404,
  method_unsupported: 405,
  request_too_slow: 408,
  body_too_large: 413,
  media_type_unsupported: 415,
  expectation_unsupported: 417,
  headers_too_large: 431,
  version_unsupported: 505,
}

describe('each reason', () => {
  it.each(allReasons)('%s has its code’s status, or the one the contract names', (reason) => {
    const error = new ServiceError(reason)
    expect(error.status).toBe(ownStatuses[reason] ?? cases[error.code][0])
  })

  it('of a 5xx says not to try again, where that cannot help', () => {
    expect(new ServiceError('version_unsupported').shouldRetry).toBe(false)
    expect(new ServiceError('request_too_slow').shouldRetry).toBe(true)
  })

  it.each(allReasons)('%s says a whole sentence that is fixed', (reason) => {
    const { message } = new ServiceError(reason, {
      param: 'canary',
      cause: new Error('canary'),
      allow: 'canary',
    })
    expect(message).toMatch(/^\S.*\.$/)
    expect(message).not.toContain('canary')
    expect(message).toBe(new ServiceError(reason).message)
  })

  it.each([
    ['of a token', /^token_/, 11],
    ['of a preset that is not for a caller, or unknown', /^preset_(?:unknown|origin|claims)$/, 3],
  ])('%s is told in the same words', (_what, pattern, count) => {
    const told = allReasons.filter((reason) => pattern.test(reason))
    expect(told.length).toBeGreaterThanOrEqual(count)
    expect(new Set(told.map((reason) => new ServiceError(reason).toEnvelope('id'))).size).toBe(1)
  })
})

describe('an error', () => {
  it('is OpenAI’s envelope, in this order', () => {
    const error = new ServiceError('field_invalid', { param: 'session.model' })
    expect(error.toEnvelope('an id')).toBe(
      `{"error":{"message":${JSON.stringify(error.message)},"type":"invalid_request_error",` +
        '"code":"invalid_request","param":"session.model","request_id":"an id"}}',
    )
  })

  it('has no param unless it is given one', () => {
    expect(JSON.parse(new ServiceError('field_unknown').toEnvelope('id')).error.param).toBeNull()
  })

  it('keeps its cause to itself', () => {
    const cause = new Error('canary')
    const error = new ServiceError('unexpected', { cause })
    expect(error.cause).toBe(cause)
    expect(error.toEnvelope('id')).not.toContain('canary')
    expect(new ServiceError('unexpected')).not.toHaveProperty('cause')
  })

  it('may ask for a longer wait than its code', () => {
    expect(new ServiceError('upstream_rate_limited', { retryAfterSeconds: 60 }).retryAfterSeconds).toBe(60)
    expect(new ServiceError('upstream_rate_limited').retryAfterSeconds).toBe(1)
  })
})

describe('the code of an error', () => {
  it.each<[what: string, error: unknown, code: string | undefined]>([
    ['of Node', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    ['without one', new Error('x'), undefined],
    ['with one that is not a text', Object.assign(new Error('x'), { code: 7 }), undefined],
    ['that is not an error', { code: 'ECONNRESET' }, undefined],
    ['that is nothing', undefined, undefined],
  ])('%s', (_, error, code) => {
    expect(codeOf(error)).toBe(code)
  })
})
