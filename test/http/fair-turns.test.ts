import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createFairTurns } from '../../src/http/fair-turns.ts'

it('an address starts 16 requests per turn of the event loop, in order', async () => {
  const turns = createFairTurns()
  const turn = turns.create()
  const started: number[] = []
  for (let index = 0; index < 40; index += 1) turns.take(turn, () => started.push(index))
  const counts = [started.length]
  for (const _ of [1, 2, 3]) {
    await setImmediate()
    counts.push(started.length)
  }
  expect(counts).toEqual([16, 32, 40, 40])
  expect(started).toEqual(started.toSorted((a, b) => a - b))
})

it('an address does not wait for another one', () => {
  const turns = createFairTurns()
  const busy = turns.create()
  for (let index = 0; index < 40; index += 1) turns.take(busy, () => undefined)
  const started: string[] = []
  turns.take(turns.create(), () => started.push('other'))
  expect(started).toEqual(['other'])
})

it('a request that comes while others wait is started after them', async () => {
  const turns = createFairTurns()
  const turn = turns.create()
  const started: number[] = []
  for (let index = 0; index < 33; index += 1) turns.take(turn, () => started.push(index))
  await setImmediate()
  turns.take(turn, () => started.push(33))
  await setImmediate()
  expect(started.slice(-2)).toEqual([32, 33])
})
