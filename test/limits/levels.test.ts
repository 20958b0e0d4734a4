import { describe, expect, it } from 'vitest'
import { type Asked, ask as askOf } from '../routes/asking.ts'
import { SESSIONS } from '../support/replies.ts'
import { startTestService, type TestServiceOptions } from '../support/service.ts'

const presets = `
presets:
  plain:
    session: { type: realtime, model: gpt-realtime-2.1 }
  scarce:
    session: { type: realtime, model: gpt-realtime-2.1 }
    limits: { per_caller: 2/hour, total: 3/hour }
`

interface Wanted extends Pick<Asked, 'path' | 'body'> {
  readonly preset?: string
  /** The last part of the address. */
  readonly from?: number
  readonly address?: string
}

async function start(environment: NonNullable<TestServiceOptions['environment']>) {
  const service = await startTestService({ presets, environment })
  const ask = ({ preset = 'plain', from = 1, address = `192.0.2.${from}`, ...asked }: Wanted = {}) =>
    askOf(service, { query: `?preset=${preset}`, remoteAddress: address, ...asked })
  /** The statuses of these requests, one after the other. */
  async function statuses(...all: readonly Wanted[]): Promise<readonly number[]> {
    const found: number[] = []
    for (const asked of all) found.push((await ask(asked)).statusCode)
    return found
  }
  const lastReason = async (): Promise<unknown> => (await service.records()).at(-1)?.['reason']
  return { ...service, ask, statuses, lastReason }
}

const perCaller = (limit: string) => ({ RATE_LIMIT_PER_CALLER: limit })
const total = (limit: string) => ({ RATE_LIMIT_TOTAL: limit })
const scarce = { preset: 'scarce' }
const other = { from: 2 }
const households = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::1', '192.0.2.7', '::ffff:192.0.2.7']

type Case = [what: string, settings: object, asked: Wanted[], statuses: number[], reason: string]

describe('a limit', () => {
  it.each<Case>([
    [
      'per caller counts the mints of each address',
      perCaller('2/day'),
      [{}, {}, {}, other, other, other],
      [200, 200, 429, 200, 200, 429],
      'limit_per_caller',
    ],
    [
      'per caller counts IPv6 by /64, and mapped IPv4 as IPv4',
      perCaller('1/day'),
      households.map((address) => ({ address })),
      [200, 429, 200, 429],
      'limit_per_caller',
    ],
    [
      'per caller covers both routes and all presets',
      perCaller('2/day'),
      [{}, { path: SESSIONS, ...scarce }, {}],
      [200, 200, 429],
      'limit_per_caller',
    ],
    [
      'enforces each of its rules',
      perCaller('5/second,2/day'),
      [{}, {}, {}],
      [200, 200, 429],
      'limit_per_caller',
    ],
    [
      'in total counts the mints of all callers',
      total('2/day'),
      [{}, other, { from: 3 }],
      [200, 200, 429],
      'limit_total',
    ],
    [
      'per preset and caller counts the mints of each caller',
      {},
      [scarce, scarce, scarce, {}, { ...scarce, from: 2 }, scarce],
      [200, 200, 429, 200, 200, 429],
      'limit_per_preset_and_caller',
    ],
    [
      'per preset counts the mints of all callers',
      {},
      [1, 2, 3, 4].map((from) => ({ preset: 'scarce', from })),
      [200, 200, 200, 429],
      'limit_per_preset',
    ],
    [
      'that refuses counts at no other level',
      { ...perCaller('1/day'), ...total('3/day') },
      [{}, {}, {}, {}, {}, other, { from: 3 }, { from: 4 }],
      [200, 429, 429, 429, 429, 200, 200, 429],
      'limit_total',
    ],
    [
      'of a preset that refuses does not count for other presets',
      perCaller('3/day'),
      [scarce, scarce, scarce, scarce, {}, {}],
      [200, 200, 429, 429, 200, 429],
      'limit_per_caller',
    ],
  ])('%s', async (_, settings, asked, expected, reason) => {
    const { statuses, lastReason } = await start({ ...settings })
    expect(await statuses(...asked)).toEqual(expected)
    expect(await lastReason()).toBe(reason)
  })

  it('counts a mint that fails, without a refund', async () => {
    const { sandbox, statuses } = await start(perCaller('1/day'))
    sandbox.behave({ kind: 'status', status: 400 })
    expect(await statuses({}, {})).toEqual([502, 429])
  })

  it.each<[what: string, asked: Wanted, status: number]>([
    ['an unknown preset', { preset: 'nobody' }, 404],
    ['an unknown field', { body: { x: 1 } }, 400],
    ['a closed override', { body: { session: { type: 'realtime', model: 'x' } } }, 403],
    ['a raised expiry', { body: { expires_after: { anchor: 'created_at', seconds: 7_200 } } }, 403],
  ])('does not count %s', async (_, asked, status) => {
    const { statuses } = await start({ ...perCaller('1/day'), ...total('1/day') })
    expect(await statuses(asked, asked, {}, asked)).toEqual([status, status, 200, status])
  })

  it('defaults to 10 a minute and 200 a day per caller', async () => {
    const { ask } = await start({ RATE_LIMIT_PER_CALLER: undefined, RATE_LIMIT_TOTAL: undefined })
    const { headers } = await ask()
    expect(headers['ratelimit-policy']).toMatch(/"caller";q=10;w=60, "caller-day";q=200;w=86400$/)
    expect(headers['ratelimit']).toBe('"caller";r=9;t=60')
  })

  it('waits for the slowest of several that refuse', async () => {
    const { ask, lastReason } = await start({ ...perCaller('1/minute'), ...total('1/day') })
    await ask()
    expect((await ask()).headers['retry-after']).toBe('86400')
    expect(await lastReason()).toBe('limit_total')
  })
})

describe('the headers', () => {
  const environment = {
    RATE_LIMIT_PER_ADDRESS: '60/minute',
    ...perCaller('10/minute,12/day'),
    ...total('7/minute'),
  }

  it('list the policies for the caller, and the state of the tightest', async () => {
    const { ask } = await start(environment)
    const { headers } = await ask(scarce)
    expect(headers['ratelimit-policy']).toBe(
      '"address";q=60;w=60, "caller";q=10;w=60, "caller-day";q=12;w=86400, "preset";q=2;w=3600',
    )
    expect(headers['ratelimit']).toBe('"preset";r=1;t=3600')
    expect((await ask()).headers['ratelimit']).toBe('"caller";r=8;t=60')
  })

  it('never show totals, except in Retry-After', async () => {
    const { ask, statuses } = await start(environment)
    await statuses(...Array.from({ length: 7 }, (_, index) => ({ from: index + 10 })))
    const { statusCode, headers } = await ask()
    expect(statusCode).toBe(429)
    expect(headers['ratelimit-policy']).not.toMatch(/total|q=7;/)
    expect(headers['ratelimit']).toBe('"caller";r=10;t=0')
    expect(Number(headers['retry-after'])).toBeGreaterThan(50)
  })

  it('name the slowest policy that refused', async () => {
    const { ask } = await start({ ...environment, ...perCaller('1/minute,1/hour') })
    await ask()
    const { headers } = await ask()
    expect(headers['ratelimit']).toMatch(/^"caller-hour";r=0;t=(3599|3600)$/)
    expect(headers['retry-after']).toBe(headers['ratelimit']?.toString().split('t=')[1])
  })
})
