import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import type { LimitRule } from '../../src/limits/rules.ts'
import type { Counter } from '../../src/limits/store.ts'

const toCounters = (rules: readonly LimitRule[], key: string): readonly Counter[] =>
  rules.map((rule) => ({ ...rule, key: `${key}/${rule.windowMs}`, level: 'only', isOfMint: true }))

/** A store with a manual clock. */
function createStore(rules: readonly LimitRule[], maxLogs = 10) {
  let now = 0
  const store = new LocalStore({ monotonicNow: () => now, maxLogs })
  /** Undefined without room. */
  function decisionAt(ms: number, key = 'a') {
    now = ms
    try {
      return store.take(toCounters(rules, key))
    } catch (error) {
      if (error instanceof ServiceError && error.reason === 'limiter_full') return undefined
      throw error
    }
  }
  return { store, decisionAt, at: (ms: number, key = 'a') => decisionAt(ms, key)?.admitted }
}

const perSecond = (limit: number): LimitRule => ({ limit, windowMs: 1_000 })
const perMinute = (limit: number): LimitRule => ({ limit, windowMs: 60_000 })

/** Repeats requests, each a time in ms and perhaps a key, with the store's answers: `yes`, `no` or `full`. */
function answer(requests: string, rules: readonly LimitRule[], maxLogs?: number): string {
  const { at } = createStore(rules, maxLogs)
  const answers = requests.split(', ').map((request) => {
    const [ms = '', ...rest] = request.split(' ')
    const key = rest.length === 2 ? rest[0] : undefined
    const admitted = at(Number(ms), key)
    return [ms, key, admitted === undefined ? 'full' : admitted ? 'yes' : 'no']
  })
  return answers.map((parts) => parts.filter((part) => part !== undefined).join(' ')).join(', ')
}

describe('a decision', () => {
  it('never includes a wait longer than the window, with fractions of milliseconds', () => {
    const { decisionAt } = createStore([perSecond(1)])
    const times = Array.from({ length: 1_000 }, (_, index) => (index + 1) * 1_234.567_89)
    const waits = times.map((ms) => decisionAt(ms)?.usages[0]?.resetMs ?? 0)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  })
})

const secondly = { ...perSecond(1), key: 'a/1000', level: 'only', isOfMint: true }
const minutely = { ...perMinute(2), key: 'a/60000', level: 'only', isOfMint: true }

describe('several counters', () => {
  it('count nothing if one of them has no room', () => {
    const { store } = createStore([], 1)
    store.take([secondly])
    const elsewhere = { ...minutely, level: 'elsewhere' }
    expect(() => store.take([elsewhere, { ...secondly, key: 'b' }])).toThrow('Limits cannot be checked')
    expect(store.peek([elsewhere]).usages).toEqual([{ remaining: 2, resetMs: 0 }])
  })

  it('compete for room only within their level', () => {
    const { store } = createStore([], 1)
    store.take([secondly])
    for (let key = 0; key < 100; key += 1) store.take([{ ...minutely, key: `${key}`, level: 'elsewhere' }])
    expect(store.peek([secondly]).admitted).toBe(false)
  })
})

it('a refusal of another store is repeated until it ends', () => {
  const { store, at } = createStore([perSecond(2)])
  store.noteRefusal([{ ...secondly, ...perSecond(2) }], [{ remaining: 0, resetMs: 300 }], 0)
  expect([0, 298, 299, 299, 299].map((ms) => at(ms))).toEqual([false, false, true, true, false])
})

describe('a full store', () => {
  it.each<[what: string, limit: number, maxLogs: number, requests: string]>([
    [
      'evicts the unblocked key with the oldest look',
      2,
      2,
      '0 a yes, 1 b yes, 2 c yes, 3 b yes, 3 b no, 4 a yes, 4 a yes, 4 a no',
    ],
    [
      'evicts no blocked key before an unblocked one',
      2,
      2,
      '0 a yes, 0 a yes, 1 b yes, 2 c yes, 3 d yes, 4 a no',
    ],
    ['has no room if all keys are blocked', 1, 2, '0 a yes, 0 b yes, 1 c full, 2 a no, 2 b no'],
    ['has room when one unblocks', 1, 2, '0 a yes, 500 b yes, 999 c full, 1000 c yes, 1001 a full'],
    ['has room for a known key', 2, 1, '0 yes, 1 yes, 2 no, 1000 yes'],
  ])('%s', (_, limit, maxLogs, requests) => {
    expect(answer(requests, [perSecond(limit)], maxLogs)).toBe(requests)
  })

  it('finds an unblocked key behind blocked ones', () => {
    const { store, at } = createStore([perSecond(1)], 20)
    for (let key = 0; key < 19; key += 1) store.take(toCounters([perMinute(1)], `m${key}`))
    at(0, 'a')
    const soon = Array.from({ length: 3 }, (_, later) => at(1_000 + later, 'b'))
    expect(soon.at(-1)).toBe(true)
  })

  it('keeps its bound, and the newest keys', () => {
    const { at } = createStore([perSecond(2)], 100)
    for (let key = 0; key < 10_000; key += 1) at(0, String(key))
    const keys = Array.from({ length: 200 }, (_, index) => String(9_999 - index))
    const answers = keys.map((key) => [at(1, key), at(1, key)].join())
    expect(answers.slice(0, 100)).toEqual(Array(100).fill('true,false'))
    // Without room: both are undefined.
    expect(answers.slice(100)).toEqual(Array(100).fill(','))
  })
})
