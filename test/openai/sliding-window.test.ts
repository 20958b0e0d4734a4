import { describe, expect, it } from 'vitest'
import { SlidingWindow } from '../../src/openai/sliding-window.ts'

/** One of each in each tenth of a second of ten seconds. */
function createFull(): SlidingWindow {
  const window = new SlidingWindow()
  for (let ms = 100; ms <= 10_000; ms += 100)
    for (const what of ['calls', 'failures', 'retries'] as const) window.add(what, ms)
  return window
}

describe('the last ten seconds', () => {
  it.each([
    [10_000, 100],
    [10_099, 100],
    [10_100, 99],
    [15_000, 50],
    [19_900, 1],
    [20_000, 0],
    [20_100, 0],
    [29_999, 0],
    [1_000_000, 0],
  ])('contain at %i ms %i of a hundred', (nowMs, count) => {
    expect(createFull().at(nowMs)).toStrictEqual({ calls: count, failures: count, retries: count })
  })

  it('count anew after a time without calls', () => {
    const window = createFull()
    expect(window.at(25_000).calls).toBe(0)
    window.add('calls', 25_000)
    expect(window.at(25_000).calls).toBe(1)
    expect(window.at(40_000)).toStrictEqual({ calls: 0, failures: 0, retries: 0 })
  })

  it('are empty after a clear, and then count anew', () => {
    const window = createFull()
    window.clear()
    window.add('retries', 10_000)
    expect(window.at(10_000)).toStrictEqual({ calls: 0, failures: 0, retries: 1 })
    expect(window.at(20_000)).toStrictEqual({ calls: 0, failures: 0, retries: 0 })
  })
})
