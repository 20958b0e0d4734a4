// The audit commands on a log that has the copies of AUDIT_COPY_TO_LOG.

import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { runAudit } from '../../src/cli/audit.ts'
import { openTestAudit, recordFailure, recordIssued } from '../audit/audits.ts'
import { B, Chain } from '../audit-reader/chains.ts'
import { AUDIT_KEY } from '../support/service.ts'
import { runCommand, type Said } from './running.ts'

const ask = (args: readonly string[], input: string): Promise<Said> =>
  runCommand(runAudit, args, { environment: { AUDIT_KEY }, input })

const verify = (input: string): Promise<Said> => ask(['verify', '-'], input)

const toLog = (lines: readonly string[]): string =>
  lines
    .map((line) => `${JSON.stringify({ level: 'info', record: line.trimEnd(), msg: 'audit record' })}\n`)
    .join('')

/** Three attempts, as the service logs them. */
async function writeLog(): Promise<string> {
  const { audit, logText } = await openTestAudit({ copyToLog: true, logLevel: 'silent' })
  await recordIssued(audit, 'one')
  await Promise.all([recordFailure(audit, 'limit_per_caller'), recordIssued(audit, 'two')])
  await audit.close()
  return logText()
}

const lineList = (log: string): string[] => log.trimEnd().split('\n')

const sortKeys = (line: string): object =>
  Object.fromEntries(Object.entries(JSON.parse(line)).toSorted(([one], [other]) => (one < other ? -1 : 1)))

/** Each line by itself. */
const eachLine = (wrap: (line: string) => string) => (log: string) => lineList(log).map(wrap).join('\n')

/** All lines in one document. */
const allLines = (wrap: (lines: string[]) => object) => (log: string) =>
  JSON.stringify(wrap(lineList(log)), null, 2)

const wrappings: readonly (readonly [what: string, wrap: (log: string) => string])[] = [
  ['as it is', (log) => log],
  ['in reverse order', (log) => lineList(log).toReversed().join('\n')],
  ['twice, among other lines', (log) => `{"msg":"listening"}\n\u0000{"v":1,\n${log}${log}`],
  ['from files of Docker', eachLine((line) => JSON.stringify({ log: `${line}\n`, stream: 'stdout' }))],
  ['after a time and a name', eachLine((line) => `2026-11-22T12:00:00Z app[148e] iad [info] ${line}`)],
  [
    'from Cloud Logging, parsed and sorted',
    allLines((lines) => lines.map((line) => ({ insertId: 'x', jsonPayload: sortKeys(line) }))),
  ],
  ['from Cloud Logging, as text', allLines((lines) => lines.map((textPayload) => ({ textPayload })))],
  ['from CloudWatch', allLines((lines) => ({ events: lines.map((message) => ({ message })) }))],
  [
    'from Log Analytics, with escaped slashes and signs',
    eachLine((Log_s) => JSON.stringify({ Log_s }).replaceAll('/', '\\/').replaceAll('>', '\\u003e')),
  ],
]

const chain = () => new Chain().open().attempts(8)

const listLeftovers = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('realtime-mint-log-'))

describe('audit verify -', () => {
  it.each(wrappings)('accepts a log %s', async (_what, wrap) => {
    const { code, stdout } = await verify(wrap(await writeLog()))
    expect([code, stdout]).toStrictEqual([
      0,
      expect.stringMatching(/^whole: 1 file, 5 records, \d anchors?\n$/),
    ])
  })

  it('finds a line that was changed, removed or forged', async () => {
    const { lines } = chain()
    const changed = lines.map((line) => line.replace('"ms":3', '"ms":4'))
    expect((await verify(toLog(changed))).code).toBe(1)
    expect((await verify(toLog(lines.toSpliced(4, 1)))).code).toBe(1)
    const forged = new Chain().open().attempts(8, { preset: 'other' }).lines.slice(8)
    expect((await verify(toLog([...lines, ...forged]))).code).toBe(1)
  })

  it('finds an end that was removed, by the anchor that stayed', async () => {
    const { lines, anchor } = chain()
    const { code, stdout } = await verify(toLog(lines.slice(0, -1)) + anchor)
    expect([code, stdout]).toStrictEqual([1, expect.stringContaining('tail_cut')])
  })

  it('accepts a log that begins in the middle of a file, and files from before it', async () => {
    const first = chain()
    const second = new Chain({ minute: 1, writer: B }).open(first.named).attempts(1)
    expect(await verify(toLog([...first.lines.slice(3), ...second.lines]))).toMatchObject({ code: 0 })
    expect(await verify(toLog(second.lines))).toMatchObject({ code: 0 })
  })

  it('finds a beginning that was removed from a writer that started later than the log', async () => {
    const late = new Chain({ minute: 2, writer: B }).open().attempts(3)
    const log = toLog([...chain().lines, ...late.lines.slice(1)])
    expect(await verify(log)).toMatchObject({ code: 1, stdout: expect.stringContaining('line_changed') })
  })

  it('cannot check a log without records, and says what to set', async () => {
    const { code, stderr } = await verify('{"msg":"listening"}\n')
    expect([code, stderr]).toStrictEqual([3, expect.stringContaining('Set AUDIT_COPY_TO_LOG=true')])
  })

  it('cannot check without a key, and says so', async () => {
    const { code, stderr } = await runCommand(runAudit, ['verify', '-'], { input: toLog(chain().lines) })
    expect([code, stderr]).toStrictEqual([3, expect.stringContaining('there is no audit key')])
  })

  it('leaves no file behind', async () => {
    const before = await listLeftovers()
    await verify(toLog(chain().lines))
    expect((await listLeftovers()).filter((name) => !before.includes(name))).toStrictEqual([])
  })
})

describe('audit query - and audit stats -', () => {
  it('read the records of a log', async () => {
    const log = await writeLog()
    const { code, stdout } = await ask(['query', '-', '--secret', 'ek_two', '--json'], log)
    expect([code, JSON.parse(stdout).request_id]).toStrictEqual([0, 'two'])
    expect((await ask(['stats', '-', '--json'], log)).stdout).toContain('{"outcome":"issued","count":2}')
  })

  it.each([
    [['query', 'mint.log'], 'takes options only, or - for a log on its input'],
    [['query', '-', '--secret', '-'], 'reads its input once'],
    [['verify', '-', '--anchors', '-'], 'reads its input once'],
  ])('refuse %j', async (args, message) => {
    expect(await ask(args, '')).toMatchObject({ code: 64, stderr: expect.stringContaining(message) })
  })
})
