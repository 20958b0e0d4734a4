import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { type MalformedVariant, malformedVariants } from '../../sandbox/behaviour.ts'
import { apiKey, flatPath, post, raw, useSandbox } from './caller.ts'
import { startClockedSandbox } from './connections.ts'

interface Spoiled {
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const seconds = (): number => Date.now() / 1000
const json = (reply: Spoiled): unknown => JSON.parse(reply.body.toString())
/** The part of a body that is the secret: all of it, or in the flat shape what lies in `client_secret`. */
const secretIn = (body: unknown): { value: unknown; expires_at: unknown } => {
  const { client_secret: inner = body } = Object(body)
  return Object(inner)
}
const secretOf = (reply: Spoiled): { value: unknown; expires_at: unknown } => secretIn(json(reply))
const secret = { value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/), expires_at: expect.any(Number) }
const unspoiled = (reply: Spoiled): void => expect(secretOf(reply)).toMatchObject(secret)
const withValue = (value: unknown) => (reply: Spoiled) => {
  expect(secretOf(reply).value).toStrictEqual(value)
}

const expectations: Record<Exclude<MalformedVariant, 'huge'>, (reply: Spoiled) => void> = {
  'invalid-json': (reply) => expect(() => json(reply)).toThrow('JSON'),
  html: (reply) => {
    expect(reply.headers['content-type']).toContain('text/html')
    expect(reply.body.toString()).toContain('<!doctype html>')
  },
  array: (reply) => {
    const [only, ...others] = Object(json(reply))
    expect([secretIn(only), others]).toStrictEqual([expect.objectContaining(secret), []])
  },
  empty: (reply) => expect(reply.body).toHaveLength(0),
  'utf-16': (reply) => {
    expect(reply.headers['content-type']).toContain('utf-16')
    expect(secretIn(JSON.parse(new TextDecoder('utf-16le').decode(reply.body)))).toMatchObject(secret)
  },
  gzip: (reply) => {
    expect(reply.headers['content-encoding']).toBe('gzip')
    expect(secretIn(JSON.parse(gunzipSync(reply.body).toString()))).toMatchObject(secret)
  },
  created: unspoiled,
  'no-content': (reply) => expect(reply.body).toHaveLength(0),
  'partial-content': unspoiled,
  redirect: (reply) => expect(reply.headers.location).toBe('?redirected'),
  'missing-value': withValue(undefined),
  'value-not-a-string': withValue(expect.any(Number)),
  'value-without-prefix': withValue(expect.stringMatching(/^(?!ek_)[\x21-\x7e]+$/)),
  'value-only-prefix': withValue('ek_'),
  'value-with-space': withValue(expect.stringMatching(/^ek_.* /)),
  'value-not-ascii': withValue(expect.stringMatching(/^ek_.*[^\x20-\x7e]/)),
  'value-is-api-key': withValue(apiKey),
  'value-contains-api-key': withValue(expect.stringMatching(new RegExp(`^ek_.*${apiKey}`))),
  'value-1mb': (reply) => {
    expect(secretOf(reply).value).toMatch(/^ek_/)
    expect(secretOf(reply).value).toHaveLength(1024 * 1024 + 3)
  },
  'missing-expires-at': (reply) => expect(secretOf(reply).expires_at).toBeUndefined(),
  'expires-at-in-milliseconds': (reply) =>
    expect(secretOf(reply).expires_at).toBeGreaterThan(seconds() * 999),
  'expires-at-past': (reply) => expect(secretOf(reply).expires_at).toBeLessThan(seconds()),
  'expires-at-far': (reply) => expect(secretOf(reply).expires_at).toBeGreaterThan(seconds() + 7200 + 30),
  'expires-at-string': (reply) => expect(secretOf(reply).expires_at).toMatch(/^\d+$/),
  'expires-at-float': (reply) => expect(Number(secretOf(reply).expires_at) % 1).toBe(0.5),
  'extra-fields': (reply) => expect(secretOf(reply)).toMatchObject({ ...secret, extra: expect.anything() }),
}

const oddStatuses: Partial<Record<MalformedVariant, number>> = {
  created: 201,
  'no-content': 204,
  'partial-content': 206,
  redirect: 307,
}

describe.each<[shape: string, api: 'client_secrets' | 'sessions', path: string]>([
  ['GA', 'client_secrets', '/realtime/client_secrets'],
  ['flat', 'sessions', flatPath],
])('a malformed reply in the %s shape', (_, api, path) => {
  const sandbox = useSandbox({ api })
  const spoiled = malformedVariants.filter((variant) => variant !== 'huge')
  it.each(spoiled)('%s is as its name says, and labelled', async (variant) => {
    sandbox().behave({ kind: 'malformed', variant }, 1)
    const reply = await raw(sandbox(), path)
    expect(reply.headers['x-realtime-mint-sandbox']).toContain('for development only')
    expect(reply.statusCode).toBe(oddStatuses[variant] ?? 200)
    expectations[variant]({ headers: reply.headers, body: await buffer(reply) })
  })

  it('huge sends 100 MiB', async () => {
    sandbox().behave({ kind: 'malformed', variant: 'huge' }, 1)
    const reply = await raw(sandbox(), path)
    let size = 0
    for await (const chunk of reply) size += Buffer.from(chunk).length
    expect(size).toBeGreaterThan(100 * 1024 * 1024)
  })

  it('huge stops when the client disconnects', async () => {
    const { sandbox: own, lines } = await startClockedSandbox({ api })
    own.behave({ kind: 'malformed', variant: 'huge' })
    const response = await post(own, {}, { path })
    await response.body?.cancel()
    await vi.waitFor(() => expect(lines.at(-1)).toMatchObject({ event: 'request', status: 200 }), {
      interval: 2,
    })
    expect(lines).not.toContainEqual(expect.objectContaining({ event: 'broken' }))
  })

  it('applies only to valid requests', async () => {
    sandbox().behave({ kind: 'malformed', variant: 'missing-value' }, 1)
    const response = await post(sandbox(), { surprise: 1 }, { path })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_parameter' } })
  })
})
