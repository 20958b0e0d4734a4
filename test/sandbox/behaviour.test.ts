import { once } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { apiKey, flatPath, post, raw, useSandbox } from './caller.ts'

const sandbox = useSandbox()
const sessions = useSandbox({ api: 'sessions' })

const stillWaiting = Promise.resolve('still waiting')

const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status

/** Sends a request and waits until the sandbox has it, so that the next one comes after it. */
async function begin(to: Sandbox): Promise<{ reply: Promise<Response> }> {
  const seen = to.requests.length
  const reply = post(to, {})
  reply.catch(() => undefined)
  await vi.waitFor(() => expect(to.requests.length).toBeGreaterThan(seen), { interval: 2 })
  return { reply }
}

type Order = readonly [behaviour: Behaviour, times?: number]

const failing = (status: number): Behaviour => ({ kind: 'status', status })

describe('a behaviour', () => {
  it.each<[what: string, orders: Order[], statuses: number[]]>([
    ['lasts for the given number of requests', [[failing(500), 2]], [500, 500, 200]],
    ['lasts until the next one', [[failing(503)]], [503, 503, 503]],
    [
      'replaces the one before',
      [
        [failing(500), 5],
        [failing(503), 1],
      ],
      [503, 200, 200],
    ],
    ['may be normal again', [[failing(503)], [{ kind: 'normal' }]], [200, 200, 200]],
  ])('%s', async (_, orders, statuses) => {
    for (const order of orders) sandbox().behave(...order)
    for (const expected of statuses) expect(await statusOf(post(sandbox(), {}))).toBe(expected)
  })

  it('counts refused requests, and not those to other URLs', async () => {
    sandbox().behave(failing(500), 2)
    expect(await statusOf(post(sandbox(), {}, { path: '/models' }))).toBe(404)
    expect(await statusOf(post(sandbox(), 'oops'))).toBe(500)
    expect(await statusOf(post(sandbox(), {}))).toBe(500)
    expect(await statusOf(post(sandbox(), {}))).toBe(200)
  })

  it.each<[Behaviour, number, unknown]>([
    [{ kind: 'delay', ms: 0 }, 200, { client_secret: expect.any(Object) }],
    [failing(429), 429, { error: { code: 'rate_limit_exceeded' } }],
    [failing(401), 401, { error: { code: 'invalid_api_key' } }],
    [{ kind: 'status', status: 200, body: { value: 'ek_a' } }, 200, { value: 'ek_a' }],
  ])('is the same for a flat request: %j', async (behaviour, code, body) => {
    sessions().behave(behaviour)
    const response = await post(sessions(), {}, { path: flatPath })
    expect(response.status).toBe(code)
    expect(await response.json()).toMatchObject(Object(body))
  })

  it.each([0, -1, 1.5])('%d times is an error', (times) => {
    expect(() => sandbox().behave({ kind: 'hang' }, times)).toThrow('times')
  })
})

const quotas = [
  'insufficient_quota',
  'credit_balance_exhausted',
  ...['organization_spend', 'project_spend', 'organization_usage'].map((name) => `${name}_limit_exceeded`),
]

