import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { runPreflight } from '../../src/cli/preflight.ts'
import { parseConfig } from '../../src/config.ts'
import { settings } from '../cli/running.ts'
import { createTemporaryDirectory, startTestService, type TestService } from '../support/service.ts'
import { eventsOf, readChains } from './writers.ts'

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
    const askReady = async () => (await service.app.inject('/readyz')).statusCode
    const filler = join(directory, 'filler')
    await expect(writeFile(filler, Buffer.alloc(128 * 1024))).rejects.toThrow('ENOSPC')

    const { ids, refused } = await mintUntilFull(service)
    expect([refused.statusCode, refused.json().error.code]).toStrictEqual([503, 'audit_unavailable'])
    expect(refused.payload).not.toContain('ek_')
    expect(await askReady()).toBe(503)

    await rm(filler)
    await vi.waitFor(async () => expect(await askReady()).toBe(200), { timeout: 5_000, interval: 20 })
    const reply = await service.mint()
    expect(reply.statusCode).toBe(200)

    const [torn, whole] = await readChains(directory)
    expect(whole && eventsOf([whole])).toStrictEqual([['open', 'gap', 'attempt']])
    expect(whole?.lines[1]?.detail).toMatchObject({ cause: 'ENOSPC' })
    expect(whole?.lines[2]).toMatchObject({ request_id: reply.headers['x-request-id'] })
    expect(torn?.lines[0]).toMatchObject({ event: 'open' })
    const recorded = torn?.lines.map((line) => line['request_id'])
    expect(recorded).toStrictEqual(expect.arrayContaining([...ids]))
  })

  it('is a problem before a start, too', async (context) => {
    const directory = await createTemporaryDirectory()
    mount(directory, context)
    const environment = { ...settings, AUDIT_DIR: directory }
    const { problems } = await runPreflight(environment, parseConfig(environment))
    expect(problems).toStrictEqual(['AUDIT_DIR: the disk is full. Free space'])
  })
})
