import { describe, expect, it } from 'vitest'
import { type Behaviour, behaviourKinds } from '../../sandbox/behaviour.ts'
import { post, useSandbox } from './caller.ts'

const sandbox = useSandbox()

const tell = (body: string): Promise<Response> =>
  fetch(new URL('/sandbox/behaviour', sandbox().baseUrl), { method: 'PUT', body })

const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status

const orders: Behaviour[] = [
  { kind: 'normal' },
  { kind: 'delay', ms: 0 },
  { kind: 'delay', ms: 600_000 },
  { kind: 'status', status: 200 },
  { kind: 'status', status: 599, code: null, message: 'b', body: 5, headers: { a: 'b' } },
  { kind: 'hang' },
  { kind: 'headers-only' },
  { kind: 'drip' },
  { kind: 'reset' },
  { kind: 'truncate' },
  { kind: 'malformed', variant: 'html' },
]

describe('a behaviour that is set over HTTP', () => {
  it('is the same as one that is set in the program', async () => {
    const order = { behaviour: { kind: 'status', status: 418, headers: { 'retry-after': '3' } }, times: 1 }
    const told = await tell(JSON.stringify(order))
    expect(told.status).toBe(200)
    expect(await told.json()).toStrictEqual(order)
    const response = await post(sandbox(), {})
    expect(response.status).toBe(418)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(await statusOf(post(sandbox(), {}))).toBe(200)
  })

  it.each([
    ['', 'behaviour'],
    ['{}', 'behaviour'],
    ['{"behaviour":{"kind":"explode"}}', 'behaviour.kind'],
    ['{"behaviour":{"kind":"delay"}}', 'behaviour.ms'],
    ['{"behaviour":{"kind":"delay","ms":600001}}', 'behaviour.ms'],
    ['{"behaviour":{"kind":"hang","ms":1}}', '"ms"'],
    ['{"behaviour":{"kind":"status","status":199}}', 'behaviour.status'],
    ['{"behaviour":{"kind":"status","status":600}}', 'behaviour.status'],
    ['{"behaviour":{"kind":"status","status":500,"headers":{"a b":"c"}}}', 'behaviour.headers'],
    ['{"behaviour":{"kind":"status","status":500,"headers":{"a":"b\\r\\nc: d"}}}', 'behaviour.headers'],
    ['{"behaviour":{"kind":"malformed","variant":"odd"}}', 'behaviour.variant'],
    ['{"behaviour":{"kind":"hang"},"times":0}', 'times'],
    ['{"behaviour":{"kind":"hang"},"for":1}', '"for"'],
  ])('with %s is refused with what is wrong, an example and the kinds there are', async (body, what) => {
    const told = await tell(body)
    const { error } = Object(await told.json())
    expect(told.status).toBe(400)
    expect(error.message).toContain(what)
    for (const kind of behaviourKinds) expect(error.message).toContain(kind)
    expect(await statusOf(post(sandbox(), {}))).toBe(200)
  })

  it('accepts every kind', () => {
    expect(new Set(orders.map(({ kind }) => kind))).toStrictEqual(new Set(behaviourKinds))
  })

  it.each(orders)('accepts %j, and no other field', async (behaviour) => {
    expect((await tell(JSON.stringify({ behaviour }))).status).toBe(200)
    expect((await tell(JSON.stringify({ behaviour: { ...behaviour, besides: 1 } }))).status).toBe(400)
  })

  it.each([
    ['POST', '/sandbox/behaviour'],
    ['DELETE', '/sandbox/requests'],
    ['GET', '/sandbox/secrets'],
  ])('knows no %s %s and says what it knows', async (method, path) => {
    const response = await fetch(new URL(path, sandbox().baseUrl), { method })
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('PUT /sandbox/behaviour and GET /sandbox/requests')
  })
})
