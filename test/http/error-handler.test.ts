import { describe, expect, it } from 'vitest'
import { toServiceError } from '../../src/http/error-handler.ts'
import { CANARY, refusalOf } from '../support/replies.ts'
import { ORIGIN, startTestService } from '../support/service.ts'

/** An error with these properties. */
const withParts = (parts: object): Error => Object.assign(new Error(CANARY), parts)
const withCode = (code: unknown): Error => withParts({ code })

/** Other codes are met by requests to the public listener. */
it.each([
  ['FST_ERR_BAD_URL', 'url_malformed'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'media_type_unsupported'],
])('the code %s of the framework has the reason %s', (code, reason) => {
  expect(toServiceError(withCode(code)).reason).toBe(reason)
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
    [
      'an object that looks like an error of ours',
      () => ({ reason: 'preset_unknown', code: 'unknown_preset', status: 200 }),
    ],
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
