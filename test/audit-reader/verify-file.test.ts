/** One file: its key, its version, and what is not a file. */

import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { FindingReason } from '../../src/audit-reader/findings.ts'
import { listAudit, openAuditFile } from '../../src/audit-reader/listing.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { verifyFile } from '../../src/audit-reader/verify-file.ts'
import { keys } from '../audit/fields.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { B, Chain, otherKeys, toFiles, writeFiles } from './chains.ts'
import { findIn, testEach, toShort } from './verifying.ts'

const verifyDirectory = async (directory: string) =>
  toShort(await verifyAudit({ directory, keys: [keys], anchors: [] }))

const other = () => new Chain({ keys: otherKeys }).open().attempts(3).close()

const createParts = () => ({ empty: new Chain(), file: new Chain().open().attempts(3), unknown: other() })

const judged = (chain: Chain, line: number, reason: FindingReason = 'line_changed') =>
  [[chain], [chain.name, reason, line]] as const

function changed(chain: Chain, index: number, from: string, to: string): Chain {
  chain.lines[index] = chain.lines[index]?.replace(from, to) ?? ''
  return chain
}

function without(chain: Chain, index: number): Chain {
  chain.lines.splice(index, 1)
  return chain
}

const next = () => new Chain({ minute: 60, writer: B })

describe('a file under another key', () => {
  const both = { keys: [keys, otherKeys] }

  it('cannot be checked, and is not reported as tampered', async () => {
    expect(await findIn(toFiles(other()))).toStrictEqual(['unchecked', [other().name, 'key_unknown']])
  })

  it('is checked if its key is one of several', async () => {
    const first = other()
    const files = toFiles(first, next().open(first.named).attempts(2))
    expect(await findIn(files, both)).toStrictEqual(['whole'])
    expect(await findIn(files)).toStrictEqual(['unchecked', [first.name, 'key_unknown']])
  })

  it('may be torn: a start under our key vouches for its end, without its lines', async () => {
    const first = new Chain({ keys: otherKeys }).open().attempts(3)
    first.torn = '{"v":1,"time":"2026-11-23'
    const named = { file: first.name, seq: null, mac: null }
    const second = next().open(named).recovered(named, first.torn)
    const [unknown, torn] = [
      [first.name, 'key_unknown'],
      [first.name, 'torn_vouched', 5],
    ]
    expect(await findIn(toFiles(first, second))).toStrictEqual(['unchecked', unknown, torn])
    expect(await findIn(toFiles(first, second), both)).toStrictEqual(['torn', torn])
    first.torn = ''
    const gone = [first.name, 'line_changed', 5]
    expect(await findIn(toFiles(first, second))).toStrictEqual(['tampered', unknown, gone])
  })

  testEach('tampered', createParts, {
    'a line of it is under our key': ({ file }) => judged(changed(file, 0, keys.id, otherKeys.id), 1),
    'its first line names our key': () =>
      judged(new Chain({ keys: { ...otherKeys, id: keys.id } }).open().attempts(3), 1),
    'the order of its lines is wrong': ({ unknown }) => judged(without(unknown, 2), 3),
    'its first line names no key': () =>
      judged(new Chain({ keys: otherKeys }).add('open', { detail: { heads: [] } }), 1),
  })

  it('is tampered with if a line that a record names is missing', async () => {
    const ours = new Chain().open().attempts(3).close()
    const files = { ...toFiles(next().open(ours.named)), [ours.name]: other().text }
    expect(await findIn(files)).toStrictEqual(['tampered', [ours.name, 'line_forged', 5]])
    const future = other().lines[0]?.replace('{"v":1,', '{"v":3,') ?? ''
    const cut = [ours.name, 'tail_cut', 1]
    expect(await findIn({ ...files, [ours.name]: future })).toStrictEqual(['tampered', cut])
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

describe('a line that no service writes', () => {
  testEach('tampered', createParts, {
    'comes after the record that closes the file': ({ empty }) => judged(empty.open().close().attempts(1), 3),
    'is of another process': ({ empty }) => judged(empty.open().add('attempt', { writer: B }), 2),
    'is first, but not an open record': ({ empty }) => judged(empty.attempts(2), 1),
    'comes after the first of the first records is gone': ({ empty }) =>
      judged(without(empty.open().open().attempts(2), 0), 1),
    'is of an unknown version, without a seal': ({ file }) =>
      judged(changed(file, 2, '{"v":1,', '{"v":2,'), 3),
  })
})

describe('a sealed line of another form', () => {
  testEach('unchecked', createParts, {
    'is of an unknown version': ({ empty }) =>
      judged(empty.open().attempts(1).add('attempt', {}, 2).attempts(1), 3, 'version_unknown'),
    'names files, without their names': ({ empty }) =>
      judged(empty.add('open', { detail: { heads: [{ seq: 1 }] } }), 1, 'version_unknown'),
    'is an open record without a detail': ({ empty }) =>
      judged(empty.add('open', { detail: null }), 1, 'version_unknown'),
  })
})

describe('in the directory', () => {
  const chain = new Chain().open().attempts(3).close()

  it('other files are counted and ignored', async () => {
    const others = { 'audit.key': 'k', 'notes.txt': 'x', 'audit-': 'x' }
    const directory = await writeFiles({ ...toFiles(chain), ...others })
    const found = await verifyAudit({ directory, keys: [keys], anchors: [] })
    expect(found).toMatchObject({ verdict: 'whole', files: 1, others: 2 })
  })

  it.each(['audit-copy.jsonl', `${chain.name.slice(0, -6)}-old.jsonl`, 'audit-\u001b[2J\n.jsonl'])(
    'a file whose name is only similar to that of an audit file is found: %j',
    async (name) => {
      const files = { ...toFiles(chain), [name]: chain.text }
      expect(await findIn(files)).toStrictEqual(['tampered', [name, 'file_renamed']])
    },
  )

  it.each<[what: string, create: (path: string) => unknown]>([
    [
      'a link is not followed, even to a good file',
      async (path) => symlink(join(await writeFiles(toFiles(chain)), chain.name), path),
    ],
    ['a pipe is not waited for', (path) => execFileSync('mkfifo', [path])],
    ['a directory is not entered', (path) => mkdir(path)],
  ])('%s', async (_what, create) => {
    const directory = await createTemporaryDirectory()
    await create(join(directory, chain.name))
    expect(await verifyDirectory(directory)).toStrictEqual(['tampered', [chain.name, 'file_irregular']])
  })

  it('a link or pipe that replaces a listed file is not followed, nor waited for', async () => {
    const directory = await writeFiles(toFiles(chain))
    execFileSync('mkfifo', [join(directory, 'pipe')])
    await symlink(chain.name, join(directory, 'link'))
    const pipe = await openAuditFile(join(directory, 'pipe'))
    expect((await pipe.stat()).isFIFO()).toBe(true)
    await pipe.close()
    await expect(openAuditFile(join(directory, 'link'))).rejects.toMatchObject({ code: 'ELOOP' })
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
