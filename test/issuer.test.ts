import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Attempt } from '../src/attempt.ts'
import { MemoryUsedTokens } from '../src/auth/used-tokens.ts'
import { ServiceError } from '../src/errors.ts'
import { createIssuer } from '../src/issuer.ts'
import { createLimits } from '../src/limits/levels.ts'
import { LocalStore } from '../src/limits/local-store.ts'
import type { MintOutcome, Upstream } from '../src/openai/mint.ts'
import { parseClientSecretsRequest } from '../src/presets/request/mint-request.ts'
import { Secret } from '../src/secret.ts'
import { catalogOf } from './presets/support.ts'

const text = `
presets:
  open:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: Hello }
  narrow:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: [https://a.example] }
  members:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { claims: { plan: [pro] } }
`

const catalog = catalogOf(text, { allowedOrigins: new Set(['https://a.example', 'https://b.example']) })

const report = { status: 200, code: null, param: null, requestId: null, attempts: 1, ms: 1 }
const issued = { report, issued: { value: new Secret('ek_a'), expiresAt: 1 } }

/** An upstream whose mints end when told to, and what it was asked. */
function createFakeUpstream() {
  const asked: string[] = []
  const identifiers: (string | null)[] = []
  const waiting: ((outcome: MintOutcome) => void)[] = []
  const upstream: { -readonly [Name in keyof Upstream]: Upstream[Name] } = {
    mint: (session, { requestId, safetyIdentifier }) => {
      asked.push(`${requestId} ${session.model}`)
      identifiers.push(safetyIdentifier)
      return new Promise((resolve) => waiting.push(resolve))
    },
    checkAvailable: () => undefined,
    breaker: { isOpen: false, coolDownMs: 0 },
    close: () => Promise.resolve(),
  }
  return { upstream, asked, identifiers, end: (outcome: MintOutcome = issued) => waiting.shift()?.(outcome) }
}

interface Wanted {
  readonly body?: Record<string, string>
  readonly query?: string
  readonly origin?: string | undefined
  readonly id?: string
  readonly caller?: Attempt['caller']
}

interface IssuerOptions {
  readonly max?: number
  readonly isAuditAvailable?: () => boolean
  /** RATE_LIMIT_TOTAL, per day. */
  readonly total?: number
}

function createTestIssuer({ max = 2, isAuditAvailable = () => true, total = 100 }: IssuerOptions = {}) {
  const fake = createFakeUpstream()
  const issuer = createIssuer({
    catalog: () => catalog,
    defaultPreset: 'open',
    pauses: { check: () => undefined },
    upstream: fake.upstream,
    limits: createLimits({
      store: new LocalStore({ monotonicNow: () => 0 }),
      perAddress: [],
      perCaller: [],
      total: [{ limit: total, windowMs: 86_400_000 }],
      toPseudonym: (_kind, value) => value,
    }),
    maxConcurrentMints: max,
    isAuditAvailable,
    usedTokens: new MemoryUsedTokens({ unixNow: () => 0 }),
    toSafetyIdentifier: (subject) => `who ${subject}`,
  })
  function issue({ body = {}, query, origin = 'https://a.example', id = 'one', caller = null }: Wanted = {}) {
    const attempt = new Attempt(0, '203.0.113.9', true)
    attempt.caller = caller
    const request = parseClientSecretsRequest(body)
    return { attempt, result: issuer.issue(attempt, { request, queryPreset: query, origin, requestId: id }) }
  }
  /** The reason of a refusal; undefined if the mint succeeds. */
  const reasonOf = (wanted?: Wanted): Promise<string | undefined> =>
    issue(wanted).result.then(
      () => undefined,
      (error: unknown) => (error instanceof ServiceError ? error.reason : String(error)),
    )
  return { ...fake, issuer, issue, reasonOf }
}

describe('the preset of a mint', () => {
  it.each([
    ['the default', {}, undefined, 'open'],
    ['the one in the body', { preset: 'narrow' }, undefined, 'narrow'],
    ['the one in the query', {}, 'narrow', 'narrow'],
    ['the one in both, if they agree', { preset: 'narrow' }, 'narrow', 'narrow'],
  ])('is %s', async (_name, body, query, name) => {
    const { issue, end } = createTestIssuer()
    const { attempt, result } = issue({ body, ...(query === undefined ? {} : { query }) })
    await setImmediate()
    end()
    await result
    expect(attempt.preset?.name).toBe(name)
  })

  it.each([
    ['does not exist', { preset: 'nobody' }, 'https://a.example', 'preset_unknown'],
    ['is named like a property of objects', { preset: 'constructor' }, 'https://a.example', 'preset_unknown'],
    ['is for another origin', { preset: 'narrow' }, 'https://b.example', 'preset_origin'],
    [
      'needs claims, and the caller is anonymous',
      { preset: 'members' },
      'https://a.example',
      'preset_claims',
    ],
  ])('is unknown if it %s', async (_name, body, origin, reason) => {
    const { reasonOf, asked } = createTestIssuer()
    expect(await reasonOf({ body, origin })).toBe(reason)
    expect(asked).toEqual([])
  })
})

