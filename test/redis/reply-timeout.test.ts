import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedisUnavailable } from '../../src/redis/faults.ts'
import { ReplyTimeout } from '../../src/redis/reply-timeout.ts'

const never = new Promise<never>(() => undefined)

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

describe('patience of a tenth of a second', () => {
  it('ends with the first turn of 20 ms after it', async () => {
    const ends: unknown[] = []
    const waiting = new ReplyTimeout(100).wait(never).catch((error: unknown) => ends.push(error))
    vi.advanceTimersByTime(100)
    await Promise.resolve()
    expect(ends).toEqual([])
    vi.advanceTimersByTime(20)
    await waiting
    expect(ends).toEqual([new RedisUnavailable('timeout')])
  })

  it('is as long for each, whenever it began', async () => {
    const patience = new ReplyTimeout(100)
    const first = patience.wait(never)
    vi.advanceTimersByTime(60)
    const second = patience.wait(never)
    vi.advanceTimersByTime(60)
    await expect(first).rejects.toThrow('redis: timeout')
    vi.advanceTimersByTime(60)
    await expect(second).rejects.toThrow('redis: timeout')
  })

  it('gives replies and failures as they come, and then keeps no clock', async () => {
    const patience = new ReplyTimeout(100)
    await expect(patience.wait(Promise.resolve('reply'))).resolves.toBe('reply')
    await expect(patience.wait(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    vi.advanceTimersByTime(20)
    expect(vi.getTimerCount()).toBe(0)
  })
})
