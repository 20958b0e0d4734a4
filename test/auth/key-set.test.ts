import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { KeySet } from '../../src/auth/key-set.ts'
import { type Answer, answerKeys } from '../support/tokens.ts'
import { has, prepareKeySets, unavailable } from './key-sets.ts'

const createKeySet = prepareKeySets()

describe('a key set', () => {
  it('is unavailable before its first fetch', async () => {
    const { keySet, server } = await createKeySet()
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    expect(server.asked).toEqual([])
  })

  it('is fetched with one plain GET', async () => {
    const { keySet, server, changes } = await createKeySet()
    await keySet.refresh()
    expect(server.asked).toEqual(['GET /jwks'])
    expect(keySet.available).toBe(true)
    expect(await has(await keySet.current(), 'first')).toBe(true)
    expect(changes).toEqual([])
  })

  it('is awaited during its first fetch, which all tokens share', async () => {
    const { keySet, server } = await createKeySet()
    void keySet.refresh()
    const all = await Promise.all(Array.from({ length: 50 }, () => keySet.current()))
    expect(new Set(all).size).toBe(1)
    expect(server.asked).toHaveLength(1)
  })

  it('is not awaited during later fetches', async () => {
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    server.answer(() => undefined)
    const ends: string[] = []
    const refreshing = keySet.refresh().then(() => ends.push('fetched'))
    expect(await has(await keySet.current(), 'first')).toBe(true)
    expect(ends).toEqual([])
    await keySet.close()
    await refreshing
  })

  it('is fetched once by simultaneous calls', async () => {
    const { keySet, server } = await createKeySet()
    await Promise.all([keySet.refresh(), keySet.refresh()])
    expect(server.asked).toHaveLength(1)
  })

  it('may have a query in its URL', async () => {
    const { keySet, server } = await createKeySet(undefined, '?tenant=a')
    await keySet.refresh()
    expect(server.asked).toEqual(['GET /jwks?tenant=a'])
  })

  it('keeps its keys if the text has not changed', async () => {
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    const before = await keySet.current()
    await keySet.refresh()
    expect(await keySet.current()).toBe(before)
    expect(server.asked).toHaveLength(2)
  })

  it('loses the keys that the next fetch lacks', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    server.answer(answerKeys(second))
    await keySet.refresh()
    const keys = await keySet.current()
    expect([await has(keys, 'first'), await has(keys, 'second')]).toEqual([false, true])
  })

  it.each<[what: string, part: object | undefined]>([
    ['is empty', undefined],
    ['has only a key for encryption', { use: 'enc' }],
    ['has only a key for signing', { key_ops: ['sign'] }],
    ['has only a secret', { kty: 'oct', k: 'AAAA' }],
  ])('that %s verifies nothing, and that is reported', async (_, part) => {
    const { keySet, changes } = await createKeySet(({ first }) =>
      part === undefined ? answerKeys() : answerKeys({ ...first, jwk: { ...first.jwk, ...part } }),
    )
    await keySet.refresh()
    expect(await has(await keySet.current(), 'first')).toBe(false)
    expect(changes).toEqual(['no_signing_key'])
  })

  it.each<[what: string, headers: Record<string, string>, dates: readonly number[]]>([
    ['the date of the reply', { date: 'Fri, 25 Sep 2026 10:00:00 GMT' }, [Date.UTC(2026, 8, 25, 10)]],
    [
      'the date of a cached reply plus its age',
      { date: 'Fri, 25 Sep 2026 10:00:00 GMT', age: '90' },
      [Date.UTC(2026, 8, 25, 10, 1, 30)],
    ],
    ['no date that is malformed', { date: 'today' }, []],
    ['no date with a malformed age', { date: 'Fri, 25 Sep 2026 10:00:00 GMT', age: 'x' }, []],
  ])('reports %s', async (_, headers, expected) => {
    const { keySet, dates } = await createKeySet(
      () => (_request, response) => response.writeHead(200, headers).end('{"keys":[]}'),
    )
    await keySet.refresh()
    expect(dates).toEqual(expected)
  })
})

