import { describe, expect, it, vi } from 'vitest'
import { type Answer, answerKeys } from '../support/tokens.ts'
import { createKeySet, has, stopTimers, unavailable } from './key-sets.ts'

describe('a key set', () => {
  it('is unavailable before its first fetch', async () => {
    const { keySet, server } = await createKeySet()
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    expect(server.asked).toEqual([])
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

  it('is fetched once by simultaneous calls, with the query of its URL', async () => {
    const { keySet, server } = await createKeySet(undefined, '?tenant=a')
    await Promise.all([keySet.refresh(), keySet.refresh()])
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
const flood: Answer = (_, response) => {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) continue
  }
  response.on('drain', more)
  more()
}

const stopHalfway: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': 1_000 }).write('{"keys":[')
  setImmediate(() => response.destroy())
}

const say =
  (body: string): Answer =>
  (_, response) =>
    response.end(body)

const refuse =
  (status: number, headers = {}): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(status === 204 ? '' : '{"keys":[]}')

const discovery = '{"issuer":"https://a.example","jwks_uri":"https://a.example/jwks"}'
const certificates = '{"a1":"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"}'
const maximum = `{"keys":[]}${' '.repeat(256 * 1024 - 11)}`

describe('a reply that is not a key set', () => {
  it.each<[what: string, cause: string, answer: Answer]>([
    ['a redirect', 'status_302', refuse(302, { location: '/jwks' })],
    ['a refusal', 'status_403', refuse(403)],
    ['an error', 'status_500', refuse(500)],
    ['no content', 'status_204', refuse(204)],
    ['a page', 'html', say('<html>')],
    ['an empty body', 'not_json', say('')],
    ['text', 'not_json', say('keys')],
    ['a discovery document', 'discovery_document', say(discovery)],
    ['a map of certificates', 'x509_map', say(certificates)],
    ['a list', 'not_a_key_set', say('[]')],
    ['null', 'not_a_key_set', say('null')],
    ['an object without keys', 'not_a_key_set', say('{}')],
    ['keys that are not a list', 'not_a_key_set', say('{"keys":{}}')],
    ['keys that are not objects', 'not_a_key_set', say('{"keys":["x"]}')],
    ['half a key set', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', stopHalfway],
    ['a closed connection', 'UND_ERR_SOCKET', ({ socket }) => socket.destroy()],
    ['a key set of 256 KiB and a byte', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', say(`${maximum} `)],
    ['a key set without end', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', flood],
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
    stopTimers()
    const fetched = keySet.refresh()
    await vi.waitFor(() => expect(server.asked).toHaveLength(1))
    vi.advanceTimersByTime(4_999)
    expect(changes).toEqual([])
    vi.advanceTimersByTime(1)
    await fetched
    expect(changes).toEqual(['timeout'])
  })

  it('may have 256 KiB', async () => {
    const { keySet } = await createKeySet(() => say(maximum))
    await keySet.refresh()
    expect(keySet.available).toBe(true)
  })

  it('is reported by the code of the network', async () => {
    const { keySet, changes } = await createKeySet(undefined, 'http://127.0.0.1:1/jwks')
    await keySet.refresh()
    expect(changes).toEqual(['ECONNREFUSED'])
  })
})
