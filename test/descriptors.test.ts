import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadDescriptorLimit, toConnectionBounds, toDescriptorWarning } from '../src/descriptors.ts'
import { createTemporaryDirectory } from './support/service.ts'

describe('the descriptor limit', () => {
  it('is the soft limit in the file that Linux has for it', async () => {
    const path = join(await createTemporaryDirectory(), 'limits')
    await writeFile(
      path,
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            256                  1024                 files\n',
    )
    expect(await loadDescriptorLimit(path)).toBe(256)
  })

  it('is infinite where there is no such file', async () => {
    expect(await loadDescriptorLimit('/nowhere/limits')).toBe(Number.POSITIVE_INFINITY)
  })
})

it.each([
  [256, 256, { max: 128, maxPerAddress: 64 }],
  [1_024, 256, { max: 704, maxPerAddress: 256 }],
  [4_096, 256, { max: 3_776, maxPerAddress: 512 }],
  [1_048_576, 256, { max: 1_048_256, maxPerAddress: 512 }],
  [1_048_576, 10_000, { max: 1_038_512, maxPerAddress: 20_000 }],
  [Number.POSITIVE_INFINITY, 1, { max: Number.POSITIVE_INFINITY, maxPerAddress: 512 }],
])(
  'with %d descriptors and %d concurrent mints, connections are bounded',
  (limit, maxConcurrentMints, bounds) => {
    expect(toConnectionBounds({ limit, maxConcurrentMints })).toEqual(bounds)
  },
)

describe('a warning says that the descriptor limit is too low', () => {
  it('for the number of concurrent mints, and what would be enough', () => {
    expect(toDescriptorWarning({ limit: 575, maxConcurrentMints: 256 })).toMatch(
      /may open 575 files, and MAX_CONCURRENT_MINTS=256 needs 576/,
    )
  })

  it('but not where it is enough', () => {
    expect(toDescriptorWarning({ limit: 576, maxConcurrentMints: 256 })).toBeUndefined()
  })
})
