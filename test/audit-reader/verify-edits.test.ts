/** A file of 100 records, and all that an editor without the key can do to it. */

import { createHash } from 'node:crypto'
import { array, assert, asyncProperty, nat, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim, FindingReason } from '../../src/audit-reader/findings.ts'
import { readAnchors } from '../../src/audit-reader/log-anchors.ts'
import { FileCheck } from '../../src/audit-reader/verify-file.ts'
import { keys } from '../audit/fields.ts'
import { Chain, type Files, otherKeys } from './chains.ts'
import { findIn, inPieces } from './verifying.ts'

const chain = new Chain().open().attempts(98).close()
const { lines, name, text } = chain

const log = chain.anchor

/** What the verifier finds in a file with these bytes; the log has the anchor of its last line. */
const judge = (content: string | Buffer, others: Files = {}) =>
  findIn({ [name]: content, ...others }, { log })

const joined = (...parts: readonly (string | undefined)[]): string => parts.join('')

const isFound = (reason: FindingReason, line: number) => ['tampered', [name, reason, line]]

describe('the unchanged file', () => {
  it('is whole', async () => {
    expect(lines).toHaveLength(100)
    expect(await judge(text)).toStrictEqual(['whole'])
  })
})

/** Whether the check accepts these bytes. */
function isTaken(check: FileCheck, bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start)
    const line = bytes.subarray(start, end === -1 ? bytes.length : end)
    if (!check.take({ bytes: line, offset: 0, length: line.length, end: end === -1 ? 'none' : 'newline' }))
      return false
    start += line.length + 1
  }
  return true
}

function checkBefore(index: number, claims: readonly Claim[] = []): FileCheck {
  const check = new FileCheck({ name, keys: [keys], claims })
  for (const line of lines.slice(0, index)) isTaken(check, Buffer.from(line))
  return check
}

/** The changes of bytes of a line, by each of `masks`, that are not found. */
function missedFlips(index: number, masks: readonly number[]): string[] {
  const check = checkBefore(index)
  const own = lines[index] ?? ''
  // A line without its end is joined with the next one.
  const bytes = Buffer.from(joined(own, lines[index + 1]))
  const missed: string[] = []
  for (let offset = 0; offset < own.length; offset += 1) {
    const before = bytes[offset] ?? 0
    for (const mask of masks) {
      bytes[offset] = before ^ mask
      if (isTaken(check, bytes)) missed.push(`line ${index} byte ${offset} mask ${mask}`)
    }
    bytes[offset] = before
  }
  return missed
}

const bits = Array.from({ length: 8 }, (_, bit) => 1 << bit)
const allMasks = Array.from({ length: 255 }, (_, index) => index + 1)

describe('bit flips', () => {
  it('of every single bit of the file are found', () => {
    expect(lines.flatMap((_, index) => missedFlips(index, bits))).toStrictEqual([])
  }, 60_000)

  it.each([0, 50, 99])('of any byte of line %i to any other byte are found', (index) => {
    expect(missedFlips(index, allMasks)).toStrictEqual([])
  })
})

