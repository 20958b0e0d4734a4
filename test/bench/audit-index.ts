/** Measures how fast the audit's index is built from a million records (about 600 MB), and how fast it answers. */
import { createHmac, randomBytes } from 'node:crypto'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toFileName } from '../../src/audit/format.ts'
import { AuditIndex } from '../../src/audit-reader/audit-index.ts'
import type { GroupName } from '../../src/audit-reader/index-groups.ts'
import type { RecordFilter } from '../../src/audit-reader/index-query.ts'
import { attemptFields } from '../audit/fields.ts'
import { inTurn } from './in-turn.ts'
import { timeWork } from './proc.ts'
import { createWorkshop } from './workshop.ts'

const FILES = 10
const RECORDS_PER_FILE = 100_000
const DAY_MS = 86_400_000
const STEP_MS = 800
const START = Date.UTC(2026, 10, 1)

const key = randomBytes(32)

const toHex = (name: string, length: number): string =>
  createHmac('sha256', key).update(name).digest('hex').slice(0, length)

const results = [
  { outcome: 'issued', code: null, reason: null, status: 200 },
  { outcome: 'refused', code: 'rate_limited', reason: 'limit_per_caller', status: 429 },
  { outcome: 'failed', code: 'upstream_timeout', reason: 'upstream_deadline', status: 504 },
] as const

/** As the service writes it, but for the seal, which the index does not read. */
function toLine(number: number, time: number, writer: string): string {
  const result = results[number % 20 === 0 ? 2 : number % 7 === 0 ? 1 : 0]
  const seal = toHex(`seal ${number}`, 64)
  return `${JSON.stringify({
    v: 1,
    time: new Date(time).toISOString(),
    writer,
    seq: number,
    ...attemptFields,
    ...result,
    request_id: `00000000-0000-4000-8000-${toHex(`request ${number}`, 12)}`,
    preset: ['concierge', 'dictation', 'interpreter'][number % 3],
    model: 'gpt-realtime-2.1',
    origin: 'https://app.example.com',
    caller: toHex(`caller ${number % 5_000}`, 32),
    address: toHex(`address ${number % 20_000}`, 32),
    secret: result?.outcome === 'issued' ? seal.slice(0, 32) : null,
    upstream: { status: 200, attempts: 1, ms: 120 },
    prev: seal,
    mac: seal,
  })}\n`
}

async function writeFiles(directory: string): Promise<number> {
  let bytes = 0
  for (let file = 0; file < FILES; file += 1) {
    const [openedAt, writer] = [START + file * DAY_MS, toHex(`writer ${file}`, 16)]
    const first = file * RECORDS_PER_FILE
    const lines = Array.from({ length: RECORDS_PER_FILE }, (_line, index) =>
      toLine(first + index, openedAt + index * STEP_MS, writer),
    )
    const path = join(directory, toFileName(openedAt, writer))
    await writeFile(path, lines.join(''))
    bytes += (await stat(path)).size
  }
  return bytes
}

async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const { ms, cpuMs } = await timeWork(work)
  const cells = [
    what.padEnd(44),
    `${ms.toFixed(0)} ms`.padStart(10),
    `${cpuMs.toFixed(0)} ms of CPU`.padStart(18),
  ]
  process.stdout.write(`${cells.join('')}\n`)
}

const select = (index: AuditIndex, filter: Partial<RecordFilter>) =>
  index.select({ filter: { kind: {}, ...filter }, order: 'newest', limit: 50 })

const groups: readonly (readonly GroupName[])[] = [
  ['outcome'],
  ['hour'],
  ['code', 'reason'],
  ['caller'],
  ['minute', 'outcome'],
  ['caller', 'address'],
]

const { directory } = createWorkshop('audit-index')
const bytes = await writeFiles(directory)
process.stdout.write(`${FILES * RECORDS_PER_FILE} records, ${Math.round(bytes / 1_000_000)} MB\n`)
const index = await AuditIndex.open({ directory })
await measure('build the index', () => index.update())
await measure('update: nothing is new', () => index.update())
await measure('the newest 50', () => select(index, {}))
await measure('the newest 50 of a code', () => select(index, { kind: { code: ['upstream_timeout'] } }))
await measure('an event that never happened', () => select(index, { kind: { event: ['gap'] } }))
const absent = { values: [], beginnings: ['0123456789'] }
await measure('a secret that is not there', () => select(index, { secret: absent }))
await measure('a caller that is not there', () => select(index, { caller: absent }))
await inTurn(groups, (by) => measure(`count by ${by.join(', ')}`, () => index.count({ kind: {} }, by)))
await measure('the most frequent callers and addresses', () => index.frequent({ kind: {} }, 8))
index.close()
