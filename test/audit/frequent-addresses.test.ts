import { array, assert as check, integer, property } from 'fast-check'
import { expect, it } from 'vitest'
import { FrequentAddresses } from '../../src/audit/frequent-addresses.ts'

const count = (addresses: readonly string[]): FrequentAddresses => {
  const frequent = new FrequentAddresses()
  for (const address of addresses) frequent.add(address)
  return frequent
}

it('counts of up to 64 addresses are exact', () => {
  const addresses = Array.from({ length: 64 }, (_, index) => Array<string>(index + 1).fill(String(index)))
  const top = count(addresses.flat()).top(64)
  expect(top).toStrictEqual(
    Array.from({ length: 64 }, (_, rank) => ({ address: String(63 - rank), count: 64 - rank, maxError: 0 })),
  )
})

it('a flood of 100,000 addresses hides none that comes often, and takes no more memory than 64', () => {
  const frequent = new FrequentAddresses()
  for (let number = 0; number < 100_000; number += 1) {
    frequent.add(`once ${number}`)
    if (number % 10 === 0) frequent.add('often')
  }
  expect(frequent.top(1_000)).toHaveLength(64)
  const [first] = frequent.top(1)
  expect(first?.address).toBe('often')
  expect((first?.count ?? 0) - (first?.maxError ?? 0)).toBeLessThanOrEqual(10_000)
  expect(first?.count).toBeGreaterThanOrEqual(10_000)
})

it('a count is never too low, and too high by no more than its error, which is a 64th of all', () => {
  check(
    property(
      array(integer({ min: 0, max: 200 }), { minLength: 300, maxLength: 2_000, size: 'max' }),
      (numbers) => {
        const exact = Map.groupBy(numbers, String)
        for (const { address, count: counted, maxError } of count(numbers.map(String)).top(64)) {
          const actual = exact.get(address)?.length ?? 0
          expect(counted).toBeGreaterThanOrEqual(actual)
          expect(counted - maxError).toBeLessThanOrEqual(actual)
          expect(maxError).toBeLessThanOrEqual(numbers.length / 64)
        }
      },
    ),
  )
})
