import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, refusalOf, SESSIONS } from '../support/replies.ts'
import { ORIGIN, type Reply, startTestService, type TestServiceOptions } from '../support/service.ts'

const presets = `
presets:
  plain:
    session: { type: realtime, model: gpt-realtime-2.1 }
  scarce:
    session: { type: realtime, model: gpt-realtime-2.1 }
    limits: { per_caller: 2/hour, total: 3/hour }
`

interface Asked {
  readonly preset?: string
  readonly from?: string
  readonly url?: string
  readonly body?: object
}

const limited = [429, 'rate_limited', null] as const

async function start(environment: NonNullable<TestServiceOptions['environment']>) {
  const service = await startTestService({ presets, environment })
  const ask = ({
    preset = 'plain',
    from = '192.0.2.1',
    url = CLIENT_SECRETS,
    body = {},
  }: Asked = {}): Promise<Reply> =>
    service.app.inject({
      method: 'POST',
      url: `${url}?preset=${preset}`,
      remoteAddress: from,
      headers: { origin: ORIGIN },
      payload: body,
    })
  /** The statuses of these requests, one after the other. */
  async function statuses(...all: readonly Asked[]): Promise<readonly number[]> {
    const found: number[] = []
    for (const asked of all) found.push((await ask(asked)).statusCode)
    return found
  }
  const lastReason = async (): Promise<unknown> => (await service.records()).at(-1)?.['reason']
  return { ...service, ask, statuses, lastReason }
}

describe('a limit', () => {
  it('per caller counts the mints of each address', async () => {
    const { statuses, lastReason } = await start({ RATE_LIMIT_PER_CALLER: '2/day' })
    const other = { from: '192.0.2.2' }
    expect(await statuses({}, {}, {}, other, other, other)).toEqual([200, 200, 429, 200, 200, 429])
    expect(await lastReason()).toBe('limit_per_caller')
  })

  it('per caller counts IPv6 by /64, and mapped IPv4 as IPv4', async () => {
    const { statuses } = await start({ RATE_LIMIT_PER_CALLER: '1/day' })
    const [one, two] = [{ from: '2001:db8:1:2::1' }, { from: '2001:db8:1:2:ffff::1' }]
    expect(await statuses(one, two, { from: '192.0.2.7' }, { from: '::ffff:192.0.2.7' })).toEqual([
      200, 429, 200, 429,
    ])
  })

  it('per caller covers both routes and all presets', async () => {
    const { statuses } = await start({ RATE_LIMIT_PER_CALLER: '2/day' })
    expect(await statuses({}, { url: SESSIONS, preset: 'scarce' }, {})).toEqual([200, 200, 429])
  })

  it('in total counts the mints of all callers', async () => {
    const { statuses, lastReason } = await start({ RATE_LIMIT_TOTAL: '2/day' })
    const all = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((from) => ({ from }))
    expect(await statuses(...all)).toEqual([200, 200, 429])
    expect(await lastReason()).toBe('limit_total')
  })

  it('per preset and caller counts each caller’s mints of the preset', async () => {
    const { statuses, lastReason } = await start({})
    const scarce = { preset: 'scarce' }
    expect(await statuses(scarce, scarce, scarce, {}, { ...scarce, from: '192.0.2.2' })).toEqual([
      200, 200, 429, 200, 200,
    ])
    expect(await statuses(scarce)).toEqual([429])
    expect(await lastReason()).toBe('limit_per_preset_and_caller')
  })

  it('per preset counts all mints of the preset', async () => {
    const { statuses, lastReason } = await start({})
    const all = ['1', '2', '3', '4'].map((last) => ({ preset: 'scarce', from: `192.0.2.${last}` }))
    expect(await statuses(...all)).toEqual([200, 200, 200, 429])
    expect(await lastReason()).toBe('limit_per_preset')
  })

  it('enforces each of its rules', async () => {
    const { statuses } = await start({ RATE_LIMIT_PER_CALLER: '5/second,2/day' })
    expect(await statuses({}, {}, {})).toEqual([200, 200, 429])
  })

  it('defaults to 10 a minute and 200 a day per caller', async () => {
    const { ask } = await start({ RATE_LIMIT_PER_CALLER: undefined, RATE_LIMIT_TOTAL: undefined })
    const { headers } = await ask()
    expect(headers['ratelimit-policy']).toMatch(/"caller";q=10;w=60, "caller-day";q=200;w=86400$/)
    expect(headers['ratelimit']).toBe('"caller";r=9;t=60')
  })
})

