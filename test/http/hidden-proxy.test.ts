import { describe, expect, it } from 'vitest'
import { startTestService } from '../support/service.ts'

const WARNING = 'set TRUST_PROXY to its address'

interface Crowd {
  /** Of a hundred requests, how many come from `address`; the others have public addresses of their own. */
  readonly share: number
  readonly address: string
  readonly url?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** How often the warning is logged. */
async function warningsFor({
  share,
  address,
  url = '/',
  environment = {},
  headers = {},
}: Crowd): Promise<number> {
  const { app, logText } = await startTestService({ environment })
  for (let index = 0; index < 100; index += 1) {
    const isOfShare = (index * share) % 100 < share
    const remoteAddress = isOfShare ? address : `203.0.113.${index}`
    await app.inject({ url, remoteAddress, headers: isOfShare ? headers : {} })
  }
  const { length } = logText().split(WARNING)
  return length - 1
}

describe('traffic of which', () => {
  it.each<[what: string, crowd: Crowd]>([
    ['all', { share: 100, address: '10.0.0.5' }],
    ['more than half', { share: 60, address: '172.17.0.1' }],
    ['more than half by loopback', { share: 60, address: '127.0.0.1' }],
    ['more than half by IPv6', { share: 60, address: 'fd00::5' }],
    ['more than half by IPv6 loopback', { share: 60, address: '::1' }],
    ['more than half by mapped IPv4', { share: 60, address: '::ffff:192.168.1.1' }],
    [
      'all, whatever it says of other addresses',
      { share: 100, address: '10.0.0.5', headers: { 'x-forwarded-for': '203.0.113.9' } },
    ],
  ])('%s shares one private address is warned of, once', async (_, crowd) => {
    expect(await warningsFor(crowd)).toBe(1)
  })

  it.each<[what: string, crowd: Crowd]>([
    ['half shares one private address', { share: 50, address: '10.0.0.5' }],
    ['all shares one public address', { share: 100, address: '203.0.113.1' }],
    ['all shares one public IPv6 address', { share: 100, address: '2001:db8::1' }],
    ['nobody has a private address', { share: 0, address: '10.0.0.5' }],
    ['only health checks do', { share: 100, address: '10.0.0.5', url: '/readyz' }],
    [
      'all comes by a proxy that is known, from elsewhere',
      {
        share: 100,
        address: '10.0.0.5',
        environment: { TRUST_PROXY: '10.0.0.5' },
        headers: { 'x-forwarded-for': '203.0.113.9' },
      },
    ],
  ])('%s is nothing to warn of', async (_, crowd) => {
    expect(await warningsFor(crowd)).toBe(0)
  })

  it('names no address', async () => {
    const { app, logText } = await startTestService()
    for (let index = 0; index < 50; index += 1) await app.inject({ url: '/', remoteAddress: '10.0.0.5' })
    expect(logText()).toContain(WARNING)
    expect(logText()).not.toContain('10.0.0.5')
  })
})

describe('a trusted proxy that sends no address', () => {
  const environment = { TRUST_PROXY: '10.0.0.0/8' }
  const headers = { 'x-forwarded-for': 'unknown' }

  it('is named in the log, once', async () => {
    const { app, logText } = await startTestService({ environment })
    for (const remoteAddress of ['10.0.0.5', '10.0.0.5', '10.0.0.6']) {
      await app.inject({ url: '/', remoteAddress, headers })
    }
    const named = logText()
      .split('\n')
      .filter((line) => line.includes('X-Forwarded-For'))
      .map((line) => JSON.parse(line))
    expect(named.map(({ level, proxy }) => [level, proxy])).toEqual([
      ['warn', '10.0.0.5'],
      ['warn', '10.0.0.6'],
    ])
  })

  it('is not taken for a proxy that TRUST_PROXY does not list', async () => {
    expect(await warningsFor({ share: 100, address: '10.0.0.5', environment, headers })).toBe(0)
  })
})
