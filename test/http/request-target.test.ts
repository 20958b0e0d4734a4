import { describe, expect, it } from 'vitest'
import { CANARY, CLIENT_SECRETS, refusalOf } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { exchange, listen, pageHeaders, toRequest } from '../support/sockets.ts'

const service = shareService()

const body = '{"preset":"assistant"}'

async function post(target: string | Buffer) {
  const [start = '', rest = ''] = toRequest(
    'POST TARGET',
    [...pageHeaders, `Content-Length: ${body.length}`],
    body,
  ).split('TARGET')
  const bytes = Buffer.concat([Buffer.from(start), Buffer.from(target), Buffer.from(rest)])
  const [reply] = await exchange(await listen(service().app), bytes)
  if (reply === undefined) throw new Error('no reply')
  return reply
}

describe('a target that is no plain path is malformed', () => {
  it.each<[what: string, target: string | Buffer]>([
    ['half an escape', `/${CANARY}%`],
    ['an escape that is no hex', `/${CANARY}%zz`],
    ['an escape of no UTF-8', `/${CANARY}%ff`],
    ['an overlong escape', `/${CANARY}%c0%af`],
    ['half an escape on a known path', `${CLIENT_SECRETS}%`],
    ['another host', `http://${CANARY}.example${CLIENT_SECRETS}`],
    ['another host, by https', `https://${CANARY}.example${CLIENT_SECRETS}`],
    ['another scheme', `file://${CANARY}${CLIENT_SECRETS}`],
    ['a path without a slash', CANARY],
    ['an asterisk', '*'],
    ['a control character', `/${CANARY}\u0001`],
    ['a byte that is no ASCII', Buffer.from(`/${CANARY}\u00e9`, 'latin1')],
    ['UTF-8', `/${CANARY}é`],
    ['a tab', `/${CANARY}\tx`],
  ])('%s', async (_, target) => {
    const reply = await post(target)
    expect(refusalOf(reply)).toEqual([400, 'invalid_request', null])
    expect(JSON.stringify(reply)).not.toContain(CANARY)
  })
})

describe('a known path in escapes is not that path', () => {
  it.each([
    '/v1/realtime/client%5fsecrets',
    '/v1/realtime/%63lient_secrets',
    '/v1%2frealtime%2fclient_secrets',
    '/%76%31/realtime/client_secrets',
    `${CLIENT_SECRETS}%3fpreset=assistant`,
    `${CLIENT_SECRETS}%20`,
    `${CLIENT_SECRETS}%00`,
    `${CLIENT_SECRETS}%2f..%2fclient_secrets`,
    `/${CANARY}%2f`,
  ])('%s', async (target) => {
    const reply = await post(target)
    expect(refusalOf(reply)).toEqual([404, 'invalid_request', null])
    expect(JSON.stringify(reply)).not.toContain(CANARY)
  })
})

describe('a query may hold anything', () => {
  it.each(['?', '?%', '?%zz', '?a=%ff', '??', '?&&&', '?a?b', '?a=/../b', `?${'a&'.repeat(2_000)}`])(
    '%s',
    async (query) => {
      expect((await post(`${CLIENT_SECRETS}${query}`)).statusCode).toBe(200)
    },
  )

  it('but an empty preset is one, and not the body’s', async () => {
    const reply = await post(`${CLIENT_SECRETS}?preset`)
    expect(refusalOf(reply)).toEqual([400, 'invalid_request', 'preset'])
  })
})

it('no path is ever logged', async () => {
  await post(`/${CANARY}`)
  await post(`/${CANARY}%zz`)
  await post(`${CLIENT_SECRETS}?${CANARY}=${CANARY}`)
  expect(service().logText()).not.toContain(CANARY)
  expect(await service().auditText()).not.toContain(CANARY)
})
