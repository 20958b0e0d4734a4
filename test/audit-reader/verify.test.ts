/** Complete audits, and every way in which files can differ from what records say about them. */

import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/audit-reader/findings.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { A, B, Chain, toFiles, writeFiles } from './chains.ts'
import { type Found, findIn, verifyFiles } from './verifying.ts'

const C = 'c'.repeat(16)

/** Of a service that was stopped: ten records. */
const stopped = () => new Chain().open().attempts(8).close()

/** Of a service that was killed while it wrote a record. */
function crashed(torn = '{"v":1,"time":"2026-11-22T00:0'): Chain {
  const chain = new Chain().open().attempts(3)
  chain.torn = torn
  return chain
}

/** Of the next process, an hour later. */
const next = () => new Chain({ minute: 60, writer: B })

/** Of the same process, after rotation or a fault. */
const later = (seq: number, minute = 1) => new Chain({ minute, seq })

const withoutLine = ({ name }: Chain) => ({ file: name, seq: null, mac: null })

/** Removes the last lines. */
function cut(chain: Chain, lines: number, torn = ''): Chain {
  chain.lines.splice(chain.lines.length - lines)
  chain.torn = torn
  return chain
}

/** An audit, with what the verifier is to find. */
interface Case {
  readonly chains: readonly Chain[]
  readonly found: readonly Found[]
}

type Cases = Readonly<Record<string, () => Case>>

const are = (chains: readonly Chain[], ...found: readonly Found[]): Case => ({ chains, found })

function testEach(verdict: Verdict, cases: Cases): void {
  it.each(Object.entries(cases))(`${verdict}: %s`, async (_what, build) => {
    const { chains, found } = build()
    expect(await findIn(toFiles(...chains))).toStrictEqual([verdict, ...found])
  })
}

describe('an audit is complete', () => {
  testEach('whole', {
    'a service runs, or was killed between two records': () => are([new Chain().open().attempts(3)]),
    'a file has only its first record': () => are([new Chain().open()]),
    'each start names what it found': () => {
      const first = stopped()
      const second = next().open(first.named).attempts(2)
      return are([first, second, new Chain({ minute: 90, writer: C }).open(second.named)])
    },
    'a file was rotated, and the sequence continues': () => {
      const first = new Chain().open().attempts(2).close('rotated')
      return are([first, later(4).open(first.named).attempts(2)])
    },
    'a replica continued after another one had named it': () => {
      const first = new Chain().open().attempts(2)
      const second = next().open(first.named)
      return are([first.attempts(5), second])
    },
    'the clock of a replica is behind that of the one it names': () => {
      const ahead = new Chain({ minute: 60 }).open().attempts(2)
      const behind = new Chain({ minute: 0, writer: B }).open(ahead.named)
      return are([ahead.attempts(5), behind])
    },
    'a replica had no whole record when it was named': () => {
      const first = new Chain()
      const second = next().open(withoutLine(first))
      return are([first.open().attempts(2), second])
    },
    'a record was half-written when another replica vouched for that half': () => {
      const first = new Chain().open().attempts(2)
      const { named } = first
      const half = first.attempts(2).lines[3]?.slice(0, 77) ?? ''
      return are([first, next().open(named).recovered(named, half)])
    },
    'a first record was half-written when another replica vouched for that half': () => {
      const first = new Chain().open().attempts(1)
      const named = withoutLine(first)
      return are([
        first,
        next()
          .open(named)
          .recovered(named, first.lines[0]?.slice(0, 30) ?? ''),
      ])
    },
    'numbers are assigned again after a fault': () => {
      const first = new Chain().open().attempts(3)
      return are([first, later(4).open(first.named).gap(first.named).attempts(2)])
    },
    'unacknowledged records are on the disk after a fault': () => {
      const first = new Chain().open().attempts(3)
      const second = later(4).open(first.named).gap(first.named).attempts(2)
      return are([first.attempts(2), second])
    },
    'a file was given up while it was opened, and its numbers are assigned again': () => {
      const first = new Chain().open().attempts(3)
      const given = later(4).open(first.named)
      return are([first, given, later(4, 2).open(given.named).attempts(2)])
    },
    'retention removed a file, with a record': () => {
      const first = stopped()
      return are([next().open(first.named).attempts(1).removed(first.named).attempts(1)])
    },
    'retention recorded a removal, and then could not remove the file': () => {
      const first = stopped()
      return are([first, next().open(first.named).removed(first.named)])
    },
  })

  it('says how much there is', async () => {
    expect(await verifyFiles(toFiles(stopped()))).toStrictEqual({
      verdict: 'whole',
      findings: [],
      files: 1,
      records: 10,
      bytes: stopped().text.length,
      anchors: 0,
      others: 0,
    })
  })

  it('is read once if the clocks agree', async () => {
    const first = new Chain().open().attempts(20)
    const second = next().open(first.named).attempts(20)
    first.attempts(20)
    const directory = await writeFiles(toFiles(first, second))
    const seen: number[] = []
    await verifyAudit({
      directory,
      keys: [keys],
      anchors: [],
      onProgress: (bytes, total) => void seen.push(bytes, total),
    })
    const total = first.text.length + second.text.length
    expect(seen).toStrictEqual([second.text.length, total, total, total])
  })
})