describe('a mint that one level refuses', () => {
  it('counts at no other level', async () => {
    const { ask, statuses } = await start({ RATE_LIMIT_PER_CALLER: '1/day', RATE_LIMIT_TOTAL: '3/day' })
    await statuses({}, {}, {}, {}, {})
    expect(await statuses({ from: '192.0.2.2' }, { from: '192.0.2.3' })).toEqual([200, 200])
    expect(refusalOf(await ask({ from: '192.0.2.4' }))).toEqual(limited)
  })

  it('because of its preset does not count for other presets', async () => {
    const { statuses } = await start({ RATE_LIMIT_PER_CALLER: '3/day' })
    const scarce = { preset: 'scarce' }
    expect(await statuses(scarce, scarce, scarce, scarce, {}, {})).toEqual([200, 200, 429, 429, 200, 429])
  })

  it('waits for the slowest of several levels', async () => {
    const { ask, statuses, lastReason } = await start({
      RATE_LIMIT_PER_CALLER: '1/minute',
      RATE_LIMIT_TOTAL: '1/day',
    })
    await statuses({})
    expect((await ask()).headers['retry-after']).toBe('86400')
    expect(await lastReason()).toBe('limit_total')
  })
})

describe('the limits', () => {
  it('count a mint that fails, without a refund', async () => {
    const { sandbox, statuses } = await start({ RATE_LIMIT_PER_CALLER: '1/day' })
    sandbox.behave({ kind: 'status', status: 400 })
    expect(await statuses({}, {})).toEqual([502, 429])
  })

  it.each<[what: string, asked: Asked, status: number]>([
    ['an unknown preset', { preset: 'nobody' }, 404],
    ['an unknown field', { body: { x: 1 } }, 400],
    ['a closed override', { body: { session: { type: 'realtime', model: 'x' } } }, 403],
    ['a raised expiry', { body: { expires_after: { anchor: 'created_at', seconds: 7_200 } } }, 403],
  ])('do not count %s', async (_, asked, status) => {
    const { statuses } = await start({ RATE_LIMIT_PER_CALLER: '1/day', RATE_LIMIT_TOTAL: '1/day' })
    expect(await statuses(asked, asked, {}, asked)).toEqual([status, status, 200, status])
  })

  it('come after the check for mints in flight', async () => {
    const { sandbox, ask } = await start({ RATE_LIMIT_PER_CALLER: '1/day', MAX_CONCURRENT_MINTS: '1' })
    sandbox.behave({ kind: 'hang' })
    const hanging = ask()
    await expect.poll(() => sandbox.requests.length).toBe(1)
    expect(refusalOf(await ask())).toEqual([503, 'overloaded', null])
    expect(refusalOf(await ask({ from: '192.0.2.2' }))).toEqual([503, 'overloaded', null])
    await sandbox.close()
    await hanging
  })
})

describe('the headers', () => {
  const environment = {
    RATE_LIMIT_PER_ADDRESS: '60/minute',
    RATE_LIMIT_PER_CALLER: '10/minute,12/day',
    RATE_LIMIT_TOTAL: '7/minute',
  }

  it('list the caller’s own policies, and the state of the tightest', async () => {
    const { ask } = await start(environment)
    const { headers } = await ask({ preset: 'scarce' })
    expect(headers['ratelimit-policy']).toBe(
      '"address";q=60;w=60, "caller";q=10;w=60, "caller-day";q=12;w=86400, "preset";q=2;w=3600',
    )
    expect(headers['ratelimit']).toBe('"preset";r=1;t=3600')
    expect((await ask()).headers['ratelimit']).toBe('"caller";r=8;t=60')
  })

  it('never show totals, but Retry-After does', async () => {
    const { ask, statuses } = await start(environment)
    await statuses(...Array.from({ length: 7 }, (_, index) => ({ from: `192.0.2.${index + 10}` })))
    const { statusCode, headers } = await ask()
    expect(statusCode).toBe(429)
    expect(headers['ratelimit-policy']).not.toMatch(/total|q=7;/)
    expect(headers['ratelimit']).toBe('"caller";r=10;t=0')
    expect(Number(headers['retry-after'])).toBeGreaterThan(50)
    expect(headers['access-control-expose-headers']).toMatch(/Retry-After, RateLimit, RateLimit-Policy/)
  })

  it('name the policy that refused', async () => {
    const { ask, statuses } = await start({ ...environment, RATE_LIMIT_PER_CALLER: '1/minute' })
    await statuses({})
    const { headers } = await ask()
    expect(headers['ratelimit']).toMatch(/^"caller";r=0;t=(59|60)$/)
    expect(headers['retry-after']).toBe(headers['ratelimit']?.toString().split('t=')[1])
  })

  it('show only the limit per address for other requests', async () => {
    const { app } = await start(environment)
    const { headers } = await app.inject('/nowhere')
    expect(headers).toMatchObject({
      'ratelimit-policy': '"address";q=60;w=60',
      ratelimit: '"address";r=59;t=60',
    })
  })
})
