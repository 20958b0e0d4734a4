import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Answer, answerKeys } from '../support/tokens.ts'
import { has, prepareKeySets, unavailable } from './key-sets.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const createKeySet = prepareKeySets()

const down: Answer = (request) => request.socket.destroy()

/** Timers stand still until they are moved; sockets do not. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('by itself', () => {
  it('the set is fetched every five minutes, ahead of need', async () => {
    stopTimers()
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    // From now on this asks for nothing, and only waits.
    await keySet.newerThan(keys)
    vi.advanceTimersByTime(5 * MINUTE_MS - 1)
    await keySet.newerThan(keys)
    expect(server.asked).toHaveLength(2)
    vi.advanceTimersByTime(1)
    await keySet.newerThan(keys)
    expect(server.asked).toHaveLength(3)
  })

  it('the issuer is asked again two seconds after it failed, and so on', async () => {
    stopTimers()
    const { keySet, server, first } = await createKeySet(() => down)
    await keySet.refresh()
    vi.advanceTimersByTime(2_000)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    server.answer(answerKeys(first))
    vi.advanceTimersByTime(1_999)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
    vi.advanceTimersByTime(1)
    expect(await has(await keySet.current(), 'first')).toBe(true)
    expect(server.asked).toHaveLength(3)
  })

  it('nothing is asked for once it is closed', async () => {
    stopTimers()
    const { keySet, server, told } = await createKeySet()
    await keySet.refresh()
    server.answer(() => undefined)
    const refreshing = keySet.refresh()
    await vi.waitFor(() => expect(server.asked).toHaveLength(2))
    await keySet.close()
    await refreshing
    expect(vi.getTimerCount()).toBe(0)
    expect(await keySet.newerThan(await keySet.current())).toBeUndefined()
    expect(server.asked).toHaveLength(2)
    expect(told).toEqual([])
  })
})

describe('while the issuer is out of reach', () => {
  it('the last keys do for an hour, and not for longer', async () => {
    const { keySet, server, clock } = await createKeySet()
    await keySet.refresh()
    server.answer(down)
    for (const ms of [MINUTE_MS, HOUR_MS - MINUTE_MS - 1]) {
      clock.ms += ms
      await keySet.refresh()
      expect(await has(await keySet.current(), 'first')).toBe(true)
    }
    clock.ms += 1
    expect(keySet.available).toBe(false)
    await expect(keySet.current()).rejects.toMatchObject(unavailable)
  })

  it('that is told once, and once that it is over', async () => {
    const { keySet, server, told } = await createKeySet()
    await keySet.refresh()
    server.answer(down)
    await keySet.refresh()
    await keySet.refresh()
    expect(told).toEqual(['not coming: UND_ERR_SOCKET'])
    server.answer((_, response) => response.end('{"keys":[]}'))
    await keySet.refresh()
    await keySet.refresh()
    expect(told).toEqual(['not coming: UND_ERR_SOCKET', 'coming'])
  })

  it('keys that were too old do again once they are fetched', async () => {
    const { keySet, server, clock, first } = await createKeySet()
    await keySet.refresh()
    server.answer(down)
    clock.ms += 2 * HOUR_MS
    await keySet.refresh()
    expect(keySet.available).toBe(false)
    server.answer(answerKeys(first))
    await keySet.refresh()
    expect(await has(await keySet.current(), 'first')).toBe(true)
  })
})

describe('a key that the set lacks', () => {
  it('is asked for at once, and found', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    server.answer(answerKeys(second))
    const newer = await keySet.newerThan(keys)
    expect(await has(newer, 'second')).toBe(true)
    expect(await keySet.current()).toBe(newer)
  })

  it('is nobody’s where the set has not changed', async () => {
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    expect(await keySet.newerThan(await keySet.current())).toBeUndefined()
    expect(server.asked).toHaveLength(2)
  })

  it('is asked for every 30 s, however many tokens name one', async () => {
    const { keySet, server, clock } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    for (let second = 0; second < 90; second += 1) {
      await Promise.all(Array.from({ length: 10 }, () => keySet.newerThan(keys)))
      clock.ms += 1_000
    }
    // One at the start, and one each for 0, 30 and 60 s.
    expect(server.asked).toHaveLength(4)
  })

  it('is found by all that wait for one fetch', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    server.answer(answerKeys(second))
    const found = await Promise.all(Array.from({ length: 20 }, () => keySet.newerThan(keys)))
    expect(new Set(found).size).toBe(1)
    expect(found[0]).toBeDefined()
    expect(server.asked).toHaveLength(2)
  })

  it('is found without asking where another token has found it', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    server.answer(answerKeys(second))
    const newer = await keySet.newerThan(keys)
    expect(await keySet.newerThan(keys)).toBe(newer)
    expect(server.asked).toHaveLength(2)
  })

  it('waits for a fetch that is under way, and asks for none of its own', async () => {
    const { keySet, server, second } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    server.answer(answerKeys(second))
    void keySet.refresh()
    expect(await has(await keySet.newerThan(keys), 'second')).toBe(true)
    expect(server.asked).toHaveLength(2)
    // So the next one may still ask.
    server.answer(answerKeys())
    await keySet.newerThan(await keySet.current())
    expect(server.asked).toHaveLength(3)
  })

  it('harms no key that is there when the issuer cannot be asked', async () => {
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    server.answer((_, response) => response.writeHead(503).end())
    expect(await keySet.newerThan(keys)).toBeUndefined()
    expect(await keySet.current()).toBe(keys)
  })
})
