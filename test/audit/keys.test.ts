// The audit's keys, the file of one, and the directory in which it is.
import { execFile } from 'node:child_process'
import { createHmac, hkdfSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { createDirectory, syncDirectory } from '../../src/audit/directory.ts'
import { deriveAuditKeys, loadAuditKey } from '../../src/audit/keys.ts'
import { toAuditProblem } from '../../src/audit/open.ts'
import { Secret } from '../../src/secret.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { openTestAudit, recordIssued } from './audits.ts'

const run = promisify(execFile)

const MASTER = 'a master key that is only for tests'

/** The first half of an HMAC with a key that is derived for `use`. */
const toHmac = (use: string, text: string): string => {
  const key = Buffer.from(hkdfSync('sha256', MASTER, '', `realtime-mint audit ${use}`, 32))
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32)
}

describe('the keys that are derived from the audit key', () => {
  const [keys, again] = [new Secret(MASTER), new Secret(MASTER)].map(deriveAuditKeys)
  const other = deriveAuditKeys(new Secret(`${MASTER}!`))
  const fingerprint = (text: string, by = keys): string | undefined =>
    by && new Secret(text).fingerprint(by.fingerprint)

  it('are derived by HKDF-SHA256, as other versions, replicas and restarts derive them', () => {
    const pseudonym = toHmac('pseudonym', 'address\u0000203.0.113.9')
    expect(keys?.toPseudonym('address', '203.0.113.9')).toBe(pseudonym)
    expect(again?.toPseudonym('address', '203.0.113.9')).toBe(pseudonym)
    expect(fingerprint('ek_a')).toBe(toHmac('fingerprint', 'ek_a'))
    expect(keys?.chain.sign('{').slice(0, 32)).toBe(toHmac('chain', '{'))
  })

  it('differ by value, kind, use and audit key', () => {
    const values = [
      keys?.toPseudonym('caller', 'ada'),
      keys?.toPseudonym('caller', 'bob'),
      keys?.toPseudonym('address', 'ada'),
      fingerprint('caller\u0000ada'),
      other.toPseudonym('caller', 'ada'),
      fingerprint('caller\u0000ada', other),
    ]
    expect(new Set(values).size).toBe(values.length)
  })

  it('make the same pseudonym after the cache was emptied', () => {
    const before = keys?.toPseudonym('caller', 'ada')
    for (let number = 0; number < 10_001; number += 1) keys?.toPseudonym('caller', String(number))
    expect(keys?.toPseudonym('caller', 'ada')).toBe(before)
  })
})

/** A directory, with a key file if there is a text for it. */
async function prepare(text?: string, mode = 0o600) {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'audit.key')
  if (text !== undefined) await writeFile(path, text)
  if (text !== undefined) await chmod(path, mode)
  return { directory, path }
}

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

describe('the key file', () => {
  it('is created once, readable by its owner only, with 256 random bits', async () => {
    const { directory, path } = await prepare()
    await chmod(directory, 0o777)
    const first = await loadAuditKey(directory)
    const second = await loadAuditKey(directory)
    const elsewhere = await loadAuditKey((await prepare()).directory)
    expect([first.isNew, first.isExposed]).toStrictEqual([true, false])
    expect([second.isNew, second.isExposed]).toStrictEqual([false, false])
    expect(second.key.reveal()).toBe(first.key.reveal())
    expect(elsewhere.key.reveal()).not.toBe(first.key.reveal())
    expect(first.key.reveal()).toMatch(/^[\w-]{43}$/)
    expect([await modeOf(path), await readdir(directory)]).toStrictEqual(['600', ['audit.key']])
  })

  it('of an operator is used as it is', async () => {
    const { directory } = await prepare(`${MASTER}\n`)
    const { key, isNew } = await loadAuditKey(directory)
    expect([key.reveal(), isNew]).toStrictEqual([MASTER, false])
  })

  it('may be a link to a mounted secret', async () => {
    const { directory, path } = await prepare()
    await writeFile(join(directory, 'mounted'), MASTER)
    await symlink('mounted', path)
    expect((await loadAuditKey(directory)).key.reveal()).toBe(MASTER)
  })

  it.each([
    ['is empty', ''],
    ['has only white space', ' \n'],
    ['is shorter than AUDIT_KEY may be', 'too short'],
  ])('that %s is refused', async (_name, content) => {
    const { directory } = await prepare(content)
    await expect(loadAuditKey(directory)).rejects.toThrow(/key/)
  })

  it('that cannot be read is an error, and is not replaced', async () => {
    const { directory, path } = await prepare()
    await mkdir(path)
    await expect(loadAuditKey(directory)).rejects.toMatchObject({ code: 'EISDIR' })
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })

  it('that is a pipe is an error, and is not waited for', async () => {
    const { directory, path } = await prepare()
    await run('mkfifo', [path])
    const error: unknown = await loadAuditKey(directory).catch((reason: unknown) => reason)
    const problem = 'AUDIT_DIR: its audit.key is a pipe, a device or a socket, not a regular file'
    expect(toAuditProblem(error)).toBe(problem)
  })

  it('is one key when a process creates it several times at once', async () => {
    const { directory } = await prepare()
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadAuditKey(directory)))
    expect(new Set(loaded.map(({ key }) => key.reveal())).size).toBe(1)
    expect(loaded.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })
})

