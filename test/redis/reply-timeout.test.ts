import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedisUnavailable } from '../../src/redis/faults.ts'
import { ReplyTimeout } from '../../src/redis/reply-timeout.ts'

const never = new Promise<never>(() => undefined)

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

describe('a timeout of 100 ms', () => {
  it('expires with the next turn of 20 ms', async () => {
    const ends: unknown[] = []
    const waiting = new ReplyTimeout(100).wait(never).catch((error: unknown) => ends.push(error))
    vi.advanceTimersByTime(100)
    await Promise.resolve()
    expect(ends).toEqual([])
    vi.advanceTimersByTime(20)
    await waiting
    expect(ends).toEqual([new RedisUnavailable('timeout')])
  })

  it('counts from the start of each reply', async () => {
    const timeout = new ReplyTimeout(100)
    const first = timeout.wait(never)
    vi.advanceTimersByTime(60)
    const second = timeout.wait(never)
    vi.advanceTimersByTime(60)
    await expect(first).rejects.toThrow('redis: timeout')
    vi.advanceTimersByTime(60)
    await expect(second).rejects.toThrow('redis: timeout')
  })

  it('passes replies and errors on, and then stops its timer', async () => {
    const timeout = new ReplyTimeout(100)
    await expect(timeout.wait(Promise.resolve('reply'))).resolves.toBe('reply')
    await expect(timeout.wait(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    vi.advanceTimersByTime(20)
    expect(vi.getTimerCount()).toBe(0)
  })
})