/** Sends blanks without end. */
const flood = (response: Parameters<Answer>[1]): void => {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) continue
  }
  response.on('drain', more)
  more()
}

describe('a reply that is not a key set', () => {
  it.each<[what: string, cause: string, answer: Answer]>([
    [
      'a redirect',
      'status_302',
      (_, response) => response.writeHead(302, { location: '/jwks' }).end('{"keys":[]}'),
    ],
    ['a refusal', 'status_403', (_, response) => response.writeHead(403).end('{"keys":[]}')],
    ['an error', 'status_500', (_, response) => response.writeHead(500).end('{"keys":[]}')],
    ['no content', 'status_204', (_, response) => response.writeHead(204).end()],
    ['a page', 'html', (_, response) => response.end('<html>')],
    ['an empty body', 'not_json', (_, response) => response.end()],
    ['text', 'not_json', (_, response) => response.end('keys')],
    [
      'a discovery document',
      'discovery_document',
      (_, response) => response.end('{"issuer":"https://a.example","jwks_uri":"https://a.example/jwks"}'),
    ],
    [
      'a map of certificates',
      'x509_map',
      (_, response) =>
        response.end('{"a1":"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"}'),
    ],
    ['a list', 'not_a_key_set', (_, response) => response.end('[]')],
    ['null', 'not_a_key_set', (_, response) => response.end('null')],
    ['an object without keys', 'not_a_key_set', (_, response) => response.end('{}')],
    ['keys that are not a list', 'not_a_key_set', (_, response) => response.end('{"keys":{}}')],
    ['keys that are not objects', 'not_a_key_set', (_, response) => response.end('{"keys":["x"]}')],
    [
      'half a key set',
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('{"keys":[')
        setImmediate(() => response.destroy())
      },
    ],
    ['a closed connection', 'UND_ERR_SOCKET', (request) => request.socket.destroy()],
    [
      'a key set of 256 KiB and a byte',
      'UND_ERR_RES_EXCEEDED_MAX_SIZE',
      (_, response) => response.end(`{"keys":[]}${' '.repeat(256 * 1024 - 10)}`),
    ],
    ['a key set without end', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', (_, response) => flood(response)],
  ])('is reported: %s (%s)', async (_, cause, answer) => {
    const { keySet, changes, server } = await createKeySet(() => answer)
    await keySet.refresh()
    expect(changes).toEqual([cause])
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    expect(server.asked).toHaveLength(1)
  })

  it.each<[what: string, answer: Answer]>([
    ['no reply', () => undefined],
    ['no body', (_, response) => response.writeHead(200).flushHeaders()],
  ])('times out after 5 s: %s', async (_, answer) => {
    const { keySet, changes, server } = await createKeySet(() => answer)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const fetched = keySet.refresh()
    await vi.waitFor(() => expect(server.asked).toHaveLength(1))
    vi.advanceTimersByTime(4_999)
    expect(changes).toEqual([])
    vi.advanceTimersByTime(1)
    await fetched
    expect(changes).toEqual(['timeout'])
  })

  it('may have 256 KiB', async () => {
    const { keySet } = await createKeySet(
      () => (_, response) => response.end(`{"keys":[]}${' '.repeat(256 * 1024 - 11)}`),
    )
    await keySet.refresh()
    expect(keySet.available).toBe(true)
  })

  it('is reported by the code of the network', async () => {
    const changes: unknown[] = []
    const url = new URL('http://127.0.0.1:1/jwks')
    const keySet = new KeySet({
      url,
      proxy: undefined,
      monotonicNow: () => 0,
      onChange: (cause) => changes.push(cause),
    })
    onTestFinished(() => keySet.close())
    await keySet.refresh()
    expect(changes).toEqual(['ECONNREFUSED'])
  })
})
