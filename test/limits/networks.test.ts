/** IPv6: an address counts as its /64, and its /48 has a limit of its own, which is eight times as high. */
import { describe, expect, it } from 'vitest'
import { toClientAddress } from '../../src/http/client-address.ts'
import {
  createLimits,
  type LimitedPreset,
  type LimitResult,
  type LimitsOptions,
} from '../../src/limits/levels.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import { toNetwork } from '../../src/limits/network.ts'
import type { Reason } from '../../src/reasons.ts'
import { ask } from '../routes/asking.ts'
import { startTestService } from '../support/service.ts'

describe('the network of', () => {
  it.each<[address: string | undefined, network: string | undefined]>([
    ['192.0.2.1', undefined],
    ['::ffff:192.0.2.1', undefined],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:DB8:1::6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['2001:db8:0:2::1', '2001:db8:0::/48'],
    ['2001::1', '2001:0:0::/48'],
    ['::1', '0:0:0::/48'],
    ['0:0:0:5::1', '0:0:0::/48'],
    ['1:0:0:5::1', '1:0:0::/48'],
    ['0:1:2:3:4:5:6:7', '0:1:2::/48'],
    ['0:0:2:3:4:5:6:7', '0:0:2::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    [undefined, undefined],
  ])('%s is %s', (address, network) => {
    expect(toNetwork(toClientAddress(address))).toBe(network)
  })
})

/** Different /64 of one /48. */
const siteOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `2001:db8:1:${index.toString(16)}::`)
const OTHER_SITE = '2001:db8:2::'

const perDay = (limit: number) => [{ limit, windowMs: 86_400_000 }]
const preset: LimitedPreset = { name: 'assistant', limits: { perCaller: [], total: [] } }

/** The reasons of all refusals, in order. */
async function reasonsOf(results: readonly Promise<LimitResult>[]): Promise<readonly Reason[]> {
  const refusals = (await Promise.all(results)).map(({ refusal }) => refusal)
  return refusals.flatMap((refusal) => (refusal === undefined ? [] : [refusal.reason]))
}

const fixed = { perAddress: [], perCaller: [], total: [], toPseudonym: (_kind: string, who: string) => who }

function start(rules: Partial<LimitsOptions>) {
  const limits = createLimits({ store: new LocalStore({ monotonicNow: () => 0 }), ...fixed, ...rules })
  const mint = (address: string, subject: string | null = null, of = preset) =>
    limits.countMint({ preset: of, subject, address })
  return { limits, mint }
}

describe('limits', () => {
  it('count the requests of a /48 as those of eight addresses', async () => {
    const { limits } = start({ perAddress: perDay(2) })
    const twice = [...siteOf(9), ...siteOf(9)]
    expect(await reasonsOf(twice.map((address) => limits.countRequest(address)))).toEqual([
      'limit_per_address_network',
      'limit_per_address_network',
    ])
    expect((await limits.countRequest(OTHER_SITE)).refusal).toBeUndefined()
  })

  it('count the mints of its anonymous callers in the same way', async () => {
    const { mint } = start({ perCaller: perDay(1) })
    expect(await reasonsOf(siteOf(9).map((address) => mint(address)))).toEqual(['limit_per_caller_network'])
    expect((await mint(OTHER_SITE)).refusal).toBeUndefined()
  })

  it('count their mints of a preset in the same way', async () => {
    const { mint } = start({})
    const scarce = { name: 'scarce', limits: { perCaller: perDay(1), total: [] } }
    const mintScarce = (address: string) => mint(address, null, scarce)
    expect(await reasonsOf(siteOf(9).map(mintScarce))).toEqual(['limit_per_preset_and_caller_network'])
    expect((await mintScarce(OTHER_SITE)).refusal).toBeUndefined()
  })

  it('do not count callers with a token by their network', async () => {
    const { mint } = start({ perCaller: perDay(1) })
    expect(await reasonsOf(siteOf(20).map((address, index) => mint(address, `user-${index}`)))).toEqual([])
  })

  it('count nothing for a mint that the /48 refuses', async () => {
    const { mint } = start({ perCaller: perDay(1), total: perDay(9) })
    const refused = await reasonsOf(siteOf(20).map((address) => mint(address)))
    expect(refused).toHaveLength(12)
    expect((await mint(OTHER_SITE)).refusal).toBeUndefined()
    expect((await mint('192.0.2.1')).refusal).toMatchObject({ reason: 'limit_total' })
  })

  it('show a caller the state of the /48', async () => {
    const { mint } = start({ perCaller: perDay(3) })
    const shown = async (address: string) =>
      (await mint(address)).quotas.map(({ policy, remaining }) => [policy.text, remaining])
    expect(await shown('2001:db8:1::')).toEqual([
      ['"caller";q=3;w=86400', 2],
      ['"caller-network";q=24;w=86400', 23],
    ])
    expect(await shown('192.0.2.1')).toEqual([['"caller";q=3;w=86400', 2]])
  })
})

describe('a caller with a /48', () => {
  it('cannot use up RATE_LIMIT_TOTAL, and the record names the limit', async () => {
    const names = ['RATE_LIMIT_PER_ADDRESS', 'RATE_LIMIT_PER_CALLER', 'RATE_LIMIT_TOTAL']
    const environment = Object.fromEntries(names.map((name) => [name, undefined]))
    const service = await startTestService({ environment })
    const mint = (remoteAddress: string) => ask(service, { query: '?preset=assistant', remoteAddress })
    const statuses: number[] = []
    for (const address of siteOf(600)) statuses.push((await mint(`${address}1`)).statusCode)
    expect(statuses.filter((status) => status === 200)).toHaveLength(80)
    const { headers } = await mint('2001:db8:1:ffff::1')
    expect(headers['ratelimit']).toMatch(/^"address-network";r=0;t=\d+$/)
    expect((await mint(`${OTHER_SITE}1`)).statusCode).toBe(200)
    const refused = (await service.records()).find(({ status }) => status === 429)
    expect(refused).toMatchObject({ reason: 'limit_per_caller_network' })
  })
})
