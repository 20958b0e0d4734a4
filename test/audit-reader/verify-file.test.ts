/** One file: its key, its version, and what is not a file. */

import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listAudit, openAudit } from '../../src/audit-reader/listing.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { verifyFile } from '../../src/audit-reader/verify-file.ts'
import { keys } from '../audit/fields.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { B, Chain, otherKeys, toFiles, writeFiles } from './chains.ts'
import { findIn, toShort } from './verifying.ts'

const verifyDirectory = async (directory: string) =>
  toShort(await verifyAudit({ directory, keys: [keys], anchors: [] }))

const other = () => new Chain({ keys: otherKeys }).open().attempts(3).close()

describe('a file under another key', () => {
  it('cannot be checked, and is not reported as tampered', async () => {
    expect(await findIn(toFiles(other()))).toStrictEqual(['unchecked', [other().name, 'key_unknown']])
  })

  it('is checked if its key is one of several', async () => {
    const first = other()
    const second = new Chain({ minute: 60, writer: B }).open(first.named).attempts(2)
    const files = toFiles(first, second)
    expect(await findIn(files, { keys: [keys, otherKeys] })).toStrictEqual(['whole'])
    expect(await findIn(files)).toStrictEqual(['unchecked', [first.name, 'key_unknown']])
  })

  it('may be torn: a start under our key vouches for its end, without its lines', async () => {
    const first = new Chain({ keys: otherKeys }).open().attempts(3)
    first.torn = '{"v":1,"time":"2026-11-23'
    const named = { file: first.name, seq: null, mac: null }
    const second = new Chain({ minute: 60, writer: B }).open(named).recovered(named, first.torn)
    const files = toFiles(first, second)
    expect(await findIn(files)).toStrictEqual([
      'unchecked',
      [first.name, 'key_unknown'],
      [first.name, 'torn_vouched', 5],
    ])
    expect(await findIn(files, { keys: [keys, otherKeys] })).toStrictEqual([
      'torn',
      [first.name, 'torn_vouched', 5],
    ])
    first.torn = ''
    expect(await findIn(toFiles(first, second))).toStrictEqual([
      'tampered',
      [first.name, 'key_unknown'],
      [first.name, 'line_changed', 5],
    ])
  })

  it('is tampered with if a line of it is under our key', async () => {
    const first = new Chain().open().attempts(3)
    first.lines[0] = first.lines[0]?.replace(keys.id, otherKeys.id) ?? ''
    expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'line_changed', 1]])
  })

  it('is tampered with if its first line names our key', async () => {
    const forged = new Chain({ keys: { ...otherKeys, id: keys.id } }).open().attempts(3)
    expect(await findIn(toFiles(forged))).toStrictEqual(['tampered', [forged.name, 'line_changed', 1]])
  })

  it('is tampered with if the order of its lines is wrong', async () => {
    const first = other()
    first.lines.splice(2, 1)
    expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'line_changed', 3]])
  })

  it('is tampered with if a line that a record names is missing', async () => {
    const ours = new Chain().open().attempts(3).close()
    const second = new Chain({ minute: 60, writer: B }).open(ours.named)
    const files = { ...toFiles(second), [ours.name]: other().text }
    expect(await findIn(files)).toStrictEqual(['tampered', [ours.name, 'line_forged', 5]])
    const future = other().lines[0]?.replace('{"v":1,', '{"v":3,') ?? ''
    expect(await findIn({ ...files, [ours.name]: future })).toStrictEqual([
      'tampered',
      [ours.name, 'tail_cut', 1],
    ])
  })

  it('makes no claims about other files', async () => {
    const first = other()
    const forger = new Chain({ minute: 60, writer: B, keys: otherKeys }).open().removed(first.named)
    const ours = new Chain({ minute: 90, writer: B }).open(first.named, forger.named)
    expect(await findIn(toFiles(forger, ours))).toStrictEqual([
      'tampered',
      [first.name, 'file_missing'],
      [forger.name, 'key_unknown'],
    ])
  })
})

describe('a sealed line that no service writes', () => {
  it.each([
    [
      'after the record that closes the file',
      () => new Chain().open().close().attempts(1),
      'line_changed',
      3,
    ],
    ['of another process', () => new Chain().open().add('attempt', { writer: B }), 'line_changed', 2],
    ['first, but not an open record', () => new Chain().attempts(2), 'line_changed', 1],
  ] as const)('is found: %s', async (_what, build, reason, line) => {
    const chain = build()
    expect(await findIn(toFiles(chain))).toStrictEqual(['tampered', [chain.name, reason, line]])
  })
})

it('a file without the first of its first records is found', async () => {
  const chain = new Chain().open().open().attempts(2)
  chain.lines.shift()
  expect(await findIn(toFiles(chain))).toStrictEqual(['tampered', [chain.name, 'line_changed', 1]])
})

it('a first line that names no key is not from another key', async () => {
  const chain = new Chain({ keys: otherKeys }).add('open', { detail: { heads: [] } })
  expect(await findIn(toFiles(chain))).toStrictEqual(['tampered', [chain.name, 'line_changed', 1]])
})

