/** Numbers that look random and are the same in each run. */

/** From 0, included, to 1, not included. */
export type Random = () => number

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const toHex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')

export const toUuid = (random: Random): string =>
  `${toHex(random, 8)}-${toHex(random, 4)}-4${toHex(random, 3)}-8${toHex(random, 3)}-${toHex(random, 12)}`
