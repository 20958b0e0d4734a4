/** Gives the audit of the demo a day of records, so that the operations page has something to show. */
import { randomBytes } from 'node:crypto'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory } from '../src/audit/directory.ts'
import { EarlierFiles, listAuditFiles, toFirstRecords } from '../src/audit/earlier-files.ts'
import { toFileName } from '../src/audit/format.ts'
import { type AuditKeys, deriveAuditKeys, loadAuditKey } from '../src/audit/keys.ts'
import { type Lines, toEventFields, toLines } from '../src/audit/record.ts'
import { type DayRecord, toDemoDay } from './demo-day.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const ATTEMPTS = 420

/** Unix milliseconds of the last record in the directory; 0 without one. */
async function findLastWrite(directory: string): Promise<number> {
  const names = await listAuditFiles(directory)
  const files = await Promise.all(names.map((name) => stat(join(directory, name))))
  return Math.max(0, ...files.map(({ mtimeMs }) => mtimeMs))
}

/** One file, in the form that the service writes, with each record at its own time. */
async function writeDay(directory: string, keys: AuditKeys, day: readonly DayRecord[]): Promise<void> {
  const [start, end] = [(day.at(0)?.time ?? 0) - 1_000, (day.at(-1)?.time ?? 0) + 1]
  const writer = randomBytes(8).toString('hex')
  const file = toFileName(start, writer)
  const earlier = await new EarlierFiles({ directory, key: keys.chain, unixNow: () => end }).survey(undefined)
  const first = toFirstRecords({ file, keyId: keys.id, earlier, gap: undefined })
  const last = toEventFields('close', { detail: { cause: 'stopped' } })
  const records = [...first.map((fields) => ({ time: start, fields })), ...day, { time: end, fields: last }]
  let prev: string | null = null
  let text = ''
  for (const [seq, { time, fields }] of records.entries()) {
    const place = { time: new Date(time).toISOString(), writer, seq, prev }
    const lines: Lines = toLines([fields], place, keys.chain)
    text += lines.text
    prev = lines.head.mac
  }
  await writeFile(join(directory, file), text, { encoding: 'latin1', flag: 'wx', mode: 0o640 })
}

/** Adds what the directory does not have of the last day. A demo that ran less than an hour ago is continued as it is. */
export async function addDemoDay(directory: string, now: number): Promise<void> {
  await createDirectory(directory)
  const { key } = await loadAuditKey(directory)
  const keys = deriveAuditKeys(key)
  const since = Math.max(await findLastWrite(directory), now - DAY_MS)
  if (now - since < HOUR_MS) return
  const day = toDemoDay({ end: now - 1_000, attempts: ATTEMPTS, keys })
  await writeDay(
    directory,
    keys,
    day.filter(({ time }) => time > since),
  )
}