describe('an unknown version', () => {
  it('cannot be checked if the line is sealed', async () => {
    const newer = new Chain().open().attempts(1).add('attempt', {}, 2).attempts(1)
    expect(await findIn(toFiles(newer))).toStrictEqual(['unchecked', [newer.name, 'version_unknown', 3]])
  })

  it.each([
    ['a record that names files, without their names', { heads: [{ seq: 1 }] }],
    ['an open record without a detail', null],
  ])('cannot be checked if the detail has another form: %s', async (_what, detail) => {
    const newer = new Chain().add('open', { detail })
    expect(await findIn(toFiles(newer))).toStrictEqual(['unchecked', [newer.name, 'version_unknown', 1]])
  })

  it('is tampered with if the line is not sealed', async () => {
    const first = new Chain().open().attempts(3)
    first.lines[2] = first.lines[2]?.replace('{"v":1,', '{"v":2,') ?? ''
    expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'line_changed', 3]])
  })
})

describe('in the directory', () => {
  const chain = new Chain().open().attempts(3).close()

  it('other files are counted and ignored', async () => {
    const directory = await writeFiles({
      ...toFiles(chain),
      'audit.key': 'k',
      'notes.txt': 'x',
      'audit-': 'x',
    })
    expect(await verifyAudit({ directory, keys: [keys], anchors: [] })).toMatchObject({
      verdict: 'whole',
      files: 1,
      others: 2,
    })
  })

  it.each(['audit-copy.jsonl', `${chain.name.slice(0, -6)}-old.jsonl`, 'audit-\u001b[2J\n.jsonl'])(
    'a file whose name is only similar to that of an audit file is found: %j',
    async (name) => {
      expect(await findIn({ ...toFiles(chain), [name]: chain.text })).toStrictEqual([
        'tampered',
        [name, 'file_renamed'],
      ])
    },
  )

  it('a link is not followed, even to a good file', async () => {
    const elsewhere = await writeFiles(toFiles(chain))
    const directory = await createTemporaryDirectory()
    await symlink(join(elsewhere, chain.name), join(directory, chain.name))
    expect(await verifyDirectory(directory)).toStrictEqual(['tampered', [chain.name, 'file_irregular']])
  })

  it('a pipe is not waited for', async () => {
    const directory = await createTemporaryDirectory()
    execFileSync('mkfifo', [join(directory, chain.name)])
    expect(await verifyDirectory(directory)).toStrictEqual(['tampered', [chain.name, 'file_irregular']])
  })

  it('a link or pipe that replaces a listed file is not followed, nor waited for', async () => {
    const directory = await writeFiles(toFiles(chain))
    execFileSync('mkfifo', [join(directory, 'pipe')])
    await symlink(chain.name, join(directory, 'link'))
    const pipe = await openAudit(join(directory, 'pipe'))
    expect((await pipe.stat()).isFIFO()).toBe(true)
    await pipe.close()
    await expect(openAudit(join(directory, 'link'))).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('a directory is not entered', async () => {
    const directory = await createTemporaryDirectory()
    await mkdir(join(directory, chain.name))
    expect(await verifyDirectory(directory)).toStrictEqual(['tampered', [chain.name, 'file_irregular']])
  })

  it('an unreadable file cannot be checked, and is not missing', async () => {
    const directory = await writeFiles(toFiles(chain))
    await chmod(directory, 0o755)
    await chmod(join(directory, chain.name), 0o000)
    // Root can read everything, so the test runs as another user.
    if (process.geteuid?.() === 0) {
      process.seteuid?.(65_534)
      onTestFinished(() => process.seteuid?.(0))
    }
    expect(await verifyDirectory(directory)).toStrictEqual(['unchecked', [chain.name, 'file_unreadable']])
  })

  it('nothing is changed or created', async () => {
    const directory = await writeFiles(toFiles(chain))
    const before = await listAudit(directory)
    await chmod(directory, 0o555)
    expect(await verifyDirectory(directory)).toStrictEqual(['whole'])
    expect(await listAudit(directory)).toStrictEqual(before)
  })
})

/** A file whose last line is written in two parts. */
function half() {
  const chain = new Chain().open().attempts(3)
  const last = chain.lines.pop() ?? ''
  return { chain, last, before: chain.text + last.slice(0, 40), rest: last.slice(40) }
}

/** Verifies the file; `append` is called while it is read. */
async function verifyWhile(name: string, content: string, append: (path: string) => void) {
  const directory = await writeFiles({ [name]: content })
  const onRead = (): void => append(join(directory, name))
  return verifyFile({ directory, name, keys: [keys], claims: [], onRead })
}

describe('a file that a service writes at the same time', () => {
  it('is read again if its last line was incomplete', async () => {
    const { chain, before, rest } = half()
    const pieces = [rest]
    const report = await verifyWhile(chain.name, before, (path) => appendFileSync(path, pieces.pop() ?? ''))
    expect(report).toMatchObject({ finding: null, torn: { bytes: 0 }, lines: 4 })
  })

  it('is read up to its end at the time of opening', async () => {
    const { chain, last } = half()
    const report = await verifyWhile(chain.name, chain.text, (path) => appendFileSync(path, last))
    expect(report).toMatchObject({ finding: null, torn: { bytes: 0 }, lines: 3 })
  })

  it('is read three times at most', async () => {
    const { chain, before } = half()
    let reads = 0
    const report = await verifyWhile(chain.name, before, (path) => {
      reads += 1
      appendFileSync(path, 'x')
    })
    expect([reads, report.torn.bytes]).toStrictEqual([3, 42])
  })
})
