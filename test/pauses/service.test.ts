/** Pauses in the service, from outside. */
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../support/replies.ts'
import { breakAudit, ORIGIN, parseRecords, startTestService, type TestService } from '../support/service.ts'
import { SUBJECT, secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { everything, ofPreset } from './pausing.ts'

const paused = [503, 'paused', null]

const linesOf = ({ logText }: TestService): Record<string, unknown>[] =>
  parseRecords(logText()).filter(({ msg }) => String(msg).startsWith('pause'))

describe('a paused attempt', () => {
  it('is refused with a message that a page can show, and without a retry', async () => {
    const { pauses, mint, sandbox } = await startTestService()
    await pauses.pause({ ...ofPreset('assistant'), forMs: 60_000 })
    const reply = await mint()
    expect(reply.json().error).toMatchObject({
      message: 'The operator paused this. Do not retry; ask the operator when it resumes.',
      type: 'server_error',
      code: 'paused',
    })
    expect(reply.headers).toMatchObject({ 'x-should-retry': 'false', 'access-control-allow-origin': ORIGIN })
    expect(reply.headers).not.toHaveProperty('retry-after')
    expect(sandbox.requests).toHaveLength(0)
  })

  it('is recorded and logged with its reason', async () => {
    const service = await startTestService({ environment: secretEnvironment })
    const { pauses, mint, records, logText } = service
    await mint({}, toBearer(toToken()))
    const caller = String((await records()).find(({ event }) => event === 'attempt')?.['caller'])
    await pauses.pause({ ...everything, scope: 'caller', value: caller })
    expect(refusalOf(await mint({ preset: 'assistant' }, toBearer(toToken())))).toEqual(paused)
    expect((await records()).at(-1)).toMatchObject({
      event: 'attempt',
      outcome: 'failed',
      code: 'paused',
      reason: 'paused_caller',
      status: 503,
      preset: 'assistant',
      caller,
      upstream: null,
    })
    expect(parseRecords(logText()).at(-1)).toMatchObject({ code: 'paused', reason: 'paused_caller' })
    expect(logText()).not.toContain(SUBJECT)
  })

  it('consumes no limit, and mints again when the pause ends', async () => {
    const { pauses, mint } = await startTestService({ environment: { RATE_LIMIT_PER_CALLER: '1/day' } })
    await pauses.pause(everything)
    expect([refusalOf(await mint()), refusalOf(await mint())]).toEqual([paused, paused])
    await pauses.resume(everything)
    expect((await mint()).statusCode).toBe(200)
  })

  it.each<[what: string, body: object, outcome: unknown]>([
    ['an unknown preset', { preset: 'nobody' }, [404, 'unknown_preset', null]],
    [
      'an override',
      { preset: 'assistant', session: { model: 'x' } },
      [403, 'override_not_allowed', 'session.model'],
    ],
    ['no other fault', { preset: 'assistant' }, paused],
  ])('with %s gets that refusal, also while the audit is down', async (_what, body, outcome) => {
    const { pauses, mint, auditDirectory, audit } = await startTestService()
    await pauses.pause(everything)
    await breakAudit(auditDirectory)
    await mint({ preset: 'nobody' })
    expect(audit.available).toBe(false)
    expect(refusalOf(await mint(body))).toEqual(outcome)
  })
})

describe('a pause that begins or ends', () => {
  it('is logged with what to do, and recorded with who asked', async () => {
    const service = await startTestService()
    const { pauses, records, logText, auditText } = service
    await pauses.pause(
      ofPreset('assistant', { forMs: 3_600_000, by: 'ADMIN_TOKEN', note: 'a note of the operator' }),
    )
    const until = new Date(pauses.list()[0]?.until ?? 0).toISOString()
    await pauses.resume(ofPreset('assistant'))
    const facts = { scope: 'preset', preset: 'assistant', origin: null, caller: null }
    expect(linesOf(service)).toMatchObject([
      {
        level: 'warn',
        ...facts,
        by: 'ADMIN_TOKEN',
        until,
        msg: expect.stringMatching(/realtime-mint resume ends one$/),
      },
      {
        level: 'warn',
        ...facts,
        by: 'command line',
        until: null,
        msg: 'pause ended: an operator resumed minting',
      },
    ])
    expect((await records()).filter(({ event }) => event === 'pause')).toMatchObject([
      { outcome: null, preset: 'assistant', detail: { state: 'paused', by: 'ADMIN_TOKEN', until } },
      { outcome: null, preset: 'assistant', detail: { state: 'resumed', by: 'command line', until: null } },
    ])
    expect(`${logText()}${await auditText()}`).not.toContain('a note of the operator')
  })

  it('with a name that is none of ours is not named in log and audit', async () => {
    const { pauses, logText, auditText, records } = await startTestService()
    await pauses.pause(ofPreset('free-text-of-someone'))
    await pauses.pause({ ...everything, scope: 'origin', value: 'https://free-text.example' })
    expect((await records()).filter(({ event }) => event === 'pause')).toHaveLength(2)
    expect(`${logText()}${await auditText()}`).not.toMatch(/free-text/)
  })
})
