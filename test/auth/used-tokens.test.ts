import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryUsedTokens, releaseToken, reserveToken, type UsedTokens } from '../../src/auth/used-tokens.ts'

function createUsedTokens(maxTokens = 100) {
  const clock = { seconds: 1_000 }
  return { used: new MemoryUsedTokens({ unixNow: () => clock.seconds * 1_000, maxTokens }), clock }
}

describe('used tokens in memory', () => {
  it('are searched for expired ones at most once a second', async () => {
    const { used, clock } = createUsedTokens(2)
    const reserve = (at: number, id: string, until: number) => {
      clock.seconds = 1_000 + at
      return used.reserve(id, 1_000 + until).catch(() => 'full')
    }
    expect([await reserve(0, 'a', 0.5), await reserve(0, 'b', 1)]).toEqual(['reserved', 'reserved'])
    expect([await reserve(0, 'c', 60), await reserve(0.5, 'c', 60)]).toEqual(['full', 'full'])
    expect([await reserve(1, 'c', 60), await reserve(1, 'd', 60)]).toEqual(['reserved', 'reserved'])
  })

  it('never become free while they are valid', async () => {
    const steps = array(
      record({
        id: constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
        release: boolean(),
        lifetime: integer({ min: 1, max: 30 }),
        wait: integer({ min: 0, max: 10 }),
      }),
      { maxLength: 60, size: 'max' },
    )
    await assert(
      asyncProperty(steps, async (all) => {
        const { used, clock } = createUsedTokens(3)
        const valid = new Map<string, number>()
        for (const { id, release, lifetime, wait } of all) {
          clock.seconds += wait
          for (const [old, until] of valid) if (until <= clock.seconds) valid.delete(old)
          if (release) {
            await used.release(id)
            valid.delete(id)
            continue
          }
          const until = clock.seconds + lifetime
          const state = await used.reserve(id, until).catch(() => 'full')
          expect(state).toBe(valid.has(id) ? 'used' : valid.size >= 3 ? 'full' : 'reserved')
          if (state === 'reserved') valid.set(id, until)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})

const token = { id: 'a', untilUnixSeconds: 1_060 } as const

/** A store that is unreachable. */
const unreachable: UsedTokens = {
  reserve: () => Promise.reject(new Error('unreachable')),
  release: () => Promise.reject(new Error('unreachable')),
}

describe('the use of a token', () => {
  it('fails if the store is unreachable, and is released without an error', async () => {
    const code = 'authentication_unavailable'
    const refusal = { reason: 'used_tokens_unavailable', code, status: 503 }
    await expect(reserveToken(unreachable, token)).rejects.toMatchObject(refusal)
    await expect(releaseToken(unreachable, token)).resolves.toBeUndefined()
  })
})
