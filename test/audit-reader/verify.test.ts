/** What whole audits look like, and every way in which files can fall short of what is said about them. */
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { A, B, Chain, keys, toFiles, writeFiles } from './chains.ts'
import { findIn, verifyFiles } from './verifying.ts'

/** Stopped on purpose, with its ten records. */
const stopped = () => new Chain().open().attempts(8).close()

/** Killed as it wrote its next record. */
function crashed(): Chain {
  const chain = new Chain().open().attempts(3)
  chain.torn = '{"v":1,"time":"2026-11-22T00:0'
  return chain
}

/** The next process, an hour later. */
const next = () => new Chain({ minute: 60, writer: B })

describe('whole is', () => {
  it('a file of a service that was stopped', async () => {
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

  it('a file of a service that runs, or was killed between two records', async () => {
    expect(await findIn(toFiles(new Chain().open().attempts(3)))).toStrictEqual(['whole'])
  })

  it('a file that nothing but its opening is in', async () => {
    expect(await findIn(toFiles(new Chain().open()))).toStrictEqual(['whole'])
  })

  it('several starts, each naming what it found', async () => {
    const first = stopped()
    const second = next().open(first.named).attempts(2)
    const third = new Chain({ minute: 90, writer: 'c'.repeat(16) }).open(second.named)
    expect(await findIn(toFiles(first, second, third))).toStrictEqual(['whole'])
  })

  it('a file that was rotated, with its numbers going on', async () => {
    const first = new Chain().open().attempts(2).close('rotated')
    const second = new Chain({ minute: 1, seq: 4 }).open(first.named).attempts(2)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })

  it('a replica that went on after another one had named it', async () => {
    const first = new Chain().open().attempts(2)
    const second = next().open(first.named)
    first.attempts(5)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })

  it('a replica whose clock is behind that of the one it names', async () => {
    const ahead = new Chain({ minute: 60 }).open().attempts(2)
    const behind = new Chain({ minute: 0, writer: B }).open(ahead.named)
    ahead.attempts(5)
    expect(await findIn(toFiles(ahead, behind))).toStrictEqual(['whole'])
  })

  it('a replica that had no whole record yet as it was named', async () => {
    const first = new Chain()
    const second = next().open({ file: first.name, seq: null, mac: null })
    first.open().attempts(2)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })

  it('a record that was half written as another replica vouched for that half, and whole later', async () => {
    const first = new Chain().open().attempts(2)
    const { named } = first
    first.attempts(2)
    const half = first.lines[3]?.slice(0, 77) ?? ''
    const second = next().open(named).recovered(named, half)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })

  it('an opening record that was half written as another replica vouched for that half', async () => {
    const first = new Chain()
    const named = { file: first.name, seq: null, mac: null }
    first.open().attempts(1)
    const second = next()
      .open(named)
      .recovered(named, first.lines[0]?.slice(0, 30) ?? '')
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })

  it('what came after a fault: numbers are given anew, and what nobody was told of may be there or not', async () => {
    const poisoned = new Chain().open().attempts(3)
    const { named } = poisoned
    const after = new Chain({ minute: 1, seq: 4 }).open(named).gap(named).attempts(2)
    expect(await findIn(toFiles(poisoned, after))).toStrictEqual(['whole'])
    expect(await findIn(toFiles(poisoned.attempts(2), after))).toStrictEqual(['whole'])
  })

  it('a file that was given up as it was opened, and its numbers given anew', async () => {
    const first = new Chain().open().attempts(3)
    const given = new Chain({ minute: 1, seq: 4 }).open(first.named)
    const after = new Chain({ minute: 2, seq: 4 }).open(given.named).attempts(2)
    expect(await findIn(toFiles(first, given, after))).toStrictEqual(['whole'])
  })

  it('what retention removed, with a record that says so', async () => {
    const first = stopped()
    const second = next().open(first.named).attempts(1).removed(first.named).attempts(1)
    expect(await findIn(toFiles(second))).toStrictEqual(['whole'])
    expect(await findIn(toFiles(first, second))).toStrictEqual(['whole'])
  })
})

describe('tampered is', () => {
  it('a file that is missing, named by a later one', async () => {
    const [first, second] = [stopped(), next()]
    second.open(first.named)
    expect(await findIn(toFiles(second))).toStrictEqual(['tampered', [first.name, 'file_missing']])
  })

  it.each(['gap', 'recovered'] as const)('a file that is missing, named by a %s record', async (kind) => {
    const first = stopped()
    const second = next().open()
    if (kind === 'gap') second.gap(first.named)
    else second.recovered(first.named, 'x')
    expect(await findIn(toFiles(second))).toStrictEqual(['tampered', [first.name, 'file_missing']])
  })

  it('a file without any record that is missing', async () => {
    const first = new Chain()
    const second = next().open({ file: first.name, seq: null, mac: null })
    expect(await findIn(toFiles(second))).toStrictEqual(['tampered', [first.name, 'file_missing']])
  })

  it('a tail that was cut after a later file had named it, whoever wrote that one and whenever', async () => {
    const first = stopped()
    const later = next().open(first.named)
    const earlier = new Chain({ minute: -5, writer: B }).open(first.named)
    first.lines.splice(-3)
    const expected = ['tampered', [first.name, 'tail_cut', 8]]
    expect(await findIn(toFiles(first, later))).toStrictEqual(expected)
    expect(await findIn(toFiles(first, earlier))).toStrictEqual(expected)
  })

  it('a file that was emptied', async () => {
    const first = stopped()
    const second = next().open(first.named)
    expect(await findIn({ ...toFiles(second), [first.name]: '' })).toStrictEqual([
      'tampered',
      [first.name, 'tail_cut', 1],
    ])
  })

  it('a cut tail of a file that is said to be removed, but is here', async () => {
    const first = stopped()
    const second = next().open().removed(first.named)
    first.lines.splice(-1)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['tampered', [first.name, 'tail_cut', 10]])
  })

  it('a file that was written anew with the key, after a later one had named it', async () => {
    const first = stopped()
    const second = next().open(first.named)
    const forged = new Chain().open().attempts(7).add('attempt').close()
    expect(await findIn(toFiles(forged, second))).toStrictEqual(['tampered', [first.name, 'line_forged', 10]])
  })

  it('two files of one process with the same numbers, unless a gap says why', async () => {
    const one = new Chain().open().attempts(3)
    const other = new Chain({ minute: 1, seq: 2 }).open(one.named).attempts(1)
    expect(await findIn(toFiles(one, other))).toStrictEqual(['tampered', [other.name, 'line_forged', 1]])
    const { seq, mac } = new Chain().open().attempts(1).head
    const gap = new Chain({ minute: 2, seq: 4 }).open(other.named).gap({ file: one.name, seq, mac })
    expect(await findIn(toFiles(one, other, gap))).toStrictEqual(['whole'])
  })

  it('a gap that was cut out with the file that says so', async () => {
    const poisoned = new Chain().open().attempts(3)
    const after = new Chain({ minute: 1, seq: 4 }).open(poisoned.named).gap(poisoned.named).attempts(2)
    const last = new Chain({ minute: 2, seq: 8 }).open(after.named)
    expect(await findIn(toFiles(poisoned, last))).toStrictEqual(['tampered', [after.name, 'file_missing']])
  })

  it('takes one pass over all files, as long as clocks agree', async () => {
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

  it('names the witness: the file and line that knew better', async () => {
    const first = stopped()
    const second = next().open().attempts(1).removed(first.named)
    first.lines.splice(-1)
    const { findings } = await verifyFiles(toFiles(first, second))
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

describe('torn is', () => {
  it('a file that ends within a record, if nothing was started since', async () => {
    const first = crashed()
    expect(await findIn(toFiles(first))).toStrictEqual(['torn', [first.name, 'torn_last', 5]])
  })

  it('a file that ends within a record, if the next start vouches for exactly these bytes', async () => {
    const first = crashed()
    const second = next().open(first.named).recovered(first.named, first.torn).attempts(1)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_vouched', 5]])
  })

  it('a file that ends within its first record, if the next start vouches for it', async () => {
    const first = new Chain()
    first.torn = '{"v":1,'
    const named = { file: first.name, seq: null, mac: null }
    expect(await findIn(toFiles(first))).toStrictEqual(['torn', [first.name, 'torn_last', 1]])
    const second = next().open(named).recovered(named, first.torn)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_vouched', 1]])
  })

  it('a file that ends within a record after a gap, at once or behind lines that nobody was told of', async () => {
    const first = crashed()
    const second = new Chain({ minute: 1, seq: 4 }).open(first.named).gap(first.named)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_vouched', 5]])
    first.attempts(1)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_vouched', 6]])
  })

  it('a replica that crashed later than another one named it', async () => {
    const first = new Chain().open().attempts(1)
    const second = next().open(first.named)
    first.attempts(2).torn = '{"v":1,'
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_last', 5]])
  })

  it('a replica that crashed right behind the record that another one named as it changed files', async () => {
    const first = crashed()
    const rotated = new Chain({ minute: 60, writer: B, seq: 7 }).open(first.named).attempts(2)
    expect(await findIn(toFiles(first, rotated))).toStrictEqual(['torn', [first.name, 'torn_last', 5]])
  })

  it('a record without its line feed', async () => {
    const first = new Chain().open().attempts(3)
    first.torn = first.lines.pop()?.trimEnd() ?? ''
    expect(await findIn(toFiles(first))).toStrictEqual(['torn', [first.name, 'torn_last', 4]])
  })

  it('an empty file, which a crash leaves as it is opened', async () => {
    const first = new Chain()
    expect(await findIn(toFiles(first))).toStrictEqual(['torn', [first.name, 'torn_last', 1]])
    const second = next().open({ file: first.name, seq: null, mac: null })
    expect(await findIn(toFiles(first, second))).toStrictEqual(['torn', [first.name, 'torn_vouched', 1]])
  })
})

describe('torn, but tampered is', () => {
  it.each([
    ['shorter', (torn: string) => torn.slice(0, -1), 'line_changed'],
    ['longer', (torn: string) => `${torn}1`, 'torn_unvouched'],
    ['no', () => '', 'line_changed'],
  ] as const)('a file with %s bytes than the next start vouches for', async (_how, change, reason) => {
    const first = crashed()
    const second = next().open(first.named).recovered(first.named, first.torn)
    first.torn = change(first.torn)
    expect(await findIn(toFiles(first, second))).toStrictEqual(['tampered', [first.name, reason, 5]])
  })

  it('a file that the next start found whole', async () => {
    const first = crashed()
    const second = next().open(first.named)
    expect(await findIn(toFiles(first, second))).toStrictEqual([
      'tampered',
      [first.name, 'torn_unvouched', 5],
    ])
  })

  it('a file that ends within a record before one that was named', async () => {
    const first = stopped()
    const second = next().open(first.named)
    first.lines.splice(-2)
    first.torn = '{"v":1,'
    expect(await findIn(toFiles(first, second))).toStrictEqual(['tampered', [first.name, 'tail_cut', 9]])
  })

  it('a file that ends within a record before the gap that is said of it', async () => {
    const first = new Chain().open().attempts(3)
    const second = new Chain({ minute: 1, seq: 4 }).open(first.named).gap(first.named)
    first.lines.splice(-1)
    first.torn = '{"v":1,'
    expect(await findIn(toFiles(first, second))).toStrictEqual(['tampered', [first.name, 'tail_cut', 4]])
  })

  it('anything behind the record that closes a file', async () => {
    const first = stopped()
    first.torn = '{'
    expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'torn_unvouched', 11]])
  })

  it('a whole record with something else than a line feed behind it', async () => {
    const first = new Chain().open().attempts(3)
    const last = first.lines.pop()?.trimEnd() ?? ''
    for (const torn of [`${last}\u000b`, `${last} `, `${last}{"v":1`]) {
      first.torn = torn
      expect(await findIn(toFiles(first))).toStrictEqual(['tampered', [first.name, 'line_changed', 4]])
    }
  })
})

it('several findings are told by file, oldest first, and the worst decides', async () => {
  const torn = crashed()
  const second = next().open(torn.named).recovered(torn.named, torn.torn).attempts(2).close()
  const cut = new Chain({ minute: 61, writer: A.replace('a', '0') }).open(second.named).attempts(2)
  const last = new Chain({ minute: 62, writer: B.replace('b', '0') }).open(cut.named)
  cut.lines.splice(-1)
  expect(await findIn(toFiles(torn, second, cut, last))).toStrictEqual([
    'tampered',
    [torn.name, 'torn_vouched', 5],
    [cut.name, 'tail_cut', 3],
  ])
})
