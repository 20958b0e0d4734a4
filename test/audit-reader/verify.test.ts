/** Complete audits, and every way in which files can differ from what records say about them. */
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { A, B, Chain, toFiles, writeFiles } from './chains.ts'
import { type Found, findIn, testEach, verifyFiles } from './verifying.ts'

const TORN = '{"v":1,"time":"2026-11-22T00:0'

/** The files that cases are made of, new for each case. */
const createParts = () => ({
  /** Of a service that was stopped: ten records. */
  stopped: new Chain().open().attempts(8).close(),
  /** Of a service that runs, or was killed between two records. */
  running: new Chain().open().attempts(3),
  /** Of a service that was killed while it wrote a record. */
  crashed: cut(new Chain().open().attempts(3), 0, TORN),
  /** Of a service that was killed while it wrote its first record. */
  begun: cut(new Chain(), 0, '{"v":1,'),
  empty: new Chain(),
  /** Of the next process, an hour later, without a line yet. */
  next: new Chain({ minute: 60, writer: B }),
  /** Of the same process, after rotation or a fault. */
  later: new Chain({ minute: 1, seq: 4 }),
})

const withoutLine = ({ name }: Chain) => ({ file: name, seq: null, mac: null })

/** Removes the last lines. */
function cut(chain: Chain, lines: number, torn = ''): Chain {
  chain.lines.splice(chain.lines.length - lines)
  chain.torn = torn
  return chain
}

describe('an audit is complete', () => {
  testEach('whole', createParts, {
    'a service runs, or was killed between two records': ({ running }) => [[running]],
    'a file has only its first record': ({ empty }) => [[empty.open()]],
    'each start names what it found': ({ stopped, next }) => {
      next.open(stopped.named).attempts(2)
      return [[stopped, next, new Chain({ minute: 90, writer: 'c'.repeat(16) }).open(next.named)]]
    },
    'a file was rotated, and the sequence continues': ({ later }) => {
      const first = new Chain().open().attempts(2).close('rotated')
      return [[first, later.open(first.named).attempts(2)]]
    },
    'a replica continued after another one had named it': ({ running, next }) => [
      [next.open(running.named), running.attempts(5)],
    ],
    'the clock of a replica is behind that of the one it names': ({ next }) => {
      const behind = new Chain({ minute: 0 }).open(next.open().attempts(2).named)
      return [[next.attempts(5), behind]]
    },
    'a replica had no whole record when it was named': ({ empty, next }) => [
      [next.open(withoutLine(empty)), empty.open().attempts(2)],
    ],
    'a record was half-written when another replica vouched for that half': ({ running, next }) => {
      const { named } = running
      const half = running.attempts(2).lines[4]?.slice(0, 77) ?? ''
      return [[running, next.open(named).recovered(named, half)]]
    },
    'a first record was half-written when another replica vouched for that half': ({ running, next }) => {
      const [named, half = ''] = [withoutLine(running), running.lines[0]?.slice(0, 30)]
      return [[running, next.open(named).recovered(named, half)]]
    },
    'numbers are assigned again after a fault': ({ running, later }) => [
      [running, later.open(running.named).gap(running.named).attempts(2)],
    ],
    'unacknowledged records are on the disk after a fault': ({ running, later }) => [
      [later.open(running.named).gap(running.named).attempts(2), running.attempts(2)],
    ],
    'a file was given up while it was opened, and its numbers are assigned again': ({ running, later }) => {
      later.open(running.named)
      return [[running, later, new Chain({ minute: 2, seq: 4 }).open(later.named).attempts(2)]]
    },
    'two files of one process have the same numbers after a gap': ({ running }) => {
      const other = new Chain({ minute: 1, seq: 2 }).open(running.named).attempts(1)
      const gap = { ...running.named, ...new Chain().open().attempts(1).head }
      return [[running, other, new Chain({ minute: 2, seq: 4 }).open(other.named).gap(gap)]]
    },
    'retention removed a file, with a record': ({ stopped, next }) => [
      [next.open(stopped.named).attempts(1).removed(stopped.named).attempts(1)],
    ],
    'retention recorded a removal, and then could not remove the file': ({ stopped, next }) => [
      [stopped, next.open(stopped.named).removed(stopped.named)],
    ],
  })

  it('is read once if the clocks agree', async () => {
    const { running, next } = createParts()
    next.open(running.named).attempts(20)
    const directory = await writeFiles(toFiles(running.attempts(20), next))
    const seen: number[] = []
    const onProgress = (...numbers: readonly number[]): void => void seen.push(...numbers)
    await verifyAudit({ directory, keys: [keys], anchors: [], onProgress })
    const total = running.text.length + next.text.length
    expect(seen).toStrictEqual([next.text.length, total, total, total])
  })
})

