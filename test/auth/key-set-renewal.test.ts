import { describe, expect, it, vi } from 'vitest'
import { type Answer, answerKeys } from '../support/tokens.ts'
import { createKeySet, has, stopTimers, unavailable } from './key-sets.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const down: Answer = (request) => request.socket.destroy()

/** A key set that has been fetched, and whose issuer then publishes the second key. */
async function startRenewed() {
  const all = await createKeySet()
  await all.keySet.refresh()
  const keys = await all.keySet.current()
  all.server.answer(answerKeys(all.second))
  return { ...all, keys }
}

describe('a key set, without a request for it,', () => {
  it('is refreshed every five minutes', async () => {
    stopTimers()
    const { keySet, server } = await createKeySet()
    await keySet.refresh()
    const keys = await keySet.current()
    // This was the only fetch for unknown keys: later calls only wait.
    await keySet.newerThan(keys)
    vi.advanceTimersByTime(5 * MINUTE_MS - 1)
    await keySet.newerThan(keys)
    expect(server.asked).toHaveLength(2)
    vi.advanceTimersByTime(1)
    await keySet.newerThan(keys)
    expect(server.asked).toHaveLength(3)
  })

  it('is fetched again two seconds after each failure', async () => {
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

  it('is not fetched once it is closed', async () => {
    stopTimers()
    const { keySet, server, changes } = await createKeySet()
    await keySet.refresh()
    server.answer(() => undefined)
    const refreshing = keySet.refresh()
    await vi.waitFor(() => expect(server.asked).toHaveLength(2))
    await keySet.close()
    await refreshing
    expect(vi.getTimerCount()).toBe(0)
    expect(await keySet.newerThan(await keySet.current())).toBeUndefined()
    expect(server.asked).toHaveLength(2)
    expect(changes).toEqual([])
  })
})

describe('while the issuer is unreachable', () => {
  it('the last keys stay in use for an hour, and no longer', async () => {
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

  it('the beginning and the end are reported once', async () => {
    const { keySet, server, changes, first } = await createKeySet()
    await keySet.refresh()
    server.answer(down)
    await keySet.refresh()
    await keySet.refresh()
    expect(changes).toEqual(['UND_ERR_SOCKET'])
    server.answer(answerKeys(first))
    await keySet.refresh()
    await keySet.refresh()
    expect(changes).toEqual(['UND_ERR_SOCKET', undefined])
  })

  it('stale keys are replaced by the next fetch', async () => {
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

describe('an unknown key', () => {
  it('stays unknown if the set has not changed', async () => {
    const { keySet, keys, server, first } = await startRenewed()
    server.answer(answerKeys(first))
    expect(await keySet.newerThan(keys)).toBeUndefined()
    expect(server.asked).toHaveLength(2)
  })

  it('is fetched at most every 30 s, however many tokens name one', async () => {
    const { keySet, keys, server, clock, first } = await startRenewed()
    server.answer(answerKeys(first))
    for (let second = 0; second < 90; second += 1) {
      await Promise.all(Array.from({ length: 10 }, () => keySet.newerThan(keys)))
      clock.ms += 1_000
    }
    // One at the start, then one each at 0, 30 and 60 s.
    expect(server.asked).toHaveLength(4)
  })

  it('is found by all waiting tokens with one fetch, and later without one', async () => {
    const { keySet, keys, server } = await startRenewed()
    const found = await Promise.all(Array.from({ length: 20 }, () => keySet.newerThan(keys)))
    expect(found[0]).toBeDefined()
    expect(new Set([...found, await keySet.newerThan(keys)]).size).toBe(1)
    expect(server.asked).toHaveLength(2)
  })

  it('waits for a fetch in progress, and causes none', async () => {
    const { keySet, keys, server } = await startRenewed()
    void keySet.refresh()
    expect(await has(await keySet.newerThan(keys), 'second')).toBe(true)
    expect(server.asked).toHaveLength(2)
    // The next unknown key may still cause one.
    server.answer(answerKeys())
    await keySet.newerThan(await keySet.current())
    expect(server.asked).toHaveLength(3)
  })

  it('leaves the known keys in use if the fetch fails', async () => {
    const { keySet, keys, server } = await startRenewed()
    server.answer((_, response) => response.writeHead(503).end())
    expect(await keySet.newerThan(keys)).toBeUndefined()
    expect(await keySet.current()).toBe(keys)
  })
})
