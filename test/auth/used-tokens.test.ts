import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryUsedTokens, releaseToken, reserveToken, type UsedTokens } from '../../src/auth/used-tokens.ts'

function createUsedTokens(maxTokens?: number) {
  const clock = { seconds: 1_000 }
  const unixNow = (): number => clock.seconds * 1_000
  return { used: new MemoryUsedTokens(maxTokens === undefined ? { unixNow } : { unixNow, maxTokens }), clock }
}

describe('tokens in memory', () => {
  it('are reserved once', async () => {
    const { used } = createUsedTokens()
    expect(await used.reserve('a', 1_060)).toBe('reserved')
    expect(await used.reserve('a', 1_060)).toBe('used')
    expect(await used.reserve('b', 1_060)).toBe('reserved')
  })

  it('are reserved by one of many that try at once', async () => {
    const { used } = createUsedTokens()
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => used.reserve('a', 1_060)))
    expect(verdicts.filter((verdict) => verdict === 'reserved')).toHaveLength(1)
  })

  it('can be reserved again once they are released', async () => {
    const { used } = createUsedTokens()
    await used.reserve('a', 1_060)
    await used.release('a')
    expect(await used.reserve('a', 1_060)).toBe('reserved')
  })

  it('may be released without having been reserved', async () => {
    const { used } = createUsedTokens()
    await expect(used.release('a')).resolves.toBeUndefined()
  })

  it('are held for as long as they hold', async () => {
    const { used, clock } = createUsedTokens()
    await used.reserve('a', 1_060)
    clock.seconds = 1_059.9
    expect(await used.reserve('a', 1_060)).toBe('used')
    clock.seconds = 1_060
    expect(await used.reserve('a', 1_120)).toBe('reserved')
  })

  it('that still hold are never forgotten for another one', async () => {
    const { used } = createUsedTokens(2)
    await used.reserve('a', 1_060)
    await used.reserve('b', 1_030)
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    await expect(used.reserve('c', 1_060)).rejects.toThrow('too many')
    expect([await used.reserve('a', 1_060), await used.reserve('b', 1_060)]).toEqual(['used', 'used'])
  })

  it('make room when the first of them is over', async () => {
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

  it('make room when one that came later is over', async () => {
    const { used, clock } = createUsedTokens(2)
    await used.reserve('a', 1_030)
    await used.reserve('b', 1_060)
    clock.seconds = 1_030
    await used.reserve('c', 1_040)
    await expect(used.reserve('d', 1_060)).rejects.toThrow('too many')
    clock.seconds = 1_040
    expect(await used.reserve('d', 1_060)).toBe('reserved')
  })

  it('make room when one that came after a release is over', async () => {
    const { used, clock } = createUsedTokens(1)
    await used.reserve('a', 1_060)
    await expect(used.reserve('b', 1_060)).rejects.toThrow('too many')
    await used.release('a')
    await used.reserve('b', 1_010)
    clock.seconds = 1_010
    expect(await used.reserve('c', 1_060)).toBe('reserved')
  })

  it('are looked through once a second at most, however many come', async () => {
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

  it('never count as free while they hold, whatever happens', async () => {
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
          const verdict = await used.reserve(id, until).catch(() => 'full')
          expect(verdict).toBe(held.has(id) ? 'used' : held.size >= 3 ? 'full' : 'reserved')
          if (verdict === 'reserved') held.set(id, until)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})

const token = { id: 'a', untilUnixSeconds: 1_060 } as const

/** A store that nobody can reach. */
const gone: UsedTokens = {
  reserve: () => Promise.reject(new Error('gone')),
  release: () => Promise.reject(new Error('gone')),
}

describe('to use a token', () => {
  it('works once', async () => {
    const { used } = createUsedTokens()
    await reserveToken(used, token)
    await expect(reserveToken(used, token)).rejects.toMatchObject({
      reason: 'token_replayed',
      code: 'unauthenticated',
    })
  })

  it('works again once it is given back', async () => {
    const { used } = createUsedTokens()
    await reserveToken(used, token)
    await releaseToken(used, token)
    await expect(reserveToken(used, token)).resolves.toBeUndefined()
  })

  it('is refused where nobody can tell whether it was used', async () => {
    await expect(reserveToken(gone, token)).rejects.toMatchObject({
      reason: 'used_tokens_unavailable',
      code: 'authentication_unavailable',
      status: 503,
    })
  })

  it('and to give it back fails nobody', async () => {
    await expect(releaseToken(gone, token)).resolves.toBeUndefined()
  })
})
