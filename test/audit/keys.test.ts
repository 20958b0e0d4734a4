import { execFile } from 'node:child_process'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { deriveAuditKeys, loadAuditKey } from '../../src/audit/keys.ts'
import { toAuditProblem } from '../../src/audit/open.ts'
import { Secret } from '../../src/secret.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'

const run = promisify(execFile)

const MASTER = 'a master key that is only for tests'

const derive = (use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', MASTER, '', `realtime-mint audit ${use}`, 32))

const toHmac = (key: Buffer, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex').slice(0, 32)

describe('the keys that are derived from the audit key', () => {
  const keys = deriveAuditKeys(new Secret(MASTER))

  it('are derived by HKDF-SHA256, as other versions derive them', () => {
    expect(keys.toPseudonym('address', '203.0.113.9')).toBe(
      toHmac(derive('pseudonym'), 'address\u0000203.0.113.9'),
    )
    expect(new Secret('ek_a').fingerprint(keys.fingerprint)).toBe(toHmac(derive('fingerprint'), 'ek_a'))
  })

  it('make pseudonyms of 32 hex digits, the same ones after a restart and in every replica', () => {
    const again = deriveAuditKeys(new Secret(MASTER))
    expect(again.toPseudonym('caller', 'ada')).toBe(keys.toPseudonym('caller', 'ada'))
    expect(keys.toPseudonym('caller', 'ada')).toMatch(/^[0-9a-f]{32}$/)
    expect(keys.toPseudonym('caller', 'ada')).toBe(keys.toPseudonym('caller', 'ada'))
  })

  it.each([
    ['values', 'caller', 'ada', 'caller', 'bob'],
    ['kinds', 'caller', '203.0.113.9', 'address', '203.0.113.9'],
  ] as const)('differ between %s', (_name, kind, value, otherKind, otherValue) => {
    expect(keys.toPseudonym(kind, value)).not.toBe(keys.toPseudonym(otherKind, otherValue))
  })

  it('differ for another audit key', () => {
    const other = deriveAuditKeys(new Secret(`${MASTER}!`))
    expect(other.toPseudonym('caller', 'ada')).not.toBe(keys.toPseudonym('caller', 'ada'))
    expect(new Secret('ek_a').fingerprint(other.fingerprint)).not.toBe(
      new Secret('ek_a').fingerprint(keys.fingerprint),
    )
  })

  it('differ by use: a pseudonym is not a fingerprint', () => {
    expect(new Secret('caller\u0000ada').fingerprint(keys.fingerprint)).not.toBe(
      keys.toPseudonym('caller', 'ada'),
    )
  })

  it('make the same pseudonym after the cache was emptied', () => {
    const before = keys.toPseudonym('caller', 'ada')
    for (let number = 0; number < 10_001; number += 1) keys.toPseudonym('caller', String(number))
    expect(keys.toPseudonym('caller', 'ada')).toBe(before)
  })
})

describe('the key file', () => {
  it('is created once, readable by its owner only, with 256 random bits', async () => {
    const directory = await createTemporaryDirectory()
    const first = await loadAuditKey(directory)
    const second = await loadAuditKey(directory)
    const path = join(directory, 'audit.key')
    expect([first.isNew, first.isExposed]).toStrictEqual([true, false])
    expect([second.isNew, second.isExposed]).toStrictEqual([false, false])
    expect(second.key.reveal()).toBe(first.key.reveal())
    expect(first.key.reveal()).toMatch(/^[\w-]{43}$/)
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })

  it('differs between directories', async () => {
    const [one, other] = await Promise.all([createTemporaryDirectory(), createTemporaryDirectory()])
    expect((await loadAuditKey(one)).key.reveal()).not.toBe((await loadAuditKey(other)).key.reveal())
  })

  it('of an operator is used as it is', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'audit.key'), `${MASTER}\n`, { mode: 0o600 })
    const { key, isNew } = await loadAuditKey(directory)
    expect([key.reveal(), isNew]).toStrictEqual([MASTER, false])
  })

  it('may be a link to a mounted secret', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'mounted'), MASTER)
    await symlink('mounted', join(directory, 'audit.key'))
    expect((await loadAuditKey(directory)).key.reveal()).toBe(MASTER)
  })

  it.each([
    ['is empty', ''],
    ['has only white space', ' \n'],
    ['is shorter than AUDIT_KEY may be', 'too short'],
  ])('that %s is refused', async (_name, content) => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'audit.key'), content)
    await expect(loadAuditKey(directory)).rejects.toThrow(/key/)
  })

  it('that cannot be read is an error, and is not replaced', async () => {
    const directory = await createTemporaryDirectory()
    await mkdir(join(directory, 'audit.key'))
    await expect(loadAuditKey(directory)).rejects.toMatchObject({ code: 'EISDIR' })
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })

  it('that is a pipe is an error, and is not waited for', async () => {
    const directory = await createTemporaryDirectory()
    await run('mkfifo', [join(directory, 'audit.key')])
    const error: unknown = await loadAuditKey(directory).catch((reason: unknown) => reason)
    expect(toAuditProblem(error)).toBe(
      'AUDIT_DIR: its audit.key is a pipe, a device or a socket, not a regular file',
    )
  })

  it('is one key when a process creates it several times at once', async () => {
    const directory = await createTemporaryDirectory()
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadAuditKey(directory)))
    expect(new Set(loaded.map(({ key }) => key.reveal())).size).toBe(1)
    expect(loaded.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })

  it('is one key when several processes create it at once', async () => {
    const directory = await createTemporaryDirectory()
    const program = `
      import { createHash } from 'node:crypto'
      import { loadAuditKey } from '${ROOT}src/audit/keys.ts'
      const { key } = await loadAuditKey(process.argv[1])
      process.stdout.write(createHash('sha256').update(key.reveal()).digest('hex'))`
    const start = () => run(process.execPath, ['--input-type=module', '-e', program, directory])
    const outputs = await Promise.all([start(), start(), start()])
    const key = (await readFile(join(directory, 'audit.key'), 'utf8')).trim()
    const digest = createHash('sha256').update(key).digest('hex')
    expect(outputs.map(({ stdout }) => stdout)).toStrictEqual([digest, digest, digest])
    expect(await readdir(directory)).toStrictEqual(['audit.key'])
  })

  it('is readable by its owner only, whatever the directory allows', async () => {
    const directory = await createTemporaryDirectory()
    await chmod(directory, 0o777)
    await loadAuditKey(directory)
    expect((await stat(join(directory, 'audit.key'))).mode & 0o077).toBe(0)
  })
})