const missing = (name: string): Found => [name, 'file_missing']

describe('an audit was changed', () => {
  testEach('tampered', {
    'a file that a later one names is missing': () => {
      const first = stopped()
      return are([next().open(first.named)], missing(first.name))
    },
    'a file that a gap names is missing': () => {
      const first = stopped()
      return are([next().open().gap(first.named)], missing(first.name))
    },
    'a file whose torn end is vouched for is missing': () => {
      const first = stopped()
      return are([next().open().recovered(first.named, 'x')], missing(first.name))
    },
    'a file without any record is missing': () => {
      const first = new Chain()
      return are([next().open(withoutLine(first))], missing(first.name))
    },
    'a file with a gap is missing': () => {
      const first = new Chain().open().attempts(3)
      const gone = later(4).open(first.named).gap(first.named).attempts(2)
      return are([first, later(8, 2).open(gone.named)], missing(gone.name))
    },
    'a file ends before the line that a later one names': () => {
      const first = stopped()
      const second = next().open(first.named)
      return are([cut(first, 3), second], [first.name, 'tail_cut', 8])
    },
    'a file ends before the line that one with an earlier clock names': () => {
      const first = stopped()
      const second = new Chain({ minute: -5, writer: B }).open(first.named)
      return are([cut(first, 3), second], [first.name, 'tail_cut', 8])
    },
    'a file was emptied': () => {
      const first = stopped()
      const second = next().open(first.named)
      return are([cut(first, 10), second], [first.name, 'tail_cut', 1])
    },
    'a file that is recorded as removed is here, without its end': () => {
      const first = stopped()
      const second = next().open().removed(first.named)
      return are([cut(first, 1), second], [first.name, 'tail_cut', 10])
    },
    'a file ends within a record before the one that is named': () => {
      const first = stopped()
      const second = next().open(first.named)
      return are([cut(first, 2, '{"v":1,'), second], [first.name, 'tail_cut', 9])
    },
    'a file ends within a record before the one that a gap names': () => {
      const first = new Chain().open().attempts(3)
      const second = later(4).open(first.named).gap(first.named)
      return are([cut(first, 1, '{"v":1,'), second], [first.name, 'tail_cut', 4])
    },
    'a file was written again with the key after a later one had named it': () => {
      const first = stopped()
      const forged = new Chain().open().attempts(7).add('attempt').close()
      return are([forged, next().open(first.named)], [first.name, 'line_forged', 10])
    },
    'two files of one process have the same numbers without a gap': () => {
      const one = new Chain().open().attempts(3)
      const other = later(2).open(one.named).attempts(1)
      return are([one, other], [other.name, 'line_forged', 1])
    },
    'torn bytes are fewer than the next start vouches for': () => {
      const [first, second] = [crashed(), next()]
      second.open(first.named).recovered(first.named, `${first.torn}x`)
      return are([first, second], [first.name, 'line_changed', 5])
    },
    'torn bytes that the next start vouches for are gone': () => {
      const [first, second] = [crashed(''), next()]
      second.open(first.named).recovered(first.named, 'x')
      return are([first, second], [first.name, 'line_changed', 5])
    },
    'torn bytes are more than the next start vouches for': () => {
      const [first, second] = [crashed(), next()]
      second.open(first.named).recovered(first.named, first.torn.slice(1))
      return are([first, second], [first.name, 'torn_unvouched', 5])
    },
    'a file that the next start found complete is torn': () => {
      const first = crashed()
      return are([first, next().open(first.named)], [first.name, 'torn_unvouched', 5])
    },
    'there are bytes after the record that closes a file': () => {
      const first = stopped()
      first.torn = '{'
      return are([first], [first.name, 'torn_unvouched', 11])
    },
  })

  it('two files of one process may have the same numbers after a gap', async () => {
    const one = new Chain().open().attempts(3)
    const other = later(2).open(one.named).attempts(1)
    const gap = later(4, 2)
      .open(other.named)
      .gap({ file: one.name, ...new Chain().open().attempts(1).head })
    expect(await findIn(toFiles(one, other, gap))).toStrictEqual(['whole'])
  })

  it.each(['\u000b', ' ', '{"v":1'])('tampered: a whole record is followed by %j', async (end) => {
    const first = new Chain().open().attempts(3)
    first.torn = `${first.lines.pop()?.trimEnd()}${end}`
    expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'line_changed', 4]])
  })

  it('the finding has the file and the line of the record that differs', async () => {
    const first = stopped()
    const second = next().open().attempts(1).removed(first.named)
    const { findings } = await verifyFiles(toFiles(cut(first, 1), second))
    expect(findings).toStrictEqual([
      {
        file: first.name,
        reason: 'tail_cut',
        place: { line: 10, byte: first.text.length },
        witness: { file: second.name, line: 3 },
      },
    ])
  })
})

