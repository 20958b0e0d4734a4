/** Which address the service sees behind real proxies, whatever a caller claims. */
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { type ProxyName, startDocumented, startReverseProxy, type Ways } from '../support/proxies.ts'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { AUDIT_KEY, ORIGIN } from '../support/service.ts'
import { share, shareService } from '../support/shared-service.ts'
import { listen } from '../support/sockets.ts'

const PROXY = '127.0.0.1'
const CALLER = '127.0.0.2'
const OTHER_CALLER = '127.0.0.3'

const { toPseudonym } = deriveAuditKeys(new Secret(AUDIT_KEY))

interface Sent {
  readonly port: number
  readonly from?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
}

/** A mint through a proxy, from an address of loopback; its status. */
function send({ port, from = CALLER, headers = {} }: Sent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const path = `${CLIENT_SECRETS}?preset=assistant`
    const options = { port, host: PROXY, localAddress: from, path, method: 'POST', agent: false } as const
    request({ ...options, headers: { origin: ORIGIN, ...headers } }, (reply) => {
      reply.resume()
      reply.on('end', () => resolve(reply.statusCode))
    })
      .on('error', reject)
      .end()
  })
}

interface Front {
  readonly program: ProxyName
  /** Configurations by name: those that tell the caller’s address, and those that do not. */
  readonly honest: Ways
  readonly careless: Ways
}

const fronts: readonly Front[] = [
  {
    program: 'nginx',
    honest: {
      'that overwrites': 'proxy_set_header X-Forwarded-For $remote_addr;',
      'that appends': 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    },
    careless: {
      'that sends no address': 'proxy_set_header X-Forwarded-For "";',
      'that passes on any header': '',
    },
  },
  {
    program: 'caddy',
    honest: {
      'by default': '',
      'as in our image': `header_up X-Forwarded-For {remote_host}
        header_up -X-Forwarded-Host
        header_up -Forwarded`,
      'that trusts private addresses': 'trusted_proxies private_ranges',
    },
    careless: {
      'that sends no address': 'header_up -X-Forwarded-For',
      'that passes on any header': 'header_up X-Forwarded-For {http.request.header.X-Forwarded-For}',
    },
  },
  {
    program: 'haproxy',
    honest: {
      'that overwrites': 'http-request set-header X-Forwarded-For %[src]',
      'that appends': 'option forwardfor',
    },
    careless: {
      'that sends no address': 'http-request del-header X-Forwarded-For',
      'that passes on any header': '',
    },
  },
]

const lies: readonly (readonly [what: string, headers: Readonly<Record<string, string | string[]>>])[] = [
  ['nothing', {}],
  ['another address', { 'x-forwarded-for': '198.51.100.1' }],
  ['several addresses', { 'x-forwarded-for': '198.51.100.1, 203.0.113.5' }],
  ['an address in two headers', { 'x-forwarded-for': ['198.51.100.1', '203.0.113.5'] }],
  ['an IPv6 address', { 'x-forwarded-for': '2001:db8::1' }],
  ['the proxy’s own address', { 'x-forwarded-for': PROXY }],
  ['garbage', { 'x-forwarded-for': 'garbage' }],
  ['an empty list', { 'x-forwarded-for': ',' }],
  ['one address many times', { 'x-forwarded-for': Array.from({ length: 50 }, () => '198.51.100.1').join() }],
  ['another address in another header', { 'x-real-ip': '198.51.100.1', 'true-client-ip': '198.51.100.1' }],
  ['another address in Forwarded', { forwarded: 'for=198.51.100.1;host=evil.example;proto=https' }],
  ['another host', { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' }],
]

const DOCUMENTED = 'as in docs/proxies.md'

/** Which address the service sees through the careless ones if a caller claims 198.51.100.1. */
const taken = [
  ['that sends no address', PROXY],
  ['that passes on any header', '198.51.100.1'],
] as const

describe.each(fronts)('behind $program', ({ program, honest, careless }) => {
  describe.skipIf(isMissing(program))(`that really runs${ifMissing(program)}`, () => {
    const service = shareService({ environment: { TRUST_PROXY: PROXY } })
    const ports = share(async (defer) => {
      const target = await listen(service().app)
      const documented = await startDocumented(program, target, defer)
      const ways = await startReverseProxy(program, { ...honest, ...careless }, target, defer)
      return new Map([...ways, [DOCUMENTED, documented]])
    })

    async function addressOf(way: string, sent: Omit<Sent, 'port'>): Promise<unknown> {
      expect(await send({ port: ports().get(way) ?? 0, ...sent })).toBe(200)
      return (await service().records()).at(-1)?.['address']
    }

    const telling = [...Object.keys(honest), DOCUMENTED]
    const told = telling.flatMap((way) => lies.map(([what, headers]) => [way, what, headers] as const))

    it.each(told)('%s, a caller who claims %s keeps its own address', async (way, _, headers) => {
      expect(await addressOf(way, { headers })).toBe(toPseudonym('address', CALLER))
    })

    it.each(telling)('%s, two callers have two addresses', async (way) => {
      expect(await addressOf(way, { from: OTHER_CALLER })).toBe(toPseudonym('address', OTHER_CALLER))
    })

    it.each(taken)('%s, a caller appears as %s: do not trust such a proxy', async (way, address) => {
      const headers = { 'x-forwarded-for': '198.51.100.1' }
      expect(await addressOf(way, { headers })).toBe(toPseudonym('address', address))
    })
  })
})

const areMissing = isMissing('nginx') || isMissing('caddy')

describe.skipIf(areMissing)(`behind caddy behind nginx${ifMissing('nginx')}${ifMissing('caddy')}`, () => {
  const service = shareService({ environment: { TRUST_PROXY: PROXY, RATE_LIMIT_PER_ADDRESS: '2/day' } })
  const ports = share(async (defer) => {
    const target = await listen(service().app)
    const inner = await startReverseProxy('caddy', { only: 'trusted_proxies 127.0.0.1' }, target, defer)
    const way = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $host;'
    return startReverseProxy('nginx', { only: way }, inner.get('only') ?? 0, defer)
  })

  it('each caller has a limit of its own, and no false header escapes it', async () => {
    const port = ports().get('only') ?? 0
    const statuses: unknown[] = []
    for (const [, headers] of lies.slice(0, 4)) statuses.push(await send({ port, headers }))
    expect(statuses).toEqual([200, 200, 429, 429])
    expect(await send({ port, from: OTHER_CALLER })).toBe(200)
  })
})