describe('a status', () => {
  it.each<[status: number, asked: string | null | undefined, code: string | null, type: string]>([
    [400, undefined, 'invalid_value', 'invalid_request_error'],
    [400, 'beta_api_shape_disabled', 'beta_api_shape_disabled', 'invalid_request_error'],
    [400, 'unknown_parameter', 'unknown_parameter', 'invalid_request_error'],
    [401, undefined, 'invalid_api_key', 'invalid_request_error'],
    [403, undefined, 'unsupported_country_region_territory', 'request_forbidden'],
    [403, 'model_not_found', 'model_not_found', 'invalid_request_error'],
    [404, undefined, 'model_not_found', 'invalid_request_error'],
    [404, null, null, 'invalid_request_error'],
    [429, undefined, 'rate_limit_exceeded', 'requests'],
    [429, 'slow_down', 'slow_down', 'rate_limit_error'],
    ...quotas.map((code): [number, string, string, string] => [429, code, code, 'insufficient_quota']),
    [500, undefined, 'server_error', 'server_error'],
    [502, undefined, null, 'server_error'],
    [503, undefined, 'server_is_overloaded', 'service_unavailable_error'],
  ])('of %i with code %j is answered as code %j of type %s', async (status, asked, code, type) => {
    sandbox().behave({ kind: 'status', status, code: asked })
    const response = await post(sandbox(), {})
    expect(response.status).toBe(status)
    expect(await response.json()).toStrictEqual({
      error: { message: expect.stringMatching(/./), type, param: null, code },
    })
  })

  it('of 401 shows the ends of the real key, so that tests notice a relay of it', async () => {
    sandbox().behave({ kind: 'status', status: 401 })
    const shown = await (await post(sandbox(), {})).text()
    expect(shown).toMatch(/sk-\*+WXYZ/)
    expect(shown).not.toContain(apiKey)
  })

  it('can have another message', async () => {
    sandbox().behave({ kind: 'status', status: 500, message: 'Boom' })
    expect(await (await post(sandbox(), {})).json()).toMatchObject({ error: { message: 'Boom' } })
  })

  it.each([
    ['plain text', 'plain text'],
    ['', ''],
    [{ error: { code: 401 } }, '{"error":{"code":401}}'],
    [null, 'null'],
  ])('takes %j as its body', async (body, sent) => {
    sandbox().behave({ kind: 'status', status: 500, body })
    expect(await (await post(sandbox(), {})).text()).toBe(sent)
  })

  it.each([204, 304])('of %i has no body', async (status) => {
    sandbox().behave({ kind: 'status', status })
    const response = await post(sandbox(), {})
    expect(response.status).toBe(status)
    expect(response.headers.has('content-length')).toBe(false)
  })
})

describe('a failure to answer', () => {
  it('headers-only sends the headers of a 200 and no byte of a body', async () => {
    sandbox().behave({ kind: 'headers-only' }, 1)
    const response = await post(sandbox(), {})
    expect(response.status).toBe(200)
    const body = response.text().catch(() => 'cut')
    await post(sandbox(), {})
    expect(await Promise.race([body, stillWaiting])).toBe('still waiting')
  })

  it('drip sends a byte at a time', async () => {
    sandbox().behave({ kind: 'drip' }, 1)
    const response = await post(sandbox(), {})
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value).toHaveLength(1)
    expect((await reader?.read())?.value).toHaveLength(1)
    await reader?.cancel()
  })

  it('delay answers as usual, but later', async () => {
    sandbox().behave({ kind: 'delay', ms: 200 }, 1)
    const { reply } = await begin(sandbox())
    const later = reply.then((response) => ['later', response.status])
    const sooner = post(sandbox(), {}).then((response) => ['sooner', response.status])
    expect(await Promise.race([later, sooner])).toStrictEqual(['sooner', 200])
    expect(await later).toStrictEqual(['later', 200])
  })

  it('reset cuts the connection after recording the request', async () => {
    const seen = sandbox().requests.length
    sandbox().behave({ kind: 'reset' }, 1)
    await expect(post(sandbox(), {})).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(sandbox().requests).toHaveLength(seen + 1)
  })

  it('truncate ends before the length it announced', async () => {
    sandbox().behave({ kind: 'truncate' }, 1)
    const reply = await raw(sandbox())
    const chunks: Buffer[] = []
    reply.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    await expect(once(reply, 'end')).rejects.toThrow('aborted')
    const body = Buffer.concat(chunks)
    expect(JSON.parse(body.toString())).toHaveProperty('value')
    expect(Number(reply.headers['content-length'])).toBeGreaterThan(body.length)
  })
})

describe('closing', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each<[behaviour: Behaviour, timers: number]>([
    [{ kind: 'hang' }, 0],
    [{ kind: 'headers-only' }, 0],
    [{ kind: 'drip' }, 1],
    [{ kind: 'delay', ms: 60_000 }, 1],
  ])('ends a request under %j at once, and its timer', async (behaviour, timers) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'] })
    const own = await startSandbox({ apiKey })
    own.behave(behaviour)
    const { reply } = await begin(own)
    const whole = reply.then((response) => response.text())
    whole.catch(() => undefined)
    expect(vi.getTimerCount()).toBe(timers)
    await own.close()
    await expect(whole).rejects.toThrow(/fetch failed|terminated/)
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0), { interval: 2 })
  })
})