describe('a mint', () => {
  it('states its facts on the attempt', async () => {
    const { issue, asked, end } = createTestIssuer()
    const { attempt, result } = issue()
    await setImmediate()
    end()
    expect(await result).toBe(issued.issued)
    expect(asked).toEqual(['one gpt-realtime-2.1'])
    expect(attempt).toMatchObject({
      preset: { name: 'open' },
      session: { model: 'gpt-realtime-2.1', overrides: [] },
      upstream: report,
      secret: issued.issued.value,
      secretExpiresAt: 1,
    })
  })

  it('that fails upstream throws the failure, after the report is on the attempt', async () => {
    const { issue, end } = createTestIssuer()
    const { attempt, result } = issue()
    await setImmediate()
    end({ report, failure: new ServiceError('upstream_reset') })
    await expect(result).rejects.toMatchObject({ reason: 'upstream_reset' })
    expect(attempt).toMatchObject({ upstream: report, secret: null })
  })

  it('beyond the maximum is refused at once', async () => {
    const { issue, reasonOf, asked, end } = createTestIssuer({ max: 2 })
    const [first, second] = [issue(), issue()]
    await setImmediate()
    expect(await reasonOf()).toBe('mints_in_flight')
    expect(asked).toHaveLength(2)
    end()
    await first.result
    const third = issue()
    await setImmediate()
    end()
    end()
    await Promise.all([second.result, third.result])
    expect(asked).toHaveLength(3)
  })
})

describe('a known outage consumes no limit', () => {
  const outages: readonly [what: string, reason: string][] = [
    ['the audit cannot be written', 'audit_down'],
    ['the circuit breaker is open', 'upstream_breaker_open'],
    ['upstream is in a cool-down', 'upstream_cooling_down'],
    ['too many mints are in flight', 'mints_in_flight'],
  ]

  it.each(outages)('when %s', async (_what, reason) => {
    const state = { isDown: true }
    const { reasonOf, upstream, issue, asked, end } = createTestIssuer({
      max: reason === 'mints_in_flight' ? 0 : 1,
      total: 1,
      isAuditAvailable: () => !(state.isDown && reason === 'audit_down'),
    })
    upstream.checkAvailable = () => {
      if (state.isDown && reason === 'upstream_breaker_open') throw new ServiceError(reason)
      if (state.isDown && reason === 'upstream_cooling_down') throw new ServiceError(reason)
    }
    expect(await reasonOf()).toBe(reason)
    expect(await reasonOf()).toBe(reason)
    if (reason === 'mints_in_flight') return
    state.isDown = false
    const { result } = issue()
    await setImmediate()
    end()
    await result
    expect(asked).toHaveLength(1)
    expect(await reasonOf()).toBe('limit_total')
  })
})

describe('a caller with a token', () => {
  const singleUse = { id: 'a'.repeat(64), untilUnixSeconds: 100 }
  const caller = { subject: 'ada', claims: {}, singleUse }

  it('is identified to upstream by a pseudonym; an anonymous caller is not', async () => {
    const { issue, identifiers, end } = createTestIssuer()
    const mints = [issue({ caller }), issue()]
    await setImmediate()
    end()
    end()
    await Promise.all(mints.map(({ result }) => result))
    expect(new Set(identifiers)).toStrictEqual(new Set([null, 'who ada']))
  })

  it.each<[what: string, mint: Upstream['mint']]>([
    ['upstream was not asked', () => Promise.reject(new ServiceError('upstream_breaker_open'))],
    [
      'upstream failed',
      () => Promise.resolve({ report, failure: new ServiceError('upstream_breaker_open') }),
    ],
  ])('may use a single-use token again if %s', async (_what, failing) => {
    const { issue, reasonOf, upstream, asked, end } = createTestIssuer()
    const { mint } = upstream
    upstream.mint = failing
    expect(await reasonOf({ caller })).toBe('upstream_breaker_open')
    upstream.mint = mint
    const { result } = issue({ caller })
    await setImmediate()
    end()
    await result
    expect(asked).toHaveLength(1)
    expect(await reasonOf({ caller })).toBe('token_replayed')
  })

  it('may use it again after its secret was released', async () => {
    const { issuer, issue, end } = createTestIssuer()
    const first = issue({ caller })
    await setImmediate()
    end()
    await first.result
    await issuer.release(first.attempt)
    const second = issue({ caller })
    await setImmediate()
    end()
    expect(await second.result).toBe(issued.issued)
  })
})
