import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { toErrorHeaders, toServiceError } from '../../src/http/error-handler.ts'
import { CANARY, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'

const withCode = (code: string): Error => Object.assign(new Error(CANARY), { code })

describe('an error becomes', () => {
  it.each<[what: string, error: unknown, reason: string]>([
    ['itself, where it is ours', new ServiceError('preset_unknown'), 'preset_unknown'],
    ['a malformed URL', withCode('FST_ERR_BAD_URL'), 'url_malformed'],
    ['a large body', withCode('FST_ERR_CTP_BODY_TOO_LARGE'), 'body_too_large'],
    ['an incomplete body', withCode('FST_ERR_CTP_INVALID_CONTENT_LENGTH'), 'body_incomplete'],
    ['a wrong media type', withCode('FST_ERR_CTP_INVALID_MEDIA_TYPE'), 'media_type_unsupported'],
    ['an incomplete body, where the caller left', withCode('ECONNRESET'), 'body_incomplete'],
    [
      'unexpected, where the framework says something else',
      withCode('FST_ERR_REP_ALREADY_SENT'),
      'unexpected',
    ],
    ['unexpected, without a code', new Error(CANARY), 'unexpected'],
    [
      'unexpected, with a code that is no text',
      Object.assign(new Error(CANARY), { code: 400 }),
      'unexpected',
    ],
    [
      'unexpected, where something only looks like one of ours',
      { reason: 'preset_unknown', status: 200 },
      'unexpected',
    ],
    ['unexpected, where it is no error', CANARY, 'unexpected'],
    ['unexpected, where it is nothing', undefined, 'unexpected'],
  ])('%s', (_, error, reason) => {
    expect(toServiceError(error).reason).toBe(reason)
  })
})

describe('the headers of an error', () => {
  const contentType = { 'content-type': 'application/json; charset=utf-8' }

  it.each<[what: string, error: ServiceError, headers: object]>([
    ['are no more than its type', new ServiceError('body_not_json'), {}],
    ['say when to come again', new ServiceError('upstream_reset'), { 'retry-after': '2' }],
    [
      'say what this error says of that',
      new ServiceError('limit_per_address', { retryAfterSeconds: 37 }),
      { 'retry-after': '37' },
    ],
    ['say where coming again is no use', new ServiceError('upstream_refused'), { 'x-should-retry': 'false' }],
    ['name the methods', new ServiceError('method_unsupported', { allow: 'GET' }), { allow: 'GET' }],
    [
      'close the connection of a drain',
      new ServiceError('draining'),
      { 'retry-after': '1', connection: 'close' },
    ],
  ])('%s', (_, error, headers) => {
    expect(toErrorHeaders(error)).toStrictEqual({ ...contentType, ...headers })
  })
})

/** A service with a route that throws, as a fault of ours would. */
async function startFaulty(fault: () => unknown) {
  const service = await startTestService()
  service.app.get('/faulty', async () => {
    throw fault()
  })
  const ask = () =>
    service.app.inject({ url: '/faulty?' + CANARY, headers: { origin: ORIGIN, 'x-any': CANARY } })
  return { ...service, ask }
}

describe('whatever is thrown, the caller is told a fixed sentence', () => {
  it.each<[what: string, fault: () => unknown]>([
    ['an error', () => new Error(CANARY)],
    ['an error with a status', () => Object.assign(new Error(CANARY), { statusCode: 418, status: 418 })],
    ['an error with headers', () => Object.assign(new Error(CANARY), { headers: { 'x-leak': CANARY } })],
    ['an error with a code', () => withCode(CANARY)],
    ['an error with a cause', () => new Error('outer', { cause: new Error(CANARY) })],
    [
      'an error with a validation',
      () => Object.assign(new Error(CANARY), { validation: [{ message: CANARY }] }),
    ],
    ['a parse error that quotes its input', () => parseErrorOf(`{"key":${CANARY}`)],
    ['text', () => CANARY],
    ['an object', () => ({ message: CANARY, statusCode: 200 })],
    ['null', () => null],
  ])('%s', async (_, fault) => {
    const service = await startFaulty(fault)
    const reply = await service.ask()
    expect(refusalOf(reply)).toEqual([500, 'internal', null])
    expect(JSON.stringify(reply.headers) + reply.body).not.toContain(CANARY)
    expect(reply.headers['access-control-allow-origin']).toBe(ORIGIN)
  })

  it('and the log where it was thrown, under the reply’s id, but not the message', async () => {
    const service = await startFaulty(() => new TypeError(CANARY))
    const { headers } = await service.ask()
    const lines = service
      .logText()
      .split('\n')
      .filter((line) => line.includes('"level":"error"'))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      request_id: headers['x-request-id'],
      msg: 'unexpected error',
      err: {
        reason: 'unexpected',
        cause: {
          type: 'TypeError',
          frames: expect.arrayContaining([expect.stringContaining('error-handler.test.ts')]),
        },
      },
    })
    expect(service.logText()).not.toContain(CANARY)
  })

  it('a refusal is no error of ours, and is not logged as one', async () => {
    const service = await startTestService()
    await service.mint({ preset: 'nobody' })
    expect(service.logText()).not.toContain('"level":"error"')
  })
})

function parseErrorOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}