describe('a changed order of lines is found', () => {
  const all = lines.map((_, index) => index)

  it.each<[how: string, change: (index: number) => readonly string[], toFound: (index: number) => unknown]>([
    [
      'deleted',
      (index) => lines.toSpliced(index, 1),
      (index) => isFound(index === 99 ? 'tail_cut' : 'line_changed', index + 1),
    ],
    [
      'repeated',
      (index) => lines.toSpliced(index, 0, lines[index] ?? ''),
      (index) => isFound('line_changed', index + 2),
    ],
    [
      'swapped with the next one',
      (index) => lines.toSpliced(index, 2, lines[index + 1] ?? lines[0] ?? '', lines[index] ?? ''),
      (index) => isFound('line_changed', index + 1),
    ],
    [
      'the first one that is cut off, by the anchor of the end',
      (index) => lines.slice(0, index),
      (index) => isFound('tail_cut', index + 1),
    ],
  ])('when any line is %s', async (_how, change, toFound) => {
    for (const index of all) expect(await judge(joined(...change(index)))).toStrictEqual(toFound(index))
  })

  it('when any lines are moved, removed or repeated', async () => {
    await assert(
      asyncProperty(array(nat(99), { maxLength: 100 }), async (order) => {
        const picked = joined(...order.map((index) => lines[index]))
        const [verdict] = await judge(picked)
        expect(verdict).toBe(picked === text ? 'whole' : 'tampered')
      }),
    )
  })

  it('when other bytes are inserted between any lines', async () => {
    await assert(
      asyncProperty(nat(100), uint8Array({ minLength: 1 }), async (index, bytes) => {
        const [before, after] = [lines.slice(0, index), lines.slice(index)].map((some) =>
          Buffer.from(joined(...some)),
        )
        const [verdict] = await judge(Buffer.concat([before ?? bytes, bytes, after ?? bytes]))
        expect(verdict).toBe('tampered')
      }),
    )
  })

  it('when the last line is cut anywhere: its anchor shows that it was no crash', async () => {
    const [claims, last] = [await readAnchors(inPieces(log)), lines[99] ?? '']
    for (let length = 0; length < last.length; length += 1) {
      const check = checkBefore(99, claims)
      isTaken(check, Buffer.from(last.slice(0, length)))
      expect(check.end(length).broken).toMatchObject({ reason: 'tail_cut' })
    }
    expect(await judge(text.slice(0, -1))).toStrictEqual(isFound('tail_cut', 100))
  })
})

describe('lines from elsewhere are found', () => {
  const sameWriter = new Chain({ minute: 1, seq: 100 }).open().attempts(98).close()
  const forged = new Chain({ keys: { ...otherKeys, id: keys.id } }).open().attempts(98).close()

  it.each<[what: string, content: string, reason: FindingReason, line: number]>([
    [
      'a tail of another file of the same process',
      joined(...lines.slice(0, 50), ...sameWriter.lines.slice(50)),
      'line_changed',
      51,
    ],
    [
      'one line of another file',
      joined(...lines.toSpliced(50, 1, sameWriter.lines[50] ?? '')),
      'line_changed',
      51,
    ],
    ['another file under this name', sameWriter.text, 'file_renamed', 1],
    ['the same records under an invented key', forged.text, 'line_changed', 1],
    ['an older state of the file', new Chain().open().attempts(20).text, 'tail_cut', 22],
  ])('%s', async (_what, content, reason, line) => {
    expect(await judge(content)).toStrictEqual(isFound(reason, line))
  })

  it('a copy of this file under another name', async () => {
    const found = [sameWriter.name, 'file_renamed', 1]
    expect(await judge(text, { [sameWriter.name]: text })).toStrictEqual(['tampered', found])
  })

  it('a line with the right number, from a file that assigned the numbers of a lost batch again', async () => {
    const poisoned = new Chain().open().attempts(9)
    const { head } = new Chain().open().attempts(4)
    const next = new Chain({ minute: 1, seq: 5 })
      .open()
      .gap({ file: poisoned.name, ...head })
      .attempts(3)
    const spliced = joined(...poisoned.lines.slice(0, 7), ...next.lines.slice(2))
    const files = { [poisoned.name]: spliced, [next.name]: next.text }
    expect(await findIn(files)).toStrictEqual(isFound('line_changed', 8))
  })
})

const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')

const macOf = (line: string): string => line.slice(-67, -3)

function reordered(line: string): string {
  const { code, ...rest } = JSON.parse(line)
  return `${JSON.stringify({ code, ...rest })}\n`
}