const missing = ({ name }: Chain): Found => [name, 'file_missing']

describe('an audit was changed', () => {
  testEach('tampered', createParts, {
    'a file that a later one names is missing': ({ stopped, next }) => [
      [next.open(stopped.named)],
      missing(stopped),
    ],
    'a file that a gap names is missing': ({ stopped, next }) => [
      [next.open().gap(stopped.named)],
      missing(stopped),
    ],
    'a file whose torn end is vouched for is missing': ({ stopped, next }) => [
      [next.open().recovered(stopped.named, 'x')],
      missing(stopped),
    ],
    'a file without any record is missing': ({ empty, next }) => [
      [next.open(withoutLine(empty))],
      missing(empty),
    ],
    'a file with a gap is missing': ({ running, later }) => {
      later.open(running.named).gap(running.named).attempts(2)
      return [[running, new Chain({ minute: 2, seq: 8 }).open(later.named)], missing(later)]
    },
    'a file ends before the line that a later one names': ({ stopped, next }) => [
      [cut(stopped, 3), next.open(stopped.named)],
      [stopped.name, 'tail_cut', 8],
    ],
    'a file ends before the line that one with an earlier clock names': ({ stopped }) => [
      [cut(stopped, 3), new Chain({ minute: -5, writer: B }).open(stopped.named)],
      [stopped.name, 'tail_cut', 8],
    ],
    'a file was emptied': ({ stopped, next }) => [
      [cut(stopped, 10), next.open(stopped.named)],
      [stopped.name, 'tail_cut', 1],
    ],
    'a file that is recorded as removed is here, without its end': ({ stopped, next }) => [
      [cut(stopped, 1), next.open().removed(stopped.named)],
      [stopped.name, 'tail_cut', 10],
    ],
    'a file ends within a record before the one that is named': ({ stopped, next }) => [
      [cut(stopped, 2, TORN), next.open(stopped.named)],
      [stopped.name, 'tail_cut', 9],
    ],
    'a file ends within a record before the one that a gap names': ({ running, later }) => [
      [cut(running, 1, TORN), later.open(running.named).gap(running.named)],
      [running.name, 'tail_cut', 4],
    ],
    'a file was written again with the key after a later one had named it': ({ stopped, next }) => [
      [new Chain().open().attempts(7).add('attempt').close(), next.open(stopped.named)],
      [stopped.name, 'line_forged', 10],
    ],
    'two files of one process have the same numbers without a gap': ({ running }) => {
      const other = new Chain({ minute: 1, seq: 2 }).open(running.named).attempts(1)
      return [
        [running, other],
        [other.name, 'line_forged', 1],
      ]
    },
    'torn bytes are fewer than the next start vouches for': ({ crashed, next }) => [
      [crashed, next.open(crashed.named).recovered(crashed.named, `${TORN}x`)],
      [crashed.name, 'line_changed', 5],
    ],
    'torn bytes that the next start vouches for are gone': ({ running, next }) => [
      [running, next.open(running.named).recovered(running.named, 'x')],
      [running.name, 'line_changed', 5],
    ],
    'torn bytes are more than the next start vouches for': ({ crashed, next }) => [
      [crashed, next.open(crashed.named).recovered(crashed.named, TORN.slice(1))],
      [crashed.name, 'torn_unvouched', 5],
    ],
    'a file that the next start found complete is torn': ({ crashed, next }) => [
      [crashed, next.open(crashed.named)],
      [crashed.name, 'torn_unvouched', 5],
    ],
    'there are bytes after the record that closes a file': ({ stopped }) => [
      [cut(stopped, 0, '{')],
      [stopped.name, 'torn_unvouched', 11],
    ],
  })

  it.each(['\u000b', ' ', '{"v":1'])('tampered: a whole record is followed by %j', async (end) => {
    const { running } = createParts()
    running.torn = `${running.lines.pop()?.trimEnd()}${end}`
    expect(await findIn(toFiles(running))).toStrictEqual(['tampered', [running.name, 'line_changed', 4]])
  })

  it('the finding has the file and the line of the record that differs', async () => {
    const { stopped, next } = createParts()
    next.open().attempts(1).removed(stopped.named)
    const { findings } = await verifyFiles(toFiles(cut(stopped, 1), next))
    const place = { line: 10, byte: stopped.text.length }
    const witness = { file: next.name, line: 3 }
    expect(findings).toStrictEqual([{ file: stopped.name, reason: 'tail_cut', place, witness }])
  })
})

