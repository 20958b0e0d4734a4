import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { toErrorHeaders, toServiceError } from '../../src/http/error-handler.ts'
import { CANARY, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'

/** An error with these properties. */
const withParts = (parts: object): Error => Object.assign(new Error(CANARY), parts)
const withCode = (code: unknown): Error => withParts({ code })

describe('an error', () => {
  it.each<[what: string, error: unknown, reason: string]>([
    ['of ours', new ServiceError('preset_unknown'), 'preset_unknown'],
    ['about a malformed URL', withCode('FST_ERR_BAD_URL'), 'url_malformed'],
    ['about a large body', withCode('FST_ERR_CTP_BODY_TOO_LARGE'), 'body_too_large'],
    ['about an incomplete body', withCode('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), 'body_incomplete'],
    ['about a wrong media type', withCode('FST_ERR_CTP_INVALID_MEDIA_TYPE'), 'media_type_unsupported'],
    ['about a caller who left', withCode('ECONNRESET'), 'body_incomplete'],
    ['of the framework with another code', withCode('FST_ERR_REP_ALREADY_SENT'), 'unexpected'],
    ['without a code', new Error(CANARY), 'unexpected'],
    ['with a code that is not a text', withCode(400), 'unexpected'],
    ['that only looks like one of ours', { reason: 'preset_unknown', status: 200 }, 'unexpected'],
    ['that is a text', CANARY, 'unexpected'],
    ['that is undefined', undefined, 'unexpected'],
  ])('%s has the reason of its cause', (_, error, reason) => {
    expect(toServiceError(error).reason).toBe(reason)
  })

  it.each<[what: string, error: ServiceError, headers: object]>([
    ['only its type', new ServiceError('body_not_json'), {}],
    ['the time to wait', new ServiceError('upstream_reset'), { 'retry-after': '2' }],
    [
      'its own time to wait',
      new ServiceError('limit_per_address', { retryAfterSeconds: 37 }),
      { 'retry-after': '37' },
    ],
    ['that no retry helps', new ServiceError('upstream_refused'), { 'x-should-retry': 'false' }],
    ['the methods', new ServiceError('method_unsupported', { allow: 'GET' }), { allow: 'GET' }],
    ['the end of the connection', new ServiceError('draining'), { 'retry-after': '1', connection: 'close' }],
  ])('has a header for %s', (_, error, headers) => {
    const contentType = { 'content-type': 'application/json; charset=utf-8' }
    expect(toErrorHeaders(error)).toStrictEqual({ ...contentType, ...headers })
  })
})

/** A service with a route that throws. */
async function startFaulty(fault: () => unknown) {
  const service = await startTestService()
  service.app.get('/faulty', async () => {
    throw fault()
  })
  const headers = { origin: ORIGIN, 'x-any': CANARY }
  return { ...service, ask: () => service.app.inject({ url: '/faulty?' + CANARY, headers }) }
}

const ERROR = '"level":"error"'

describe('a route that throws', () => {
  it.each<[what: string, fault: () => unknown]>([
    ['an error', () => new Error(CANARY)],
    ['an error with a status', () => withParts({ statusCode: 418, status: 418 })],
    ['an error with headers', () => withParts({ headers: { 'x-leak': CANARY } })],
    ['an error with a code', () => withCode(CANARY)],
    ['an error with a cause', () => new Error('outer', { cause: new Error(CANARY) })],
    ['an error with a validation', () => withParts({ validation: [{ message: CANARY }] })],
    ['a parse error that quotes its input', () => parseErrorOf(`{"key":${CANARY}`)],
    ['a text', () => CANARY],
    ['an object', () => ({ message: CANARY, statusCode: 200 })],
    ['null', () => null],
  ])('%s gets a fixed message', async (_, fault) => {
    const service = await startFaulty(fault)
    const reply = await service.ask()
    expect(refusalOf(reply)).toEqual([500, 'internal', null])
    expect(JSON.stringify(reply.headers) + reply.body).not.toContain(CANARY)
    expect(reply.headers['access-control-allow-origin']).toBe(ORIGIN)
  })

  it('is logged with its place and the id of the reply, without the message', async () => {
    const service = await startFaulty(() => new TypeError(CANARY))
    const { headers } = await service.ask()
    const frames = expect.arrayContaining([expect.stringContaining('error-handler.test.ts')])
    expect(service.logLines(ERROR)).toMatchObject([
      {
        request_id: headers['x-request-id'],
        msg: 'unexpected error',
        err: { reason: 'unexpected', cause: { type: 'TypeError', frames } },
      },
    ])
    expect(service.logText()).not.toContain(CANARY)
  })

  it('is the only one that is logged as an error', async () => {
    const service = await startTestService()
    await service.mint({ preset: 'nobody' })
    expect(service.logLines(ERROR)).toEqual([])
  })
})

function parseErrorOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}
