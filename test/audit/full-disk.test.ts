import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import {
  createTemporaryDirectory,
  parseRecords,
  startTestService,
  type TestService,
} from '../support/service.ts'

/** Mounts a file system of 64 KiB on `directory`; needs root and the right to mount. */
function mount(directory: string, { skip }: TestContext): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' })
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error
    skip('needs the right to mount')
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]))
}

/** Uses all space that is left. */
async function fill(directory: string): Promise<string> {
  const path = join(directory, 'filler')
  await expect(writeFile(path, Buffer.alloc(128 * 1024))).rejects.toThrow('ENOSPC')
  return path
}

/** Mints until the last page of the file is full: the request ids of what was issued, and the refusal. */
async function mintUntilFull({ mint }: Pick<TestService, 'mint'>, ids: readonly unknown[] = []) {
  const reply = await mint()
  if (reply.statusCode !== 200) return { ids, refused: reply }
  return mintUntilFull({ mint }, [...ids, reply.headers['x-request-id']])
}

describe('a full disk', () => {
  it('stops secrets until there is space again, and every secret that was issued is on record', async (context) => {
    const directory = await createTemporaryDirectory()
    mount(directory, context)
    const service = await startTestService({ environment: { AUDIT_DIR: directory } })
    const filler = await fill(directory)

    const { ids, refused } = await mintUntilFull(service)
    expect([refused.statusCode, refused.json().error.code]).toStrictEqual([503, 'audit_unavailable'])
    expect(refused.payload).not.toContain('ek_')
    expect((await service.app.inject('/readyz')).statusCode).toBe(503)

    await rm(filler)
    await vi.waitFor(async () => expect((await service.app.inject('/readyz')).statusCode).toBe(200), {
      timeout: 5_000,
      interval: 20,
    })
    const reply = await service.mint()
    expect(reply.statusCode).toBe(200)

    const [torn = '', whole = ''] = readdirSync(directory)
      .toSorted((a, b) => a.localeCompare(b))
      .map((name) => readFileSync(join(directory, name), 'utf8'))
    expect(parseRecords(whole)).toMatchObject([
      { event: 'open' },
      { event: 'gap', detail: { cause: 'ENOSPC' } },
      { request_id: reply.headers['x-request-id'] },
    ])
    expect(parseRecords(torn.slice(0, torn.lastIndexOf('\n')))[0]).toMatchObject({ event: 'open' })
    const recorded = [...torn.matchAll(/"request_id":"([^"]+)"/g)].map(([, id]) => id)
    expect(recorded).toStrictEqual(expect.arrayContaining([...ids]))
  })
})
