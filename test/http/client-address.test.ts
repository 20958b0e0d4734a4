import { describe, expect, it } from 'vitest'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { AUDIT_KEY, ORIGIN, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const PROXY = '10.0.0.5'
const PEER = '203.0.113.9'

const service = shareService({ environment: { TRUST_PROXY: '10.0.0.0/8, fd00::/64' } })

const { toPseudonym } = deriveAuditKeys(new Secret(AUDIT_KEY))

/** The pseudonym of the address that a mint was counted for. */
async function addressOf(remoteAddress: string, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const { app, records } = service()
  const url = `${CLIENT_SECRETS}?preset=assistant`
  await app.inject({ method: 'POST', url, remoteAddress, headers: { origin: ORIGIN, ...headers } })
  return (await records()).at(-1)?.['address']
}

const forwarded = (value: string): Record<string, string> => ({ 'x-forwarded-for': value })

describe('the address of a caller', () => {
  it.each<[what: string, peer: string, headers: Record<string, string>, address: string]>([
    ['is the peer’s', PEER, {}, PEER],
    ['is a proxy’s own, where it names nobody', PROXY, {}, PROXY],
    ['is what a trusted proxy says', PROXY, forwarded(PEER), PEER],
    ['is not what an untrusted peer says', PEER, forwarded('198.51.100.1'), PEER],
    ['is not what a neighbour of the proxies says', '11.0.0.5', forwarded('198.51.100.1'), '11.0.0.5'],
    ['is the nearest that no proxy of ours has', PROXY, forwarded(`198.51.100.1, ${PEER}`), PEER],
    ['is found behind two proxies', PROXY, forwarded(`${PEER}, 10.9.9.9`), PEER],
    [
      'is found behind two proxies, whatever he claims',
      PROXY,
      forwarded(`10.1.1.1, ${PEER}, 10.9.9.9`),
      PEER,
    ],
    ['is the farthest, where all are ours', PROXY, forwarded('10.1.1.1, 10.9.9.9'), '10.1.1.1'],
    ['is read without blanks', PROXY, forwarded(`  ${PEER}\t`), PEER],
    ['is read without its port', PROXY, forwarded(`${PEER}:52345`), PEER],
    ['is read without brackets', PROXY, forwarded('[2001:db8:1:2::1]'), '2001:db8:1:2::'],
    ['is read without brackets and port', PROXY, forwarded('[2001:db8:1:2::1]:443'), '2001:db8:1:2::'],
    ['is found behind a proxy that adds its port', PROXY, forwarded(`${PEER}:52345, 10.9.9.9:1234`), PEER],
    ['is found behind a proxy in brackets', PROXY, forwarded(`${PEER}, [fd00::5]:1234`), PEER],
    ['is read past garbage farther away', PROXY, forwarded(`garbage, ${PEER}`), PEER],
  ])('%s', async (_, peer, headers, address) => {
    expect(await addressOf(peer, headers)).toBe(toPseudonym('address', address))
  })

  it.each([
    'garbage',
    'unknown',
    '_hidden',
    'localhost',
    '',
    ',',
    `${PEER}, garbage`,
    `"${PEER}"`,
    '[203.0.113.9]:4711',
    '2001:db8::1]:4711',
    `${PEER}:`,
    `${PEER}:123456`,
    `${PEER}:4711:4711`,
    '203.0.113',
    '203.0.113.256',
    '203.0.113.009',
    '0xcb.0.113.9',
    '3405803785',
    '-1.0.0.0',
    '2001:db8::g',
    '2001:db8::1::1',
    `${PEER}/32`,
    'for=203.0.113.9',
    `${PEER} 198.51.100.1`,
    '1'.repeat(5_000),
  ])('is the peer’s, where a proxy says "%s"', async (value) => {
    expect(await addressOf(PROXY, forwarded(value))).toBe(toPseudonym('address', PROXY))
  })

  it.each([
    'x-real-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'x-client-ip',
    'x-forwarded-host',
    'forwarded',
  ])('is never what %s says', async (name) => {
    const headers = { [name]: name === 'forwarded' ? `for=${PEER}` : PEER }
    expect(await addressOf(PROXY, headers)).toBe(toPseudonym('address', PROXY))
  })
})

describe('one caller has one address', () => {
  it.each<[what: string, peer: string, headers: Record<string, string>, address: string]>([
    ['IPv4 mapped into IPv6, as a peer', `::ffff:${PEER}`, {}, PEER],
    ['IPv4 mapped into IPv6, behind a proxy', PROXY, forwarded(`::ffff:${PEER}`), PEER],
    ['IPv4 mapped into IPv6, in capitals', PROXY, forwarded(`::FFFF:${PEER}`), PEER],
    ['IPv4 mapped into IPv6, in hex', PROXY, forwarded('::ffff:cb00:7109'), PEER],
    ['a proxy mapped into IPv6', `::ffff:${PROXY}`, forwarded(PEER), PEER],
    ['a proxy with IPv6', 'fd00::5', forwarded(PEER), PEER],
    ['IPv6 in its /64', '2001:db8:1:2:3:4:5:6', {}, '2001:db8:1:2::'],
    ['IPv6 in its /64, behind a proxy', PROXY, forwarded('2001:db8:1:2:ffff::1'), '2001:db8:1:2::'],
    ['IPv6 in another spelling', PROXY, forwarded('2001:0DB8:0001:0002:0:0:0:9'), '2001:db8:1:2::'],
    ['IPv6 in the next /64', PROXY, forwarded('2001:db8:1:3::1'), '2001:db8:1:3::'],
    ['a neighbour of the proxies with IPv6', 'fd00:0:0:1::5', forwarded(PEER), 'fd00:0:0:1::'],
    ['IPv6 with a zone', PROXY, forwarded('fe80::1%eth0'), 'fe80::'],
  ])('%s', async (_, peer, headers, address) => {
    expect(await addressOf(peer, headers)).toBe(toPseudonym('address', address))
  })
})

describe('the limit per address', () => {
  const limit = { RATE_LIMIT_PER_ADDRESS: '1/day', TRUST_PROXY: PROXY }

  it.each<[what: string, first: string, second: string, status: number]>([
    ['counts a mapped IPv4 as that IPv4', PEER, `::ffff:${PEER}`, 429],
    ['counts a /64 as one', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', 429],
    ['counts two /64 as two', '2001:db8:1:2::1', '2001:db8:1:3::1', 404],
    ['counts two IPv4 as two', PEER, '203.0.113.10', 404],
  ])('%s', async (_, first, second, status) => {
    const { app } = await startTestService({ environment: limit })
    const ask = (value: string) => app.inject({ url: '/', remoteAddress: PROXY, headers: forwarded(value) })
    expect((await ask(first)).statusCode).toBe(404)
    expect((await ask(second)).statusCode).toBe(status)
  })

  it('is not escaped by who writes the header himself', async () => {
    const { app } = await startTestService({ environment: limit })
    const ask = (value: string) => app.inject({ url: '/', remoteAddress: PEER, headers: forwarded(value) })
    expect((await ask('198.51.100.1')).statusCode).toBe(404)
    expect((await ask('198.51.100.2')).statusCode).toBe(429)
  })

  it('believes no header where no proxy is trusted', async () => {
    const { app } = await startTestService({ environment: { ...limit, TRUST_PROXY: undefined } })
    const ask = (value: string) =>
      app.inject({ url: '/', remoteAddress: '127.0.0.1', headers: forwarded(value) })
    expect((await ask('198.51.100.1')).statusCode).toBe(404)
    expect((await ask('198.51.100.2')).statusCode).toBe(429)
  })
})
