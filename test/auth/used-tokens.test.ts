import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryUsedTokens, releaseToken, reserveToken, type UsedTokens } from '../../src/auth/used-tokens.ts'

function createUsedTokens(maxTokens = 100) {
  const clock = { seconds: 1_000 }
  return { used: new MemoryUsedTokens({ unixNow: () => clock.seconds * 1_000, maxTokens }), clock }
}

/** At a time in seconds after 1,000: `+a60` reserves the token a until second 60, `-a` releases it. */
type Step = readonly [at: number, call: string, outcome: 'reserved' | 'used' | 'full' | 'released']

async function take(used: UsedTokens, call: string): Promise<string> {
  const id = call.charAt(1)
  if (call.startsWith('-')) return used.release(id).then(() => 'released')
  const reserved = used.reserve(id, 1_000 + Number(call.slice(2)))
  return reserved.catch(({ message }: Error) => (message.startsWith('too many') ? 'full' : message))
}

const once: Step = [0, '+a60', 'reserved']
const fullOfTwo: readonly Step[] = [once, [0, '+b30', 'reserved'], [0, '+c60', 'full']]

describe('used tokens in memory', () => {
  it.each<[what: string, maxTokens: number, steps: readonly Step[]]>([
    ['are reserved once', 9, [once, [0, '+a60', 'used'], [0, '+b60', 'reserved']]],
    ['can be reserved again after their release', 9, [once, [0, '-a', 'released'], [0, '+a60', 'reserved']]],
    ['can be released without a reservation', 9, [[0, '-a', 'released']]],
    ['stay used until they expire', 9, [once, [59.9, '+a60', 'used'], [60, '+a120', 'reserved']]],
    ['are never evicted', 2, [...fullOfTwo, [0, '+c60', 'full'], [0, '+a60', 'used'], [0, '+b60', 'used']]],
    [
      'make room when one expires',
      2,
      [...fullOfTwo, [30, '+c60', 'reserved'], [30, '+a60', 'used'], [30, '+d60', 'full']],
    ],
    [
      'make room when one is released',
      1,
      [once, [0, '+b60', 'full'], [0, '-a', 'released'], [0, '+b10', 'reserved'], [10, '+c60', 'reserved']],
    ],
    [
      'make room when a later one expires',
      2,
      [
        [0, '+a30', 'reserved'],
        [0, '+b60', 'reserved'],
        [30, '+c40', 'reserved'],
        [30, '+d60', 'full'],
        [40, '+d60', 'reserved'],
      ],
    ],
    [
      'are searched for expired ones at most once a second',
      2,
      [
        [0, '+a0.5', 'reserved'],
        [0, '+b1', 'reserved'],
        [0, '+c60', 'full'],
        [0.5, '+c60', 'full'],
        [1, '+c60', 'reserved'],
        [1, '+d60', 'reserved'],
      ],
    ],
  ])('%s', async (_, maxTokens, steps) => {
    const { used, clock } = createUsedTokens(maxTokens)
    for (const [at, call, outcome] of steps) {
      clock.seconds = 1_000 + at
      expect(`${call} ${await take(used, call)}`).toBe(`${call} ${outcome}`)
    }
  })

  it('are reserved once by simultaneous calls', async () => {
    const { used } = createUsedTokens()
    const states = await Promise.all(Array.from({ length: 20 }, () => used.reserve('a', 1_060)))
    expect(states.filter((state) => state === 'reserved')).toHaveLength(1)
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
  it('succeeds once, and again after a release', async () => {
    const { used } = createUsedTokens()
    await reserveToken(used, token)
    const refusal = { reason: 'token_replayed', code: 'unauthenticated' }
    await expect(reserveToken(used, token)).rejects.toMatchObject(refusal)
    await releaseToken(used, token)
    await expect(reserveToken(used, token)).resolves.toBeUndefined()
  })

  it('fails if the store is unreachable, and is released without an error', async () => {
    const code = 'authentication_unavailable'
    const refusal = { reason: 'used_tokens_unavailable', code, status: 503 }
    await expect(reserveToken(unreachable, token)).rejects.toMatchObject(refusal)
    await expect(releaseToken(unreachable, token)).resolves.toBeUndefined()
  })
})
