import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ORIGIN, type Reply, ROOT, startTestService } from '../support/service.ts'
import { shareService } from '../support/shared-service.ts'

const service = shareService()

const ask = (method: 'HEAD' | 'POST'): Promise<Reply> => service().app.inject({ method, url: '/client.js' })

const load = (headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  service().app.inject({ url: '/client.js', headers: { origin: ORIGIN, ...headers } })

describe('GET /client.js', () => {
  it('is the client, as JavaScript that no browser takes for something else', async () => {
    const reply = await load()
    expect(reply.statusCode).toBe(200)
    expect(reply.body).toBe(await readFile(join(ROOT, 'src/client/client.js'), 'utf8'))
    expect(reply.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    })
  })

  it('may be imported by pages of listed origins, and by no other page', async () => {
    const [listed, other] = await Promise.all([load(), load({ origin: 'https://evil.example' })])
    expect(listed.headers).toMatchObject({ 'access-control-allow-origin': ORIGIN, vary: 'Origin' })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
    expect(other.headers).toMatchObject({ vary: 'Origin' })
  })

  it('may be cached for ten minutes, and is then compared by the hash of its content', async () => {
    const { headers } = await load()
    expect(headers['cache-control']).toBe('public, max-age=600')
    expect(headers['etag']).toMatch(/^"[\w-]{22}"$/)
  })

  it.each([
    ['its tag', (tag: string) => tag],
    ['its tag among others', (tag: string) => `"other", ${tag}`],
    ['its tag as weak, after a proxy compressed it', (tag: string) => `W/${tag}`],
  ])('is a 304 for %s', async (_what, toHeader) => {
    const { headers } = await load()
    const reply = await load({ 'if-none-match': toHeader(String(headers['etag'])) })
    expect(reply).toMatchObject({ statusCode: 304, body: '' })
    for (const name of ['etag', 'cache-control', 'vary', 'access-control-allow-origin']) {
      expect(reply.headers[name]).toBe(headers[name])
    }
  })

  it('is a 200 for the tag of another version', async () => {
    expect((await load({ 'if-none-match': '"other"' })).statusCode).toBe(200)
  })

  it('answers HEAD, and other methods with 405', async () => {
    expect(await ask('HEAD')).toMatchObject({ statusCode: 200, body: '' })
    expect(await ask('POST')).toMatchObject({ statusCode: 405, headers: { allow: 'GET, HEAD' } })
  })

  it('counts against the limit of the address, like every request', async () => {
    const { app } = await startTestService({ environment: { RATE_LIMIT_PER_ADDRESS: '1/hour' } })
    const statuses = []
    for (let count = 0; count < 2; count += 1) statuses.push((await app.inject('/client.js')).statusCode)
    expect(statuses).toStrictEqual([200, 429])
  })
})