describe('the key file of a service', () => {
  it('gets a warning when it was created, which does not quote it', async () => {
    const { logText } = await openTestAudit({ key: undefined })
    expect(logText()).toContain('a new audit key was created')
    expect(logText()).not.toContain('can read the audit key file')
  })

  it.each([
    [0o640, true],
    [0o604, true],
    [0o600, false],
    [0o400, false],
  ])('of mode %o gets a warning: %s', async (mode, isWarned) => {
    const { directory } = await prepare('an operator’s own key, long enough', mode)
    const { logText } = await openTestAudit({ directory, key: undefined })
    expect(logText().includes('can read the audit key file')).toBe(isWarned)
    expect(logText()).not.toMatch(/own key|audit\.key/)
  })

  it('is restored if it is removed with its directory, so that the next start uses it', async () => {
    const { directory, path } = await prepare()
    const { audit, clock } = await openTestAudit({ directory, key: undefined })
    const key = await readFile(path, 'utf8')
    await rm(directory, { recursive: true })
    await expect(recordIssued(audit, 'a')).rejects.toThrow('file_removed')
    clock.now += 1_000
    await vi.waitFor(async () => expect(await readFile(path, 'utf8')).toBe(key), { timeout: 5_000 })
    expect(await modeOf(path)).toBe('600')
  })

  it('is restored when the service stops if it is removed alone', async () => {
    const { directory, path } = await prepare()
    const { audit } = await openTestAudit({ directory, key: undefined })
    const key = await readFile(path, 'utf8')
    await rm(path)
    await audit.close()
    expect(await readFile(path, 'utf8')).toBe(key)
  })

  it('is not created with a lost directory if the key is a setting', async () => {
    const { directory } = await prepare()
    const { audit, clock } = await openTestAudit({ directory })
    await rm(directory, { recursive: true })
    await expect(recordIssued(audit, 'a')).rejects.toThrow('file_removed')
    clock.now += 1_000
    await vi.waitFor(() => expect(audit.available).toBe(true), { timeout: 5_000 })
    await recordIssued(audit, 'b')
    expect((await readdir(directory)).filter((name) => !name.endsWith('.jsonl'))).toStrictEqual([])
  })
})

describe('the directory of the audit', () => {
  it('is created with its parents, closed to other users, also by replicas that start together', async () => {
    const path = join(await createTemporaryDirectory(), 'var', 'lib', 'audit')
    await Promise.all([createDirectory(path), createDirectory(path), createDirectory(path)])
    expect((await stat(path)).mode & 0o027).toBe(0)
  })

  it('is left as it is if it exists', async () => {
    const { directory, path } = await prepare('kept')
    await createDirectory(directory)
    expect(existsSync(path)).toBe(true)
  })

  it('is an error below a file', async () => {
    const { path } = await prepare('')
    await expect(createDirectory(join(path, 'audit'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it.runIf(existsSync('/proc/self'))('is an error where nothing can be created', async () => {
    await expect(createDirectory('/proc/audit/of/mint')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.runIf(existsSync('/proc/self'))('may be impossible to sync on Windows, and only there', async () => {
    await expect(syncDirectory('/proc', 'linux')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(syncDirectory('/proc', 'win32')).resolves.toBeUndefined()
    await expect(syncDirectory('/nowhere', 'win32')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
