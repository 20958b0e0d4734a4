import { assert, property, string } from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { toKnownCode, toKnownParam } from '../../src/openai/refusal.ts'
import { inTurn } from '../bench/in-turn.ts'
import { API_KEY, PROMPT, startTestService } from '../support/service.ts'
import { outputsOf } from './outcome.ts'

describe('the param of a refusal', () => {
  it.each([
    ['session.audio.input.turn_detection', 'session.audio.input.turn_detection'],
    ['session.audio.input.turn_detection.type', 'session.audio.input.turn_detection.type'],
    ['session.model', 'session.model'],
    ['session', 'session'],
    ['model', 'model'],
    ['expires_after.seconds', 'expires_after.seconds'],
    ['session.tools[2].name', 'session.tools'],
    ['session.tools.2.name', 'session.tools'],
    ['turn_detection.type', 'turn_detection.type'],
    ['client_secret.expires_after.seconds', 'client_secret.expires_after.seconds'],
    ['session.custom_voice_id', null],
    ['session.audio.input.turn_detection.enabled', null],
    ['session.', null],
    ['session.constructor', null],
    ['__proto__', null],
    ['', null],
    [null, null],
    [7, null],
    [['session.model'], null],
    [`session.model${' '.repeat(1_000_000)}`, null],
  ])('%j is recorded as %j', (param, expected) => {
    expect(toKnownParam(param)).toBe(expected)
  })

  it('is never a text that upstream chose', () => {
    assert(
      property(string(), string(), (before, after) => {
        expect([null, 'session', 'session.model', 'session.tools']).toContain(
          toKnownParam(`session.model${before}`) ?? toKnownParam(`session.tools[${before}]${after}`),
        )
      }),
    )
  })
})

describe('the code of a refusal', () => {
  it.each([
    [['invalid_value', 'invalid_request_error'], 'invalid_value'],
    [[429, 'insufficient_quota'], 'insufficient_quota'],
    [['of_tomorrow', 'insufficient_quota'], 'insufficient_quota'],
    [['project_spend_limit_exceeded', null], 'project_spend_limit_exceeded'],
    [['of_tomorrow_spend_limit_exceeded', null], 'spend_limit_exceeded'],
    [['of_tomorrow', null], null],
    [['constructor', '__proto__'], null],
    [[undefined, undefined], null],
  ])('of %j is recorded as %j', (names, expected) => {
    expect(toKnownCode(names)).toBe(expected)
  })
})

describe('a refusal', () => {
  it('is recorded with upstream’s status, code, param and request id, and logged', async () => {
    const service = await startTestService()
    const code = 'invalid_value'
    const param = 'session.audio.input.turn_detection'
    const body = { error: { code, param, message: 'no' } }
    const headers = { 'x-request-id': 'req_fedcba9876543210' }
    service.sandbox.behave({ kind: 'status', status: 400, body, headers })
    const reply = await service.mint()
    expect(reply.payload).not.toMatch(/invalid_value|turn_detection/)
    const upstream = { status: 400, code, param, request_id: 'req_fedcba9876543210', attempts: 1 }
    const failed = { outcome: 'failed', code: 'upstream_rejected', status: 502 }
    expect(await service.attempts()).toMatchObject([
      { ...failed, secret: null, secret_expires_at: null, upstream },
    ])
    const logged = { upstream_status: 400, upstream_code: code, upstream_param: param }
    expect(service.logLines('"msg":"request"')).toMatchObject([logged])
  })

  const hostile: readonly unknown[] = [
    API_KEY,
    API_KEY.slice(4, 18),
    PROMPT,
    `session.${API_KEY}`,
    `session.tools[${API_KEY}]`,
    `session.model\n${PROMPT}`,
    'x'.repeat(200_000),
    { toString: API_KEY },
    [API_KEY],
    '\u202e\u0000evil',
    -7,
  ]

  it.each([400, 401, 403, 404, 405, 422, 429, 501])(
    'with %i repeats nothing that a hostile upstream says',
    async (status) => {
      vi.useFakeTimers({ toFake: ['performance'] })
      onTestFinished(() => void vi.useRealTimers())
      const service = await startTestService()
      const outputs = await inTurn(hostile, async (value) => {
        // Ends the cool-down of the one before.
        vi.advanceTimersByTime(2_000)
        const error = { code: value, type: value, param: value, message: value, detail: [value] }
        const headers = { 'x-request-id': `req_${API_KEY}`, 'retry-after': '1' }
        service.sandbox.behave(
          { kind: 'status', status, body: { error, code: value, param: value }, headers },
          1,
        )
        return outputsOf(service, await service.mint())
      })
      expect(outputs.join('')).not.toMatch(/sk-test|0123456789abc|pirate|xxxx|evil/)
    },
  )
})