describe('a process crashed', () => {
  testEach('torn', createParts, {
    'a file ends within a record, and no process was started since': ({ crashed }) => [
      [crashed],
      [crashed.name, 'torn_last', 5],
    ],
    'a record has no line feed': ({ running }) => {
      running.torn = running.lines.pop()?.trimEnd() ?? ''
      return [[running], [running.name, 'torn_last', 4]]
    },
    'the next start vouches for the bytes': ({ crashed, next }) => [
      [crashed, next.open(crashed.named).recovered(crashed.named, TORN).attempts(1)],
      [crashed.name, 'torn_vouched', 5],
    ],
    'a file ends within its first record': ({ begun }) => [[begun], [begun.name, 'torn_last', 1]],
    'the next start vouches for a file that ends within its first record': ({ begun, next }) => [
      [begun, next.open(withoutLine(begun)).recovered(withoutLine(begun), begun.torn)],
      [begun.name, 'torn_vouched', 1],
    ],
    'a file is empty': ({ empty }) => [[empty], [empty.name, 'torn_last', 1]],
    'the next start names an empty file': ({ empty, next }) => [
      [empty, next.open(withoutLine(empty))],
      [empty.name, 'torn_vouched', 1],
    ],
    'a gap names the last line': ({ crashed, later }) => [
      [crashed, later.open(crashed.named).gap(crashed.named)],
      [crashed.name, 'torn_vouched', 5],
    ],
    'a gap names a line before unacknowledged ones': ({ crashed, later }) => [
      [later.open(crashed.named).gap(crashed.named), crashed.attempts(1)],
      [crashed.name, 'torn_vouched', 6],
    ],
    'a replica crashed after another one had named it': ({ crashed, next }) => [
      [next.open(crashed.named), crashed.attempts(2)],
      [crashed.name, 'torn_last', 7],
    ],
    'a replica crashed right after the record that a rotated file names': ({ crashed }) => [
      [crashed, new Chain({ minute: 60, writer: B, seq: 7 }).open(crashed.named).attempts(2)],
      [crashed.name, 'torn_last', 5],
    ],
  })
})

describe('findings', () => {
  it('are sorted by file, oldest first, and the worst decides', async () => {
    const { crashed, next } = createParts()
    next.open(crashed.named).recovered(crashed.named, TORN).attempts(2).close()
    const third = new Chain({ minute: 61, writer: A.replace('a', '0') }).open(next.named).attempts(2)
    const last = new Chain({ minute: 62, writer: B.replace('b', '0') }).open(third.named)
    expect(await findIn(toFiles(crashed, next, cut(third, 1), last))).toStrictEqual([
      'tampered',
      [crashed.name, 'torn_vouched', 5],
      [third.name, 'tail_cut', 3],
    ])
  })
})
