import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { startSandbox } from '../../src/demo/sandbox.ts'
import { type MalformedVariant, malformedVariants } from '../../src/demo/sandbox-behaviour.ts'
import { apiKey, post, raw, useSandbox } from './sandbox-caller.ts'

const sandbox = useSandbox()

interface Spoiled {
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const seconds = (): number => Date.now() / 1000
const json = (reply: Spoiled): { value: unknown; expires_at: unknown } =>
  Object(JSON.parse(reply.body.toString()))
const secret = { value: expect.stringMatching(/^ek_sandbox_[0-9a-f]{32}$/), expires_at: expect.any(Number) }
const unspoiled = (reply: Spoiled): void => expect(json(reply)).toMatchObject(secret)
const withValue = (value: unknown) => (reply: Spoiled) => {
  expect(json(reply).value).toStrictEqual(value)
}

const expectations: Record<Exclude<MalformedVariant, 'huge'>, (reply: Spoiled) => void> = {
  'invalid-json': (reply) => expect(() => json(reply)).toThrow('JSON'),
  html: (reply) => {
    expect(reply.headers['content-type']).toContain('text/html')
    expect(reply.body.toString()).toContain('<!doctype html>')
  },
  array: (reply) => expect(json(reply)).toStrictEqual([expect.objectContaining(secret)]),
  empty: (reply) => expect(reply.body).toHaveLength(0),
  'utf-16': (reply) => {
    expect(reply.headers['content-type']).toContain('utf-16')
    expect(JSON.parse(new TextDecoder('utf-16le').decode(reply.body))).toMatchObject(secret)
  },
  gzip: (reply) => {
    expect(reply.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(reply.body).toString())).toMatchObject(secret)
  },
  created: unspoiled,
  'no-content': (reply) => expect(reply.body).toHaveLength(0),
  'partial-content': unspoiled,
  redirect: (reply) => expect(reply.headers.location).toBe('/v1/realtime/client_secrets?redirected'),
  'missing-value': withValue(undefined),
  'value-not-a-string': withValue(expect.any(Number)),
  'value-without-prefix': withValue(expect.stringMatching(/^(?!ek_)[\x21-\x7e]+$/)),
  'value-only-prefix': withValue('ek_'),
  'value-with-space': withValue(expect.stringMatching(/^ek_.* /)),
  'value-not-ascii': withValue(expect.stringMatching(/^ek_.*[^\x20-\x7e]/)),
  'value-is-api-key': withValue(apiKey),
  'value-contains-api-key': withValue(expect.stringMatching(new RegExp(`^ek_.*${apiKey}`))),
  'value-1mb': (reply) => {
    expect(json(reply).value).toMatch(/^ek_/)
    expect(json(reply).value).toHaveLength(1024 * 1024 + 3)
  },
  'missing-expires-at': (reply) => expect(json(reply).expires_at).toBeUndefined(),
  'expires-at-in-milliseconds': (reply) => expect(json(reply).expires_at).toBeGreaterThan(seconds() * 999),
  'expires-at-past': (reply) => expect(json(reply).expires_at).toBeLessThan(seconds()),
  'expires-at-far': (reply) => expect(json(reply).expires_at).toBeGreaterThan(seconds() + 7200 + 30),
  'expires-at-string': (reply) => expect(json(reply).expires_at).toMatch(/^\d+$/),
  'expires-at-float': (reply) => expect(Number(json(reply).expires_at) % 1).toBe(0.5),
  'extra-fields': (reply) => expect(json(reply)).toMatchObject({ ...secret, extra: expect.anything() }),
}

const oddStatuses: Partial<Record<MalformedVariant, number>> = {
  created: 201,
  'no-content': 204,
  'partial-content': 206,
  redirect: 307,
}

describe('a malformed reply', () => {
  const spoiled = malformedVariants.filter((variant) => variant !== 'huge')
  test.each(spoiled)('%s is just that, and labelled', async (variant) => {
    sandbox().behave({ kind: 'malformed', variant }, 1)
    const reply = await raw(sandbox())
    expect(reply.headers['x-realtime-mint-sandbox']).toContain('for development only')
    expect(reply.statusCode).toBe(oddStatuses[variant] ?? 200)
    expectations[variant]({ headers: reply.headers, body: await buffer(reply) })
  })

  test('huge goes on for 100 MiB', async () => {
    sandbox().behave({ kind: 'malformed', variant: 'huge' }, 1)
    const reply = await raw(sandbox())
    let size = 0
    for await (const chunk of reply) size += Buffer.from(chunk).length
    expect(size).toBeGreaterThan(100 * 1024 * 1024)
  })

  test('huge stops when the reader goes away', async () => {
    const lines: object[] = []
    const own = await startSandbox({ apiKey, log: (line) => lines.push(line) })
    own.behave({ kind: 'malformed', variant: 'huge' })
    const response = await post(own, {})
    await response.body?.cancel()
    await vi.waitFor(() => expect(lines.at(-1)).toMatchObject({ event: 'request', status: 200 }), {
      interval: 2,
    })
    expect(lines).not.toContainEqual(expect.objectContaining({ event: 'broken' }))
    await own.close()
  })

  test('is only for requests that deserve a secret', async () => {
    sandbox().behave({ kind: 'malformed', variant: 'missing-value' }, 1)
    const response = await post(sandbox(), { session: { type: 'realtime', temperature: 1 } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_parameter' } })
  })
})