describe('a process crashed', () => {
  testEach('torn', {
    'a file ends within a record, and no process was started since': () => {
      const first = crashed()
      return are([first], [first.name, 'torn_last', 5])
    },
    'a record has no line feed': () => {
      const first = new Chain().open().attempts(3)
      first.torn = first.lines.pop()?.trimEnd() ?? ''
      return are([first], [first.name, 'torn_last', 4])
    },
    'the next start vouches for the bytes': () => {
      const first = crashed()
      const second = next().open(first.named).recovered(first.named, first.torn).attempts(1)
      return are([first, second], [first.name, 'torn_vouched', 5])
    },
    'a file ends within its first record': () => {
      const first = cut(new Chain(), 0, '{"v":1,')
      return are([first], [first.name, 'torn_last', 1])
    },
    'the next start vouches for a file that ends within its first record': () => {
      const first = cut(new Chain(), 0, '{"v":1,')
      const second = next().open(withoutLine(first)).recovered(withoutLine(first), first.torn)
      return are([first, second], [first.name, 'torn_vouched', 1])
    },
    'a file is empty': () => {
      const first = new Chain()
      return are([first], [first.name, 'torn_last', 1])
    },
    'the next start names an empty file': () => {
      const first = new Chain()
      return are([first, next().open(withoutLine(first))], [first.name, 'torn_vouched', 1])
    },
    'a gap names the last line': () => {
      const first = crashed()
      return are([first, later(4).open(first.named).gap(first.named)], [first.name, 'torn_vouched', 5])
    },
    'a gap names a line before unacknowledged ones': () => {
      const first = crashed()
      const second = later(4).open(first.named).gap(first.named)
      return are([first.attempts(1), second], [first.name, 'torn_vouched', 6])
    },
    'a replica crashed after another one had named it': () => {
      const first = crashed('')
      const second = next().open(first.named)
      return are([cut(first.attempts(2), 0, '{"v":1,'), second], [first.name, 'torn_last', 7])
    },
    'a replica crashed right after the record that a rotated file names': () => {
      const first = crashed()
      const rotated = new Chain({ minute: 60, writer: B, seq: 7 }).open(first.named).attempts(2)
      return are([first, rotated], [first.name, 'torn_last', 5])
    },
  })
})

it('findings are sorted by file, oldest first, and the worst decides', async () => {
  const torn = crashed()
  const second = next().open(torn.named).recovered(torn.named, torn.torn).attempts(2).close()
  const third = new Chain({ minute: 61, writer: A.replace('a', '0') }).open(second.named).attempts(2)
  const last = new Chain({ minute: 62, writer: B.replace('b', '0') }).open(third.named)
  expect(await findIn(toFiles(torn, second, cut(third, 1), last))).toStrictEqual([
    'tampered',
    [torn.name, 'torn_vouched', 5],
    [third.name, 'tail_cut', 3],
  ])
})
