import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { describeRedis, startRedis } from '../support/redis.ts'
import type { Orders, Takings } from './taker.ts'

const LIMIT = 50
const WINDOW_MS = 1_000
const AT_ONCE = 120

/** Around the edges of whole seconds and between them, then after a quiet window. */
const aroundEdges = [-90, -40, -15, -5, -1, 1, 5, 15, 40, 90, 300, 500, 700].flatMap((ms) =>
  [0, 1_000].map((edge) => edge + ms),
)
const QUIET_MS = 1_700 + 2 * WINDOW_MS

async function runTaker(orders: Orders): Promise<Takings> {
  const child = fork(new URL('taker.ts', import.meta.url), { execArgv: [] })
  child.send(orders)
  const [takings] = await once(child, 'message')
  return takings
}

/** The most admissions that certainly lay within one window. */
function mostInAWindow(admitted: Takings['admitted']): number {
  const within = admitted.map(
    ([start]) => admitted.filter(([after, before]) => after >= start && before < start + WINDOW_MS).length,
  )
  return Math.max(...within)
}

describeRedis('three processes at a window’s edge', () => {
  it('admit at most the limit in any window, and the whole limit after a quiet one', async () => {
    const { url } = await startRedis()
    const wholeSecond = Math.ceil((Date.now() + 1_000) / WINDOW_MS) * WINDOW_MS
    const moments = [...aroundEdges, QUIET_MS].map((ms) => wholeSecond + ms)
    const orders = { url, limit: LIMIT, windowMs: WINDOW_MS, atOnce: AT_ONCE, moments }
    const takings = await Promise.all([runTaker(orders), runTaker(orders), runTaker(orders)])

    expect(takings.reduce((sum, { takes }) => sum + takes, 0)).toBe(3 * AT_ONCE * moments.length)
    const admitted = takings.flatMap((taking) => taking.admitted)
    const last = Math.max(...admitted.map(([after]) => after))
    const afterQuiet = admitted.filter(([after]) => after > last - WINDOW_MS / 2).length
    // On a busy machine Redis may answer late. Then each process applies its share alone.
    const fallen = takings.filter(({ wasAlone }) => wasAlone).length
    const most = LIMIT + fallen * Math.floor(LIMIT / takings.length)
    expect(mostInAWindow(admitted)).toBeLessThanOrEqual(most)
    expect(afterQuiet).toBeGreaterThanOrEqual(fallen === 0 ? LIMIT : 0)
    expect(afterQuiet).toBeLessThanOrEqual(most)
  })
})
