/** The audit in a log: puts the records that AUDIT_COPY_TO_LOG printed back into files, in a directory of their own. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { isFileName, readHeading, readOwnName, readSeal, toFileName } from '../audit/format.ts'
import type { Claim } from './findings.ts'
import { loadSqlite } from './index-schema.ts'
import { type Line, parseJson, readDetail, splitLines } from './lines.ts'
import { readAnchor } from './log-anchors.ts'

export interface LogCopy {
  /** Has the files; removed by `remove`. */
  readonly directory: string
  readonly records: number
  /** Unix milliseconds of the oldest record; NaN without one. */
  readonly beginsAtMs: number
  readonly anchors: readonly Claim[]
  /** Lines that were skipped because they are too long. */
  readonly tooLong: number
  readonly remove: () => Promise<void>
}

/** A record as text, at any depth of JSON strings: the backslashes before its quotes show the depth. */
const copy =
  /\{(\\*)"v\1":1,\1"time\1":\1".{1,16384}?,\1"prev\1":(?:null|\1"[0-9a-f]{64}\1"),\1"mac\1":\1"[0-9a-f]{64}\1"\}/g

/** Undefined if it is not a text in JSON. */
function unescape(text: string): string | undefined {
  if (!text.startsWith('{\\')) return text
  const inner = parseJson(`"${text}"`)
  return typeof inner === 'string' ? unescape(inner) : undefined
}

/** The records in a line of the log, whatever a platform puts around them. */
export const findCopies = (line: string): readonly string[] =>
  [...line.matchAll(copy)].flatMap(([text]) => unescape(text) ?? [])

/** A platform may deliver lines twice and in any order: sorts them, and drops repeated ones. */
const TABLE = `
CREATE TABLE copy (writer TEXT, seq INTEGER, text TEXT, PRIMARY KEY (writer, seq, text)) WITHOUT ROWID;
BEGIN`

const WRITTEN_AT_ONCE = 1_000

/** Reads the log. Lines that are neither records nor anchors are skipped. Throws what the source of the log throws. */
async function collect(log: AsyncIterable<Buffer>, database: DatabaseSync) {
  const insert = database.prepare('INSERT OR IGNORE INTO copy VALUES (?, ?, ?)')
  const anchors: Claim[] = []
  const found = { records: 0, beginsAtMs: Number.NaN, tooLong: 0 }
  let number = 0
  function take(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    const heading = readHeading(bytes)
    const time = Date.parse(heading?.time ?? '')
    if (heading === undefined || Number.isNaN(time)) return
    const { changes } = insert.run(heading.writer, heading.seq, text)
    found.records += Number(changes)
    if (!(found.beginsAtMs <= time)) found.beginsAtMs = time
  }
  function read(line: Line): void {
    number += 1
    if (line.end === 'too_long') found.tooLong += 1
    const anchor = readAnchor(line, number)
    if (anchor !== undefined) anchors.push(anchor)
    findCopies(line.bytes.toString('latin1')).forEach(take)
  }
  for await (const lines of splitLines(log)) lines.forEach(read)
  return { ...found, anchors }
}

/** The file that a line begins; undefined if it continues the file before. */
function toBegunFile(text: string, isFirst: boolean): string | undefined {
  const bytes = Buffer.from(text, 'latin1')
  const heading = readHeading(bytes)
  if (heading === undefined || (readSeal(bytes)?.prev !== null && !isFirst)) return undefined
  const own = heading.event === 'open' ? readOwnName(readDetail(bytes)) : undefined
  // The log begins in the middle of a file, and does not tell its name.
  return own !== undefined && isFileName(own) ? own : toFileName(Date.parse(heading.time), heading.writer)
}

async function writeFiles(database: DatabaseSync, directory: string): Promise<void> {
  let file = ''
  let writer: unknown
  let lines: string[] = []
  async function flush(): Promise<void> {
    if (lines.length > 0) await appendFile(join(directory, file), lines.join(''), 'latin1')
    lines = []
  }
  for (const row of database.prepare('SELECT writer, text FROM copy ORDER BY writer, seq, text').iterate()) {
    const text = String(row['text'])
    const begun = toBegunFile(text, row['writer'] !== writer)
    if (begun !== undefined || lines.length === WRITTEN_AT_ONCE) await flush()
    file = begun ?? file
    writer = row['writer']
    lines.push(`${text}\n`)
  }
  await flush()
}

/** Throws what the source of the log or the file system throws. */
export async function readLogCopy(log: AsyncIterable<Buffer>): Promise<LogCopy> {
  const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-log-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  const path = join(directory, 'copies.sqlite')
  try {
    const { DatabaseSync } = await loadSqlite()
    const database = new DatabaseSync(path)
    try {
      database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${TABLE}`)
      const found = await collect(log, database)
      await writeFiles(database, directory)
      return { ...found, directory, remove }
    } finally {
      database.close()
      await rm(path)
    }
  } catch (error) {
    await remove()
    throw error
  }
}
