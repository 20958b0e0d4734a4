import { describe, expect, it } from 'vitest'
import { readAnchors } from '../../src/audit-reader/log-anchors.ts'
import { B, Chain, toFiles } from './chains.ts'
import { findIn, inPieces, verifyFiles } from './verifying.ts'

const chain = () => new Chain().open().attempts(8)

const next = () => new Chain({ minute: 60, writer: B })

describe('with anchors', () => {
  it('a file that has their lines is whole, and may have more', async () => {
    const first = chain()
    const log = first.anchor
    const { anchors, verdict } = await verifyFiles(toFiles(first.attempts(2)), { log: log + first.anchor })
    expect([verdict, anchors]).toStrictEqual(['whole', 2])
  })

  it('a removed tail is found although no process was started since, by the line of the log', async () => {
    const first = chain()
    const log = `not this one\n${first.anchor}`
    const last = first.lines.pop()
    expect(await findIn(toFiles(first))).toStrictEqual(['whole'])
    expect(await findIn(toFiles(first), { log })).toStrictEqual(['tampered', [first.name, 'tail_cut', 9]])
    const { findings } = await verifyFiles(toFiles(first), { log })
    expect(findings[0]?.witness).toStrictEqual({ file: null, line: 2 })
    first.torn = last?.slice(0, 40) ?? ''
    expect(await findIn(toFiles(first))).toStrictEqual(['torn', [first.name, 'torn_last', 9]])
    expect(await findIn(toFiles(first), { log })).toStrictEqual(['tampered', [first.name, 'tail_cut', 9]])
  })

  it('a crash right after one of them is a crash', async () => {
    const first = chain()
    first.torn = '{"v":1,'
    const torn = [first.name, 'torn_last', 10]
    expect(await findIn(toFiles(first), { log: first.anchor })).toStrictEqual(['torn', torn])
  })

  it('a file that was written again with a stolen key is found, at the first line with an anchor', async () => {
    const first = chain()
    const log = first.anchor + first.attempts(2).anchor
    const forged = new Chain().open().attempts(7).add('attempt').attempts(2)
    expect(await findIn(toFiles(forged))).toStrictEqual(['whole'])
    expect(await findIn(toFiles(forged), { log })).toStrictEqual(['tampered', [first.name, 'line_forged', 9]])
  })

  it('two different ones for one line are found', async () => {
    const [first, forged] = [chain(), new Chain().open().attempts(7).add('attempt')]
    const log = first.anchor + forged.anchor
    for (const file of [first, forged]) {
      expect(await findIn(toFiles(file), { log })).toStrictEqual(['tampered', [first.name, 'line_forged', 9]])
    }
  })

  it('a missing file is found, even the last one', async () => {
    const first = chain()
    const second = next().open(first.named)
    const missing = ['tampered', [second.name, 'file_missing']]
    expect(await findIn(toFiles(first), { log: first.anchor + second.anchor })).toStrictEqual(missing)
  })

  it('a removed file is not missing, nor is an older one without a record of its removal, but a newer one is', async () => {
    const [oldest, first] = [new Chain({ minute: -60, writer: B }).open(), chain()]
    const newer = new Chain({ minute: 30, writer: B }).open()
    const files = toFiles(next().open().removed(first.named))
    const log = oldest.anchor + first.anchor
    expect(await findIn(files, { log })).toStrictEqual(['whole'])
    const missing = ['tampered', [newer.name, 'file_missing']]
    expect(await findIn(files, { log: log + newer.anchor })).toStrictEqual(missing)
  })
})

describe('anchors of another directory', () => {
  const foreign = new Chain({ minute: 5, writer: 'c'.repeat(16) }).open().attempts(3)

  it('cannot be checked: none of them names a writer of this one', async () => {
    const log = `not json\n${foreign.anchor}${foreign.attempts(1).anchor}`
    const unchecked = ['unchecked', [foreign.name, 'anchors_foreign']]
    expect(await findIn(toFiles(chain()), { log })).toStrictEqual(unchecked)
  })

  it('hide no other finding', async () => {
    const first = chain()
    first.lines.splice(3, 1)
    expect(await findIn(toFiles(first), { log: foreign.anchor })).toStrictEqual([
      'tampered',
      [first.name, 'line_changed', 4],
      [foreign.name, 'anchors_foreign'],
    ])
  })

  it('are missing files next to an anchor of this directory, or if a record names their writer', async () => {
    const first = chain()
    const missing = ['tampered', [foreign.name, 'file_missing']]
    expect(await findIn(toFiles(first), { log: first.anchor + foreign.anchor })).toStrictEqual(missing)
    expect(await findIn(toFiles(next().open(foreign.named)), { log: foreign.anchor })).toStrictEqual(missing)
  })
})

describe('a log', () => {
  const { anchor, named } = chain()
  const witness = { file: null, line: 1 }
  const claim = { event: 'anchor', witness, isFromStart: false, ...named, tornBytes: null }

  it.each([
    ['as the service prints it', anchor],
    ['after the name of its container', `app-1  | ${anchor}`],
    ['after a time', `2026-11-22T00:00:00.123456789Z stdout F ${anchor}`],
    ['as Docker stores it', `${JSON.stringify({ log: anchor, stream: 'stdout', time: '2026' })}\n`],
    ['with a carriage return', anchor.replace('\n', '\r\n')],
    ['at the end, without a line feed', anchor.trimEnd()],
    ['with more fields than we know', anchor.replace('{', '{"hostname":"a",')],
  ])('has an anchor: %s', async (_how, log) => {
    expect(await readAnchors(inPieces(log))).toStrictEqual([claim])
  })

  it.each([
    ['other log lines', '{"level":"info","time":"2026-11-22T00:00:00Z","msg":"started"}\n'],
    ['lines that only mention an audit anchor', 'an audit anchor is a line\n{"msg":"no audit anchor"}\n'],
    ['half an anchor', anchor.slice(0, 80)],
    ['an anchor without a mac', anchor.replace(/"mac":"\w+"/, '"mac":null')],
    ['an anchor with a number that is none', anchor.replace(/"seq":\d+/, '"seq":"1"')],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
    ['a line of two million bytes', `${'audit anchor'.repeat(170_000)}\n`],
    ['nothing', ''],
  ])('is read past %s', async (_what, log) => {
    expect(await readAnchors(inPieces(log, 300_000))).toStrictEqual([])
    const both = Buffer.concat([Buffer.from(log), Buffer.from(`\n${anchor}`)])
    expect(await readAnchors(inPieces(both, 300_000))).toMatchObject([named])
  })
})
