import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryUsedTokens, releaseToken, reserveToken, type UsedTokens } from '../../src/auth/used-tokens.ts'

function createUsedTokens(maxTokens?: number) {
  const clock = { seconds: 1_000 }
  const unixNow = (): number => clock.seconds * 1_000
  return { used: new MemoryUsedTokens(maxTokens === undefined ? { unixNow } : { unixNow, maxTokens }), clock }
}

describe('used tokens in memory', () => {
  it('are reserved once', async () => {
    const { used } = createUsedTokens()
    expect(await used.reserve('a', 1_060)).toBe('reserved')
    expect(await used.reserve('a', 1_060)).toBe('used')
    expect(await used.reserve('b', 1_060)).toBe('reserved')
  })

  it('are reserved once by simultaneous calls', async () => {
    const { used } = createUsedTokens()
    const states = await Promise.all(Array.from({ length: 20 }, () => used.reserve('a', 1_060)))
    expect(states.filter((state) => state === 'reserved')).toHaveLength(1)
  })

  it('can be reserved again after their release', async () => {
    const { used } = createUsedTokens()
    await used.reserve('a', 1_060)
    await used.release('a')
    expect(await used.reserve('a', 1_060)).toBe('reserved')
  })

  it('can be released without a reservation', async () => {
    const { used } = createUsedTokens()
    await expect(used.release('a')).resolves.toBeUndefined()
  })

  it('stay used until they expire', async () => {
    const { used, clock } = createUsedTokens()
    await used.reserve('a', 1_060)
    clock.seconds = 1_059.9
    expect(await used.reserve('a', 1_060)).toBe('used')
    clock.seconds = 1_060
    expect(await used.reserve('a', 1_120)).toBe('reserved')
  })

  it('are never evicted while they are valid', async () => {
    const { used } = createUsedTokens(2)
    await used.reserve('a', 1_060)
    await used.reserve('b', 1_030)
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    expect([await used.reserve('a', 1_060), await used.reserve('b', 1_060)]).toEqual(['used', 'used'])
  })

  it('make room when one expires', async () => {
    const { used, clock } = createUsedTokens(2)
    await used.reserve('a', 1_060)
    await used.reserve('b', 1_030)
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    clock.seconds = 1_030
    expect(await used.reserve('c', 1_060)).toBe('reserved')
    expect(await used.reserve('a', 1_060)).toBe('used')
    await expect(used.reserve('d', 1_060)).rejects.toThrow('too many')
  })

  it('make room when one of them is released', async () => {
    const { used } = createUsedTokens(1)
    await used.reserve('a', 1_060)
    await expect(used.reserve('b', 1_060)).rejects.toThrow('too many')
    await used.release('a')
    expect(await used.reserve('b', 1_060)).toBe('reserved')
  })

  it('make room when a later one expires', async () => {
    const { used, clock } = createUsedTokens(2)
    await used.reserve('a', 1_030)
    await used.reserve('b', 1_060)
    clock.seconds = 1_030
    await used.reserve('c', 1_040)
    await expect(used.reserve('d', 1_060)).rejects.toThrow('too many')
    clock.seconds = 1_040
    expect(await used.reserve('d', 1_060)).toBe('reserved')
  })

  it('make room when one that followed a release expires', async () => {
    const { used, clock } = createUsedTokens(1)
    await used.reserve('a', 1_060)
    await expect(used.reserve('b', 1_060)).rejects.toThrow('too many')
    await used.release('a')
    await used.reserve('b', 1_010)
    clock.seconds = 1_010
    expect(await used.reserve('c', 1_060)).toBe('reserved')
  })

  it('are searched for expired ones at most once a second', async () => {
    const { used, clock } = createUsedTokens(2)
    await used.reserve('a', 1_000.5)
    await used.reserve('b', 1_001)
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    clock.seconds = 1_000.5
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    clock.seconds = 1_001
    expect(await used.reserve('c', 1_060)).toBe('reserved')
    expect(await used.reserve('d', 1_060)).toBe('reserved')
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
        const held = new Map<string, number>()
        for (const { id, release, lifetime, wait } of all) {
          clock.seconds += wait
          for (const [old, until] of held) if (until <= clock.seconds) held.delete(old)
          if (release) {
            await used.release(id)
            held.delete(id)
            continue
          }
          const until = clock.seconds + lifetime
          const state = await used.reserve(id, until).catch(() => 'full')
          expect(state).toBe(held.has(id) ? 'used' : held.size >= 3 ? 'full' : 'reserved')
          if (state === 'reserved') held.set(id, until)
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
  it('succeeds once', async () => {
    const { used } = createUsedTokens()
    await reserveToken(used, token)
    await expect(reserveToken(used, token)).rejects.toMatchObject({
      reason: 'token_replayed',
      code: 'unauthenticated',
    })
  })

  it('succeeds again after a release', async () => {
    const { used } = createUsedTokens()
    await reserveToken(used, token)
    await releaseToken(used, token)
    await expect(reserveToken(used, token)).resolves.toBeUndefined()
  })

  it('fails if the store is unreachable', async () => {
    await expect(reserveToken(unreachable, token)).rejects.toMatchObject({
      reason: 'used_tokens_unavailable',
      code: 'authentication_unavailable',
      status: 503,
    })
  })

  it('is released without an error if the store is unreachable', async () => {
    await expect(releaseToken(unreachable, token)).resolves.toBeUndefined()
  })
})
