import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/secret.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { openTestAudit, recordIssued } from './audits.ts'
import { keys } from './fields.ts'
import { headOf, linesIn, readChains } from './writers.ts'

describe('an anchor', () => {
  it.each(['info', 'silent', 'fatal'] as const)(
    'is a log line, whatever the log level: %s',
    async (logLevel) => {
      const { audit, directory, logText } = await openTestAudit({ logLevel })
      await recordIssued(audit, 'a')
      await audit.close()
      const [file] = await readChains(directory)
      const line = logText()
        .split('\n')
        .find((text) => text.includes('audit anchor'))
      const head = file && headOf(file)
      expect(JSON.parse(line ?? '{}')).toStrictEqual({
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        writer: file?.lines[0]?.writer,
        ...(typeof head === 'object' ? head : {}),
        msg: 'audit anchor',
      })
      expect(line).toMatch(
        /^\{"level":.*"time":.*"writer":.*"file":.*"seq":.*"mac":.*"msg":"audit anchor"\}$/,
      )
    },
  )
})

describe('identities', () => {
  it('are pseudonyms', async () => {
    const { audit, directory } = await openTestAudit()
    await recordIssued(audit, 'a')
    expect((await linesIn(directory)).at(-1)).toMatchObject({
      address: keys.toPseudonym('address', '203.0.113.9'),
    })
  })

  it('are plain text with AUDIT_IDENTITIES=plain', async () => {
    const { audit, directory } = await openTestAudit({ identities: 'plain' })
    await recordIssued(audit, 'a')
    expect((await linesIn(directory)).at(-1)).toMatchObject({ address: '203.0.113.9' })
  })
})

describe('an event of the service', () => {
  it('has a record', async () => {
    const { audit, directory } = await openTestAudit()
    await audit.recordStore('degraded', 'ECONNREFUSED')
    await audit.recordKey(new Secret('sk-a'))
    expect((await linesIn(directory)).slice(-2)).toMatchObject([
      { event: 'store', outcome: null, detail: { state: 'degraded', cause: 'ECONNREFUSED' } },
      { event: 'key', outcome: null, secret: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ])
  })
})

describe('a key file', () => {
  it('that was created gets a warning, which does not quote it', async () => {
    const { logText } = await openTestAudit({ key: undefined })
    expect(logText()).toContain('a new audit key was created')
    expect(logText()).not.toContain('can read the audit key file')
  })

  it('that is removed with its directory is restored, so that the next start uses it', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock } = await openTestAudit({ directory, key: undefined })
    const key = await readFile(join(directory, 'audit.key'), 'utf8')
    await rm(directory, { recursive: true })
    await expect(recordIssued(audit, 'a')).rejects.toThrow('file_removed')
    clock.now += 1_000
    await vi.waitFor(async () => expect(await readFile(join(directory, 'audit.key'), 'utf8')).toBe(key), {
      timeout: 5_000,
    })
    expect((await stat(join(directory, 'audit.key'))).mode & 0o777).toBe(0o600)
  })

  it('that is removed alone is restored when the service stops', async () => {
    const { audit, directory } = await openTestAudit({ key: undefined })
    const key = await readFile(join(directory, 'audit.key'), 'utf8')
    await rm(join(directory, 'audit.key'))
    await audit.close()
    expect(await readFile(join(directory, 'audit.key'), 'utf8')).toBe(key)
  })

  it('is not created with a lost directory if the key is a setting', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock } = await openTestAudit({ directory })
    await rm(directory, { recursive: true })
    await expect(recordIssued(audit, 'a')).rejects.toThrow('file_removed')
    clock.now += 1_000
    await vi.waitFor(() => expect(audit.available).toBe(true), { timeout: 5_000 })
    await recordIssued(audit, 'b')
    expect((await readdir(directory)).filter((name) => !name.endsWith('.jsonl'))).toStrictEqual([])
  })

  it.each([
    [0o640, true],
    [0o604, true],
    [0o600, false],
    [0o400, false],
  ])('of mode %o gets a warning: %s', async (mode, isWarned) => {
    const directory = await createTemporaryDirectory()
    const path = join(directory, 'audit.key')
    await writeFile(path, 'an operator’s own key, long enough')
    await chmod(path, mode)
    const { logText } = await openTestAudit({ directory, key: undefined })
    expect(logText().includes('can read the audit key file')).toBe(isWarned)
    expect(logText()).not.toMatch(/own key|audit\.key/)
  })
})