describe('a line with the same meaning in other bytes is found', () => {
  it.each<[how: string, change: (line: string) => string | Buffer]>([
    ['a carriage return before its line feed', (line) => line.replace('\n', '\r\n')],
    ['a blank before its line feed', (line) => line.replace('\n', ' \n')],
    ['an empty line after it', (line) => `${line}\n`],
    ['a byte order mark', (line) => `\u00ef\u00bb\u00bf${line}`],
    [
      'blanks between its fields',
      (line) => `${JSON.stringify(JSON.parse(line), null, 1).replaceAll('\n', '')}\n`,
    ],
    ['blanks before its mac', (line) => line.replace(',"mac":', ', "mac": ')],
    ['its fields in another order', reordered],
    ['an escape for a letter', (line) => line.replace('"attempt"', '"\\u0061ttempt"')],
    ['its mac in capitals', (line) => line.replace(macOf(line), macOf(line).toUpperCase())],
    ['a field twice: the second one counts', (line) => line.replace('"ms":', '"ms":0,"ms":')],
    ['a field twice: the first one counts', (line) => line.replace('{"v":1,', '{"v":1,"v":1,')],
    ['its mac twice', (line) => line.replace('}\n', `,"mac":"${macOf(line)}"}\n`)],
    ['another mac after its own', (line) => line.replace('}\n', `,"mac":"${sha256(line)}"}\n`)],
    ['UTF-16', (line) => Buffer.from(line, 'utf16le')],
    ['a number in another form', (line) => line.replace('"status":429', '"status":4.29e2')],
  ])('%s', async (_how, change) => {
    const [own, ...parts] = [
      lines[50],
      joined(...lines.slice(0, 50)),
      change(lines[50] ?? ''),
      joined(...lines.slice(51)),
    ]
    const bytes = parts.map((part) => Buffer.from(part ?? ''))
    expect(bytes[1]?.toString()).not.toBe(own)
    const [verdict, [, , line] = []] = await judge(Buffer.concat(bytes))
    expect(verdict).toBe('tampered')
    expect([51, 52]).toContain(line)
  })
})

/** The line with another end, from `,"mac":` on. */
const resealed = (toMac: (sealed: string) => string) => (line: string) => {
  const sealed = line.slice(0, line.indexOf(',"mac":"'))
  return `${sealed}${toMac(sealed)}}\n`
}

describe('a line with a weaker seal is found', () => {
  it.each<[how: string, change: (line: string) => string]>([
    ['nothing', resealed(() => '')],
    ['a mac of null', resealed(() => ',"mac":null')],
    ['an empty mac', resealed(() => ',"mac":""')],
    ['a hash that needs no key', resealed((sealed) => `,"mac":"${sha256(sealed)}"`)],
    ['a mac of half the length', resealed((sealed) => `,"mac":"${sha256(sealed).slice(0, 32)}"`)],
    ['a mac that names its algorithm', resealed((sealed) => `,"mac":"sha256:${sha256(sealed)}"`)],
    ['zeros', resealed(() => `,"mac":"${'0'.repeat(64)}"`)],
    ['the mac of the line before', resealed(() => `,"mac":"${macOf(lines[49] ?? '')}"`)],
    ['a mac after another field than prev', (line) => line.replace('"prev":"', '"next":"')],
    ['a mac after a list', (line) => line.replace('"prev":"', '"prev":[')],
  ])('with %s', async (_how, change) => {
    const changed = lines.toSpliced(50, 1, change(lines[50] ?? ''))
    expect(changed[50]).not.toBe(lines[50])
    expect(await judge(joined(...changed))).toStrictEqual(isFound('line_changed', 51))
  })

  it('in the whole file', async () => {
    let prev = 'null'
    const plain = lines.map((line) => {
      const sealed = line.replace(/,"prev":.*$/s, `,"prev":${prev}`)
      prev = `"${sha256(sealed)}"`
      return `${sealed},"mac":${prev}}\n`
    })
    expect(await judge(joined(...plain))).toStrictEqual(isFound('line_changed', 1))
  })
})
