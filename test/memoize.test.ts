import { expect, it, vi } from 'vitest'
import { memoize } from '../src/memoize.ts'

it('computes a text once while few others come between, and gives the same result', () => {
  const compute = vi.fn<(text: string) => string>((text) => `${text}!`)
  const remembered = memoize(compute)
  expect(['a', 'b', 'a', 'b'].map(remembered)).toEqual(['a!', 'b!', 'a!', 'b!'])
  expect(compute.mock.calls).toEqual([['a'], ['b']])
})

it('remembers no more than 10,000 texts', () => {
  const compute = vi.fn<(text: string) => string>((text) => text)
  const remembered = memoize(compute)
  for (let number = 0; number <= 10_000; number += 1) remembered(`${number}`)
  remembered('10000')
  expect(compute).toHaveBeenCalledTimes(10_001)
  remembered('0')
  expect(compute).toHaveBeenCalledTimes(10_002)
})
