// Files as a crash of the machine can leave them: 60 MiB of NUL bytes each, more in all than a container has.
import { execFile } from 'node:child_process'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { toShort } from '../audit-reader/verifying.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'
import { keys } from './fields.ts'
import { openWriter } from './writers.ts'

const HUGE = 60 * 1024 * 1024

async function createTornFiles(count: number): Promise<string> {
  const chains = Array.from({ length: count }, (_, minute) =>
    new Chain({ minute, writer: String(minute).repeat(16) }).open().attempts(3),
  )
  const directory = await writeFiles(toFiles(...chains))
  await Promise.all(
    chains.map(({ name, text }) => truncate(join(directory, name), Buffer.byteLength(text) + HUGE)),
  )
  return directory
}

/** The highest resident memory, in MiB, of a process that runs `code`. */
async function peakOf(code: string): Promise<number> {
  const imports = `import { createSecretKey } from 'node:crypto'
    import { HmacKey } from './src/hmac.ts'
    import { EarlierFiles } from './src/audit/earlier-files.ts'
    import { verifyAudit } from './src/audit-reader/verify.ts'
    const chain = new HmacKey(createSecretKey(Buffer.alloc(32)))`
  const args = [
    '--input-type=module',
    '-e',
    `${imports}; ${code}; console.log(process.resourceUsage().maxRSS)`,
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  return Number(stdout) / 1024
}

const survey = (directory: string): string =>
  `await new EarlierFiles({ directory: '${directory}', key: chain, unixNow: Date.now }).survey()`

const verify = (directory: string): string =>
  `await verifyAudit({ directory: '${directory}', keys: [{ id: 'a', chain }], anchors: [] })`

describe('eight torn files of 60 MiB', () => {
  it.each([
    ['a start', 32, survey],
    ['a verification', 96, verify],
  ])('cost %s no more than %i MiB of memory', async (_what, limit, toCode) => {
    const [empty, huge] = await Promise.all([createTemporaryDirectory(), createTornFiles(8)])
    const [least, most] = await Promise.all([peakOf(toCode(empty)), peakOf(toCode(huge))])
    expect(most - least).toBeLessThan(limit)
  })

  it('are vouched for by the next start, and then verify as a crash', async () => {
    const directory = await createTornFiles(2)
    const { writer } = await openWriter(directory)
    await writer.close()
    const files = toShort(await verifyAudit({ directory, keys: [keys], anchors: [] }))
    expect(files).toMatchObject([
      'torn',
      [expect.any(String), 'torn_vouched', 5],
      [expect.any(String), 'torn_vouched', 5],
    ])
  })
})
