/** Requests with two faults: the earlier check replies. */
import { rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import {
  auditDown,
  CLIENT_SECRETS,
  invalid,
  limited,
  noPreset,
  noRoute,
  notAllowed,
  otherOrigin,
  overloaded,
  refusalOf,
  tooLarge,
  unsupported,
  wrongMethod,
} from '../support/replies.ts'
import { breakAudit, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { send } from '../support/sockets.ts'
import { type Asked, ask, environment, outcomeOf, presets } from './asking.ts'

const big = 'x'.repeat(16_385)
const evil = 'https://evil.example'

describe('a check', () => {
  const service = shareService({ environment, presets })
  const page = { origin: evil, 'content-type': 'text/plain' }
  const text = { 'content-type': 'text/plain' }
  const raised = { expires_after: { seconds: 7200 } }

  it.each<[earlier: string, later: string, request: Asked, outcome: unknown]>([
    ['route', 'origin', { path: '/nowhere', headers: page }, noRoute],
    ['origin', 'content type', { body: 'x', headers: page }, otherOrigin],
    ['missing origin', 'size', { body: big, headers: { origin: undefined } }, otherOrigin],
    ['Fetch Metadata', 'size', { body: big, headers: { 'sec-fetch-mode': 'navigate' } }, otherOrigin],
    ['content type', 'size', { body: big, headers: text }, unsupported],
    ['size', 'JSON', { body: big }, tooLarge],
    ['content type', 'JSON', { body: '{', headers: text }, unsupported],
    ['JSON', 'preset', { query: '?preset=nobody', body: '{' }, invalid()],
    ['duplicate key', 'preset', { body: '{"preset":"nobody","preset":"x"}' }, invalid()],
    ['unknown field', 'preset', { body: { preset: 'nobody', x: 1 } }, invalid('x')],
    ['ill-typed field', 'preset', { body: { preset: 'nobody', session: 1 } }, invalid('session')],
    ['two presets', 'unknown presets', { query: '?preset=a', body: { preset: 'b' } }, invalid('preset')],
    ['preset', 'expiry', { body: { preset: 'nobody', ...raised } }, noPreset],
    ['access', 'expiry', { body: { preset: 'elsewhere', ...raised } }, noPreset],
    ['access', 'overrides', { body: { preset: 'elsewhere', session: { model: 'x' } } }, noPreset],
    ['access', 'variables', { body: { preset: 'elsewhere', variables: { a: 'b' } } }, noPreset],
  ])('of %s comes before that of %s', async (_earlier, _later, request, outcome) => {
    expect(outcomeOf(await ask(service(), request))).toEqual(outcome)
  })

  it('of the method comes before that of the origin', async () => {
    const request = { method: 'PUT', url: CLIENT_SECRETS, headers: { origin: evil } } as const
    expect(refusalOf(await service().app.inject(request))).toEqual(wrongMethod)
  })

  it('of the parser comes before all others', async () => {
    const reply = await send(service(), 'GET /nowhere', [`X-Long: ${'x'.repeat(17_000)}`])
    expect(reply.statusCode).toBe(431)
  })
})

const one = { ...environment, MAX_CONCURRENT_MINTS: '1', RATE_LIMIT_PER_CALLER: '1/day' }

/** A service with as many mints in flight as it may have. */
async function startBusy() {
  const service = await startTestService({ environment: one, presets })
  service.sandbox.behave({ kind: 'hang' })
  const hanging = service.mint({ preset: 'plain' })
  await expect.poll(() => service.sandbox.requests.length).toBe(1)
  const end = async (): Promise<void> => {
    await service.sandbox.close()
    expect((await hanging).statusCode).toBe(503)
  }
  return { ...service, end }
}

const plain = { preset: 'plain' } as const

describe('with the maximum of mints in flight', () => {
  it.each<[what: string, body: object, outcome: unknown]>([
    ['an unknown preset', { preset: 'nobody' }, noPreset],
    ['a raised expiry', { ...plain, expires_after: { seconds: 61 } }, notAllowed('expires_after.seconds')],
    ['a missing variable', { preset: 'hotel' }, invalid('variables.hotel')],
    ['no other fault than a limit', plain, overloaded],
  ])('a request with %s gets that refusal', async (_, body, outcome) => {
    const { mint, end } = await startBusy()
    expect(refusalOf(await mint(body))).toEqual(outcome)
    await end()
  })
})

describe('with an audit that is down', () => {
  it('a mint beyond the maximum gets the refusal of the audit', async () => {
    const { mint, auditDirectory, end } = await startBusy()
    await breakAudit(auditDirectory)
    await mint({ preset: 'nobody' })
    expect(refusalOf(await mint(plain))).toEqual(auditDown)
    await end()
  })

  it('no limit is consumed', async () => {
    const limits = { ...environment, RATE_LIMIT_PER_CALLER: '1/day' }
    const { mint, auditDirectory, audit } = await startTestService({ presets, environment: limits })
    await breakAudit(auditDirectory)
    await mint({ preset: 'nobody' })
    for (const _ of [1, 2, 3]) expect(refusalOf(await mint(plain))).toEqual(auditDown)
    await rm(auditDirectory)
    await expect.poll(() => audit.available, { timeout: 5_000 }).toBe(true)
    expect((await mint(plain)).statusCode).toBe(200)
    expect(refusalOf(await mint(plain))).toEqual(limited)
  })
})

describe('in a cool-down of upstream', () => {
  it('no limit is consumed', async () => {
    const limits = { ...environment, RATE_LIMIT_PER_CALLER: '2/day' }
    const { mint, sandbox } = await startTestService({ presets, environment: limits })
    sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '60' } }, 1)
    for (const _ of [1, 2, 3, 4]) {
      expect(refusalOf(await mint(plain))).toEqual([503, 'upstream_busy', null])
    }
    expect(sandbox.requests).toHaveLength(1)
    expect((await mint(plain)).headers['ratelimit']).not.toContain('"caller";r=0')
  })
})
