import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findings } from '../../src/audit-reader/findings.ts'
import { B, Chain, type Files, otherKeys, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { AUDIT_KEY } from '../support/service.ts'
import { run } from './running.ts'

const chain = () => new Chain().open().attempts(8)

const changed = () => {
  const { name, text } = chain()
  return { [name]: text.replace('"ms":3', '"ms":4') }
}

/** The offset of line 5, which has 3 ms. */
const changedAt = chain().lines.slice(0, 4).join('').length

const verify = async (files: Files, ...args: readonly string[]) =>
  run(await writeFiles(files), ['verify', ...args])

const verifyLog = async (files: Files, input: string, ...args: readonly string[]) =>
  run(await writeFiles(files), ['verify', '--anchors', '-', ...args], { input })

describe('audit verify', () => {
  it('exits with 0 for a complete audit, and says how much there is', async () => {
    const stdout = 'whole: 1 file, 9 records, 0 anchors\n'
    expect(await verify(toFiles(chain()))).toStrictEqual({ code: 0, stdout, stderr: '' })
  })

  it('exits with 1 for a changed file, and prints file, line, byte, reason and what to do', async () => {
    const { code, stdout } = await verify(changed())
    expect(code).toBe(1)
    expect(stdout.split('\n')).toStrictEqual([
      `${chain().name} line 5 byte ${changedAt}: line_changed: ${findings.line_changed.means}`,
      `line_changed: ${findings.line_changed.advice}`,
      'tampered: 1 file, 4 records, 0 anchors',
      '',
    ])
  })

  it('exits with 2 after a crash', async () => {
    const first = chain()
    first.torn = '{"v":1,'
    const { code, stdout } = await verify(toFiles(first))
    expect(code).toBe(2)
    expect(stdout).toContain(`${first.name} line 10 byte ${first.text.length - 7}: torn_last: `)
    // Also while a service runs: its disk may be full.
    expect(stdout).toContain('a crash or a full disk')
    expect(stdout).toMatch(/^torn: 1 file, 9 records, 0 anchors$/m)
  })

  it('exits with 3 for a file under another key, and with 0 if that key is passed too', async () => {
    const other = new Chain({ minute: 1, writer: B, keys: otherKeys }).open().attempts(2)
    const keyFiles = await writeFiles({ old: 'another audit key, of another service\n', new: AUDIT_KEY })
    const files = toFiles(chain(), other)
    const stdout = expect.stringContaining(`${other.name}: key_unknown`)
    expect(await verify(files)).toMatchObject({ code: 3, stdout })
    const both = ['old', 'new'].flatMap((name) => ['--key-file', join(keyFiles, name)])
    expect(await verify(files, ...both)).toMatchObject({ code: 0 })
  })

  it('names the line of the file or of the log that differs', async () => {
    const first = chain()
    const second = new Chain({ minute: 1, writer: B }).open(first.named)
    first.lines.splice(-1)
    const { stdout } = await verify(toFiles(first, second))
    expect(stdout).toContain(`its end was removed (${second.name} line 1)\n`)
    const logs = await writeFiles({ log: `\n${chain().anchor}` })
    const anchored = await verify(toFiles(first), '--anchors', join(logs, 'log'))
    expect(anchored.stdout).toContain('its end was removed (anchor on line 2 of the log)\n')
    expect(anchored.code).toBe(1)
  })

  it('reads the log from standard input too, and says if it has no anchor', async () => {
    const stdout = 'whole: 1 file, 9 records, 1 anchor\n'
    expect(await verifyLog(toFiles(chain()), chain().anchor)).toStrictEqual({ code: 0, stdout, stderr: '' })
    const stderr = 'There is no anchor in the log: a removed tail would not be found.\n'
    expect(await verifyLog(toFiles(chain()), 'no anchor\n')).toMatchObject({ code: 0, stderr })
  })

  it('prints the same as JSON', async () => {
    const { code, stdout } = await verify(changed(), '--json')
    expect([code, JSON.parse(stdout)]).toStrictEqual([
      1,
      {
        verdict: 'tampered',
        files: 1,
        records: 4,
        bytes: chain().text.length,
        anchors: 0,
        others: 0,
        findings: [
          {
            file: chain().name,
            line: 5,
            byte: changedAt,
            reason: 'line_changed',
            verdict: 'tampered',
            means: findings.line_changed.means,
            witness: null,
          },
        ],
      },
    ])
  })

  it('prints no control character of a name, a line or a log', async () => {
    const evil = '\u001b[2J\u009b'
    const anchor = JSON.stringify({ msg: 'audit anchor', file: `${evil}.jsonl`, seq: 1, mac: 'a'.repeat(64) })
    const files = { [`audit-${evil}.jsonl`]: evil, [chain().name]: `${chain().text}${evil}\n` }
    for (const json of [[], ['--json']]) {
      const { code, stdout } = await verifyLog(files, anchor, ...json)
      expect([code, stdout]).toStrictEqual([1, expect.stringMatching(/^[\x20-\x7e\n]+$/)])
      expect(stdout).toContain('audit-??2J?.jsonl')
    }
  })
})

describe('audit verify cannot check', () => {
  it.each<[what: string, args: readonly string[], environment: Record<string, string>, problem: string]>([
    ['without a directory', [], { AUDIT_DIR: '/nowhere', AUDIT_KEY }, 'directory_unreadable'],
    ['without that of an option', ['--dir', '/nowhere'], { AUDIT_KEY }, 'directory_unreadable'],
    ['without a directory or a key', [], { AUDIT_DIR: '/nowhere' }, 'directory_unreadable'],
    ['without a key', [], {}, 'key_missing'],
    ['with a missing key file', ['--key-file', '/nowhere'], { AUDIT_KEY }, 'key_missing'],
    ['with a missing key file of a setting', [], { AUDIT_KEY_FILE: '/nowhere' }, 'settings_wrong'],
    ['with a key that is too short', [], { AUDIT_KEY: 'short' }, 'settings_wrong'],
    ['without the log', ['--anchors', '/nowhere'], { AUDIT_KEY }, 'log_unreadable'],
  ])('%s', async (_what, args, environment, problem) => {
    const directory = await writeFiles(toFiles(chain()))
    const given = { environment: { AUDIT_DIR: directory, ...environment } }
    const { code, stdout, stderr } = await run(directory, ['verify', ...args], given)
    expect([code, stdout]).toStrictEqual([3, ''])
    expect(stderr).toMatch(/^realtime-mint audit verify: .+\n$/)
    const json = await run(directory, ['verify', '--json', ...args], given)
    expect([json.code, JSON.parse(json.stdout)]).toStrictEqual([3, { verdict: 'unchecked', problem }])
  })

  it('an empty directory, also with anchors', async () => {
    const stderr = 'realtime-mint audit verify: there is no audit file in AUDIT_DIR\n'
    expect(await verify({})).toMatchObject({ code: 3, stderr })
    const stdout = expect.stringContaining(
      'the directory has no audit file: all were removed, or the log belongs to another directory',
    )
    expect(await verifyLog({}, chain().anchor)).toMatchObject({ code: 3, stdout })
  })
})

describe('the key', () => {
  it('is read from the directory if none is configured, and never created', async () => {
    const directory = await writeFiles({ ...toFiles(chain()), 'audit.key': `${AUDIT_KEY}\n` })
    const environment = { AUDIT_DIR: directory }
    expect(await run(directory, ['verify'], { environment })).toMatchObject({ code: 0 })
    const without = await writeFiles(toFiles(chain()))
    await run(without, ['verify'], { environment: { AUDIT_DIR: without } })
    await expect(readFile(join(without, 'audit.key'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('of an option replaces that of the settings, even an invalid one', async () => {
    const directory = await writeFiles(toFiles(chain()))
    const keyFile = join(await writeFiles({ key: AUDIT_KEY }), 'key')
    const others = { OPENAI_API_KEY_FILE: '/nowhere', PORT: 'none' }
    const environment = { AUDIT_DIR: '/nowhere', AUDIT_KEY: 'short', ...others }
    const args = ['verify', '--dir', directory, '--key-file', keyFile]
    expect(await run(directory, args, { environment })).toMatchObject({ code: 0 })
  })
})
