import { describe, expect, it } from 'vitest'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { ask } from '../routes/asking.ts'
import { AUDIT_KEY, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const PROXY = '10.0.0.5'
const PEER = '203.0.113.9'

const service = shareService({ environment: { TRUST_PROXY: '10.0.0.0/8, fd00::/64' } })

const { toPseudonym } = deriveAuditKeys(new Secret(AUDIT_KEY))

/** The pseudonym of the address that a mint counts for. */
async function pseudonymFor(remoteAddress: string, headers: Record<string, string>): Promise<unknown> {
  await ask(service(), { query: '?preset=assistant', remoteAddress, headers })
  return (await service().records()).at(-1)?.['address']
}

const forwarded = (value: string): Record<string, string> => ({ 'x-forwarded-for': value })

describe('the address of a caller', () => {
  it.each<[what: string, peer: string, header: string | undefined, address: string]>([
    ['is that of the peer', PEER, undefined, PEER],
    ['is that of a proxy without the header', PROXY, undefined, PROXY],
    ['is what a trusted proxy sends', PROXY, PEER, PEER],
    ['is not what an untrusted peer sends', PEER, '198.51.100.1', PEER],
    ['is not what a neighbor of the proxies sends', '11.0.0.5', '198.51.100.1', '11.0.0.5'],
    ['is the nearest that is not a proxy of ours', PROXY, `198.51.100.1, ${PEER}`, PEER],
    ['is found behind two proxies', PROXY, `${PEER}, 10.9.9.9`, PEER],
    ['is found behind two proxies, whatever it claims', PROXY, `10.1.1.1, ${PEER}, 10.9.9.9`, PEER],
    ['is the farthest of our proxies', PROXY, '10.1.1.1, 10.9.9.9', '10.1.1.1'],
    ['is read without blanks', PROXY, `  ${PEER}\t`, PEER],
    ['is read without its port', PROXY, `${PEER}:52345`, PEER],
    ['is read without brackets', PROXY, '[2001:db8:1:2::1]', '2001:db8:1:2::'],
    ['is read without brackets and port', PROXY, '[2001:db8:1:2::1]:443', '2001:db8:1:2::'],
    ['is found behind a proxy that adds its port', PROXY, `${PEER}:52345, 10.9.9.9:1234`, PEER],
    ['is found behind a proxy in brackets', PROXY, `${PEER}, [fd00::5]:1234`, PEER],
    ['is found before garbage', PROXY, `garbage, ${PEER}`, PEER],
    ['is IPv4 for a mapped peer', `::ffff:${PEER}`, undefined, PEER],
    ['is IPv4 for a mapped address', PROXY, `::ffff:${PEER}`, PEER],
    ['is IPv4 for a mapped address in capitals', PROXY, `::FFFF:${PEER}`, PEER],
    ['is IPv4 for a mapped address in hex', PROXY, '::ffff:cb00:7109', PEER],
    ['is found behind a mapped proxy', `::ffff:${PROXY}`, PEER, PEER],
    ['is found behind a proxy with IPv6', 'fd00::5', PEER, PEER],
    ['is a /64', '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::'],
    ['is a /64 behind a proxy', PROXY, '2001:db8:1:2:ffff::1', '2001:db8:1:2::'],
    ['is the same /64 in another spelling', PROXY, '2001:0DB8:0001:0002:0:0:0:9', '2001:db8:1:2::'],
    ['is another /64 for its neighbor', PROXY, '2001:db8:1:3::1', '2001:db8:1:3::'],
    ['is that of a neighbor of the proxies', 'fd00:0:0:1::5', PEER, 'fd00:0:0:1::'],
    ['is IPv6 without a zone', PROXY, 'fe80::1%eth0', 'fe80::'],
  ])('%s', async (_, peer, header, address) => {
    const headers = header === undefined ? {} : forwarded(header)
    expect(await pseudonymFor(peer, headers)).toBe(toPseudonym('address', address))
  })

  const garbage = ['garbage', 'unknown', '_hidden', 'localhost', '', ',', `${PEER}, garbage`, `"${PEER}"`]
  const brackets = ['[203.0.113.9]:4711', '2001:db8::1]:4711', '2001:db8::g', '2001:db8::1::1']
  const ports = ['', '123456', '4711:4711'].map((port) => `${PEER}:${port}`)
  const numbers = ['203.0.113', '203.0.113.256', '203.0.113.009', '0xcb.0.113.9', '3405803785', '-1.0.0.0']
  const others = [`${PEER}/32`, 'for=203.0.113.9', `${PEER} 198.51.100.1`, '1'.repeat(5_000)]

  it.each([...garbage, ...brackets, ...ports, ...numbers, ...others])(
    'is that of a proxy that sends "%s"',
    async (value) => {
      expect(await pseudonymFor(PROXY, forwarded(value))).toBe(toPseudonym('address', PROXY))
    },
  )

  it.each('x-real-ip true-client-ip cf-connecting-ip x-client-ip x-forwarded-host forwarded'.split(' '))(
    'is never read from %s',
    async (name) => {
      const headers = { [name]: name === 'forwarded' ? `for=${PEER}` : PEER }
      expect(await pseudonymFor(PROXY, headers)).toBe(toPseudonym('address', PROXY))
    },
  )
})

describe('the limit per address', () => {
  it.each<[what: string, peer: string, proxy: string | undefined, status: number]>([
    ['counts what a trusted proxy sends', PROXY, PROXY, 404],
    ['ignores what an untrusted peer sends', PEER, PROXY, 429],
    ['ignores every header without TRUST_PROXY', '127.0.0.1', undefined, 429],
  ])('%s', async (_, remoteAddress, proxy, status) => {
    const environment = { RATE_LIMIT_PER_ADDRESS: '1/day', TRUST_PROXY: proxy }
    const { app } = await startTestService({ environment })
    const askAs = (value: string) => app.inject({ url: '/', remoteAddress, headers: forwarded(value) })
    expect((await askAs('198.51.100.1')).statusCode).toBe(404)
    expect((await askAs('198.51.100.2')).statusCode).toBe(status)
  })
})

const WARNING = 'set TRUST_PROXY to its address'

interface Crowd {
  /** How many of a hundred requests come from `address`. The others have public addresses of their own. */
  readonly share: number
  readonly address: string
  readonly url?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** How often the warning is logged. It never names an address. */
async function countWarnings({ share, address, url = '/', environment = {}, headers = {} }: Crowd) {
  const { app, logLines } = await startTestService({ environment })
  for (let index = 0; index < 100; index += 1) {
    const isOfShare = (index * share) % 100 < share
    const remoteAddress = isOfShare ? address : `203.0.113.${index}`
    const host = 'mint.example.com'
    await app.inject({ url, remoteAddress, headers: { host, ...(isOfShare ? headers : {}) } })
  }
  const warnings = logLines(WARNING)
  expect(JSON.stringify(warnings)).not.toContain(address)
  return warnings.length
}

/** All from loopback, for a service of that name. */
const local = (headers: Readonly<Record<string, string>>): Crowd => ({
  share: 100,
  address: '127.0.0.1',
  headers: { host: 'localhost:8080', ...headers },
})

describe('a proxy that TRUST_PROXY does not list', () => {
  const trusting = { environment: { TRUST_PROXY: '10.0.0.0/8' }, address: PROXY, share: 100 }

  it.each<[what: string, warnings: number, crowd: Crowd]>([
    ['all', 1, { share: 100, address: '10.0.0.5' }],
    ['more than half', 1, { share: 60, address: '172.17.0.1' }],
    ['more than half on loopback', 1, { share: 60, address: '127.0.0.1' }],
    ['more than half by IPv6', 1, { share: 60, address: 'fd00::5' }],
    ['more than half by IPv6 loopback', 1, { share: 60, address: '::1' }],
    ['more than half by mapped IPv4', 1, { share: 60, address: '::ffff:192.168.1.1' }],
    ['all, with forwarded addresses', 1, { share: 100, address: PROXY, headers: forwarded(PEER) }],
    ['all from a page elsewhere, as nginx sends them', 1, local({ origin: 'https://app.example.com' })],
    ['all with the name of this machine, but forwarded', 1, local(forwarded(PEER))],
    ['all for this machine', 0, local({})],
    ['all for this machine, by IPv4', 0, local({ host: '127.0.0.1:8080' })],
    ['all for this machine, by IPv6', 0, local({ host: '[::1]:8080' })],
    ['all from a page of this machine', 0, local({ origin: 'http://localhost:5173' })],
    ['all through a container’s network', 0, { ...local({}), address: '172.17.0.1' }],
    ['half', 0, { share: 50, address: '10.0.0.5' }],
    ['none', 0, { share: 0, address: '10.0.0.5' }],
    ['all from a public address', 0, { share: 100, address: '203.0.113.1' }],
    ['all from a public IPv6 address', 0, { share: 100, address: '2001:db8::1' }],
    ['only health checks', 0, { share: 100, address: '10.0.0.5', url: '/readyz' }],
    ['all from a listed proxy', 0, { ...trusting, headers: forwarded(PEER) }],
    ['all from a listed proxy that sends no address', 0, { ...trusting, headers: forwarded('unknown') }],
  ])('is suspected by the share of one private address: %s (%i)', async (_, warnings, crowd) => {
    expect(await countWarnings(crowd)).toBe(warnings)
  })
})

describe('a trusted proxy that sends no address', () => {
  it('is named in the log, once', async () => {
    const { app, logLines } = await startTestService({ environment: { TRUST_PROXY: '10.0.0.0/8' } })
    for (const remoteAddress of ['10.0.0.5', '10.0.0.5', '10.0.0.6']) {
      await app.inject({ url: '/', remoteAddress, headers: forwarded('unknown') })
    }
    expect(logLines('X-Forwarded-For').map(({ level, proxy }) => [level, proxy])).toEqual([
      ['warn', '10.0.0.5'],
      ['warn', '10.0.0.6'],
    ])
  })
})
