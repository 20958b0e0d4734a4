import { METHODS } from 'node:http'
import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'

const service = shareService()

const body = '{"preset":"assistant"}'
const mintHeaders = [...pageHeaders, `Content-Length: ${body.length}`]

const askRaw = async (startLine: string, headers: readonly string[] = [`Origin: ${ORIGIN}`], text = '') => {
  const [reply] = await exchange(await listen(service().app), toRequest(startLine, headers, text))
  if (reply === undefined) throw new Error('no reply')
  return reply
}

/** Replies to HEAD announce a body that does not come, and CONNECT is no request to Node. */
const methods = METHODS.filter((method) => !['HEAD', 'CONNECT'].includes(method))

describe.each([CLIENT_SECRETS, SESSIONS])('%s', (path) => {
  it.each(methods.filter((method) => !['POST', 'OPTIONS'].includes(method)))(
    'does not take %s',
    async (method) => {
      const before = service().sandbox.requests.length
      const reply = await askRaw(`${method} ${path}?preset=assistant`)
      expect(refusalOf(reply)).toEqual([405, 'invalid_request', null])
      expect(reply.headers['allow']).toBe('POST, OPTIONS')
      expect(service().sandbox.requests).toHaveLength(before)
    },
  )

  it('does not take HEAD, which has no body to say so', async () => {
    const reply = await service().app.inject({ method: 'HEAD', url: path })
    expect(reply).toMatchObject({ statusCode: 405, body: '', headers: { allow: 'POST, OPTIONS' } })
  })

  it('does not take a method that only a header names', async () => {
    const overrides = ['X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST']
    expect((await askRaw(`GET ${path}`, [...pageHeaders, ...overrides])).statusCode).toBe(405)
  })
})

describe('a path that is not there', () => {
  it.each(methods)('is not there for %s', async (method) => {
    const reply = await askRaw(`${method} /nowhere`)
    expect(refusalOf(reply)).toEqual([404, 'invalid_request', null])
    expect(reply.headers).not.toHaveProperty('allow')
  })

  it.each([
    '/',
    '/v1',
    '/v1/realtime',
    `${CLIENT_SECRETS}/`,
    `${CLIENT_SECRETS}/x`,
    `/${CLIENT_SECRETS}`,
    '/v1//realtime/client_secrets',
    '/V1/realtime/client_secrets',
    '/v1/realtime/Client_Secrets',
    '/v1/realtime/client-secrets',
    '/v1/realtime/transcription_sessions',
    '/v1/realtime/translations/client_secrets',
    '/v1/../v1/realtime/client_secrets',
    '/./v1/realtime/client_secrets',
    '/v1/realtime/client_secrets;x',
    '/v1/realtime/client_secrets&x',
    '/metrics',
    '/favicon.ico',
  ])('%s', async (path) => {
    expect(refusalOf(await askRaw(`POST ${path}`, mintHeaders, body))).toEqual([404, 'invalid_request', null])
  })

  it('leaves no record in the audit', async () => {
    const before = (await service().records()).length
    await askRaw('POST /nowhere', mintHeaders, body)
    expect(await service().records()).toHaveLength(before)
  })
})

it('a POST to either path mints', async () => {
  const replies = await Promise.all(
    [CLIENT_SECRETS, SESSIONS].map((path) => askRaw(`POST ${path}`, mintHeaders, body)),
  )
  expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200])
})
