import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryUsedTokens } from '../src/auth/used-tokens.ts'
import { ServiceError } from '../src/errors.ts'
import { createIssuer } from '../src/issuer.ts'
import type { MintOutcome, Upstream } from '../src/openai/mint.ts'
import { parsePresets } from '../src/presets/catalog.ts'
import { parseClientSecretsRequest } from '../src/presets/request.ts'
import { runAtOnce } from '../src/presets/slices.ts'
import { Secret } from '../src/secret.ts'

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

const parsed = runAtOnce(
  parsePresets(text, {
    fileName: 'presets.yaml',
    allowedOrigins: new Set(['https://a.example', 'https://b.example']),
    authMode: 'none',
    api: 'client_secrets',
    isOpenAi: true,
    unixNow: () => Date.parse('2026-01-01'),
  }),
)
if ('problems' in parsed) throw new Error(parsed.problems.map((problem) => problem.text).join('\n'))
const { catalog } = parsed

const report = { status: 200, code: null, param: null, requestId: null, attempts: 1, ms: 1 }
const issued: MintOutcome = { report, issued: { value: new Secret('ek_a'), expiresAt: 1 } }

/** An upstream whose mints end when told to, and all that it was asked. */
function createFakeUpstream() {
  const asked: string[] = []
  const told: (string | null)[] = []
  const waiting: ((outcome: MintOutcome) => void)[] = []
  const upstream: { -readonly [Name in keyof Upstream]: Upstream[Name] } = {
    mint: (order, { requestId, safetyIdentifier }) => {
      asked.push(`${requestId} ${order.body}`)
      told.push(safetyIdentifier)
      return new Promise((resolve) => waiting.push(resolve))
    },
    close: () => Promise.resolve(),
  }
  return { upstream, asked, told, end: (outcome: MintOutcome = issued) => waiting.shift()?.(outcome) }
}

const anything = parseClientSecretsRequest({})

const pageOf = (origin: string | undefined) => ({ origin, claims: undefined })

function createTestIssuer({ max = 2, isAuditAvailable = (): boolean => true } = {}) {
  const fake = createFakeUpstream()
  const issuer = createIssuer({
    catalog: () => catalog,
    defaultPreset: 'open',
    upstream: fake.upstream,
    maxConcurrentMints: max,
    isAuditAvailable,
    usedTokens: new MemoryUsedTokens({ unixNow: () => 0 }),
    toSafetyIdentifier: (subject) => `who ${subject}`,
  })
  const order = issuer.order(issuer.resolve(anything, undefined, pageOf('https://a.example')), anything)
  return { ...fake, issuer, order }
}

const refusalOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error instanceof ServiceError ? [error.code, error.reason] : error
  }
}

describe('a preset', () => {
  const { issuer } = createTestIssuer()
  const resolve = (body: Record<string, string>, query?: string, origin?: string): unknown =>
    refusalOf(() => issuer.resolve(parseClientSecretsRequest(body), query, pageOf(origin)).name)

  it.each([
    ['the default', {}, undefined, 'https://a.example', 'open'],
    ['the body’s', { preset: 'narrow' }, undefined, 'https://a.example', 'narrow'],
    ['the query’s', {}, 'narrow', 'https://a.example', 'narrow'],
    ['both’s, if they agree', { preset: 'narrow' }, 'narrow', 'https://a.example', 'narrow'],
  ])('is %s', (_name, body, query, origin, name) => {
    expect(resolve(body, query, origin)).toBe(name)
  })

  it.each([
    ['is not', { preset: 'nobody' }, 'https://a.example', 'preset_unknown'],
    ['is a word of the language', { preset: 'constructor' }, 'https://a.example', 'preset_unknown'],
    ['is for another origin', { preset: 'narrow' }, 'https://b.example', 'preset_origin'],
    ['is for pages, and the caller is none', { preset: 'narrow' }, undefined, 'preset_origin'],
    ['asks for claims of anonymous callers', { preset: 'members' }, 'https://a.example', 'preset_claims'],
  ])('that %s is unknown', (_name, body, origin, reason) => {
    expect(resolve(body, undefined, origin)).toStrictEqual(['unknown_preset', reason])
  })
})

describe('a mint', () => {
  it('is what upstream is asked for, and its outcome', async () => {
    const { issuer, order, asked, end } = createTestIssuer()
    const outcome = issuer.issue(order, 'one', null)
    end()
    expect(await outcome).toBe(issued)
    expect(asked).toStrictEqual([`one ${order.body}`])
  })

  it('that fails upstream is an outcome too', async () => {
    const { issuer, order, end } = createTestIssuer()
    const failed: MintOutcome = { report, failure: new ServiceError('upstream_reset') }
    const outcome = issuer.issue(order, 'one', null)
    end(failed)
    expect(await outcome).toBe(failed)
  })

  it('is not asked for while the audit cannot be written', async () => {
    let isAvailable = false
    const { issuer, order, asked, end } = createTestIssuer({ max: 1, isAuditAvailable: () => isAvailable })
    await expect(issuer.issue(order, 'one', null)).rejects.toMatchObject({ code: 'audit_unavailable' })
    await expect(issuer.issue(order, 'two', null)).rejects.toMatchObject({ code: 'audit_unavailable' })
    expect(asked).toStrictEqual([])
    isAvailable = true
    const outcome = issuer.issue(order, 'three', null)
    end()
    expect(await outcome).toBe(issued)
  })

  it('beyond the limit is refused at once, before the audit is looked at', async () => {
    const { issuer, order, asked, end } = createTestIssuer({ max: 2 })
    const first = issuer.issue(order, 'one', null)
    const second = issuer.issue(order, 'two', null)
    await expect(issuer.issue(order, 'three', null)).rejects.toMatchObject({
      code: 'overloaded',
      reason: 'mints_in_flight',
      status: 503,
    })
    expect(asked).toHaveLength(2)
    end()
    await first
    const fourth = issuer.issue(order, 'four', null)
    expect(asked).toHaveLength(3)
    end()
    end()
    expect(await Promise.all([second, fourth])).toStrictEqual([issued, issued])
  })
})

describe('a caller with a token', () => {
  const singleUse = { id: 'a'.repeat(64), untilUnixSeconds: 100 }
  const caller = { subject: 'ada', claims: {}, singleUse }

  it('is told upstream by an identifier that is not their subject; an anonymous one is not told', async () => {
    const { issuer, order, told, end } = createTestIssuer()
    const mints = [issuer.issue(order, 'one', caller), issuer.issue(order, 'two', null)]
    await setImmediate()
    end()
    end()
    await Promise.all(mints)
    expect(new Set(told)).toStrictEqual(new Set([null, 'who ada']))
  })

  it('may use it again where upstream was not asked', async () => {
    const { issuer, order, upstream, asked, end } = createTestIssuer()
    const { mint } = upstream
    upstream.mint = () => Promise.reject(new ServiceError('upstream_breaker_open'))
    await expect(issuer.issue(order, 'one', caller)).rejects.toMatchObject({
      reason: 'upstream_breaker_open',
    })
    upstream.mint = mint
    const outcome = issuer.issue(order, 'two', caller)
    await setImmediate()
    end()
    expect(await outcome).toBe(issued)
    expect(asked).toHaveLength(1)
    await expect(issuer.issue(order, 'three', caller)).rejects.toMatchObject({ reason: 'token_replayed' })
  })
})
