import { describe, expect, it, onTestFinished } from 'vitest'
import { KeySet } from '../../src/auth/key-set.ts'
import { type Answer, answerKeys } from '../support/tokens.ts'
import { has, prepareKeySets, unavailable } from './key-sets.ts'

const createKeySet = prepareKeySets()

describe('a key set', () => {
  it('that was never asked for is none', async () => {
    const { keySet, server } = await createKeySet()
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    expect(server.asked).toEqual([])
  })

  it('is fetched with one plain GET', async () => {
    const { keySet, server, told } = await createKeySet()
    await keySet.refresh()
    expect(server.asked).toEqual(['GET /jwks'])
    expect(keySet.available).toBe(true)
    expect(await has(await keySet.current(), 'first')).toBe(true)
    expect(told).toEqual([])
  })

  it('that is being fetched for the first time is waited for, by all with one fetch', async () => {
    const { keySet, server } = await createKeySet()
    void keySet.refresh()
    const all = await Promise.all(Array.from({ length: 50 }, () => keySet.current()))
    expect(new Set(all).size).toBe(1)
    expect(server.asked).toHaveLength(1)
  })

  it('is not waited for while there is one', async () => {
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

  it('is fetched once for all that ask for it at once', async () => {
    const { keySet, server } = await createKeySet()
    await Promise.all([keySet.refresh(), keySet.refresh()])
    expect(server.asked).toHaveLength(1)
  })

  it('may have a query in its URL', async () => {
    const { keySet, server } = await createKeySet(undefined, '?tenant=a')
    await keySet.refresh()
    expect(server.asked).toEqual(['GET /jwks?tenant=a'])
  })

  it('with the same text is the same', async () => {
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    const before = await keySet.current()
    await keySet.refresh()
    expect(await keySet.current()).toBe(before)
    expect(server.asked).toHaveLength(2)
  })

  it('is replaced by the next, and so a key that is gone holds no more', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    server.answer(answerKeys(second))
    await keySet.refresh()
    const keys = await keySet.current()
    expect([await has(keys, 'first'), await has(keys, 'second')]).toEqual([false, true])
  })

  it('without a key is one by which no token holds', async () => {
    const { keySet } = await createKeySet(() => answerKeys())
    await keySet.refresh()
    expect(await has(await keySet.current(), 'first')).toBe(false)
  })
})

/** Blanks without an end. */
const flood = (response: Parameters<Answer>[1]): void => {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) continue
  }
  response.on('drain', more)
  more()
}

describe('what is no key set', () => {
  it.each<[what: string, cause: string, answer: Answer]>([
    [
      'a redirect',
      'status_302',
      (_, response) => response.writeHead(302, { location: '/jwks' }).end('{"keys":[]}'),
    ],
    ['a refusal', 'status_403', (_, response) => response.writeHead(403).end('{"keys":[]}')],
    ['an error', 'status_500', (_, response) => response.writeHead(500).end('{"keys":[]}')],
    ['no content', 'status_204', (_, response) => response.writeHead(204).end()],
    ['a page', 'not_a_key_set', (_, response) => response.end('<html>')],
    ['nothing', 'not_a_key_set', (_, response) => response.end()],
    ['a list', 'not_a_key_set', (_, response) => response.end('[]')],
    ['null', 'not_a_key_set', (_, response) => response.end('null')],
    ['an object without keys', 'not_a_key_set', (_, response) => response.end('{}')],
    ['keys that are no list', 'not_a_key_set', (_, response) => response.end('{"keys":{}}')],
    ['keys that are no objects', 'not_a_key_set', (_, response) => response.end('{"keys":["x"]}')],
    [
      'half of it',
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('{"keys":[')
        setImmediate(() => response.destroy())
      },
    ],
    ['a closed connection', 'UND_ERR_SOCKET', (request) => request.socket.destroy()],
    [
      'one of 256 KiB and a byte',
      'UND_ERR_RES_EXCEEDED_MAX_SIZE',
      (_, response) => response.end(`{"keys":[]}${' '.repeat(256 * 1024 - 10)}`),
    ],
    ['one without an end', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', (_, response) => flood(response)],
    ['silence', 'timeout', () => undefined],
    ['silence after its head', 'timeout', (_, response) => response.writeHead(200).flushHeaders()],
  ])('is %s: %s', async (_, cause, answer) => {
    const { keySet, told, server } = await createKeySet(() => answer)
    const startedAt = performance.now()
    await keySet.refresh()
    expect(performance.now() - startedAt).toBeLessThan(1_900)
    expect(told).toEqual([`not coming: ${cause}`])
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    expect(server.asked).toHaveLength(1)
  })

  it('but 256 KiB are not too many', async () => {
    const { keySet } = await createKeySet(
      () => (_, response) => response.end(`{"keys":[]}${' '.repeat(256 * 1024 - 11)}`),
    )
    await keySet.refresh()
    expect(keySet.available).toBe(true)
  })

  it('a host that takes no connections is none, and named by its code', async () => {
    const told: unknown[] = []
    const url = new URL('http://127.0.0.1:1/jwks')
    const keySet = new KeySet({ url, proxy: undefined, now: () => 0, onChange: (...all) => told.push(all) })
    onTestFinished(() => keySet.close())
    await keySet.refresh()
    expect(told).toEqual([[false, 'ECONNREFUSED']])
  })
})
