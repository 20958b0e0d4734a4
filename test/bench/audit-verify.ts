/** Measures how many records per second the verifier and a query read from files that the service wrote. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byCaller, byValue, type Filter } from '../../src/audit-reader/filters.ts'
import { AuditQuery } from '../../src/audit-reader/query.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { Chain, keys, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { inTurn } from './in-turn.ts'
import { median } from './statistics.ts'

const FILES = 10
const RECORDS_PER_FILE = 50_000
const RECORDS = FILES * RECORDS_PER_FILE
const ROUNDS = 3

async function build(directory: string): Promise<void> {
  let before: Chain | undefined
  for (let index = 0; index < FILES; index += 1) {
    const chain: Chain = new Chain({ minute: index, seq: index * RECORDS_PER_FILE })
    chain.open(...(before === undefined ? [] : [before.named])).attempts(RECORDS_PER_FILE - 2)
    await writeFiles(toFiles(chain.close('rotated')), directory)
    before = chain
  }
}

async function verify(directory: string): Promise<number> {
  const { verdict, records } = await verifyAudit({ directory, keys: [keys], anchors: [] })
  if (verdict !== 'whole') throw new Error(`what was built is ${verdict}`)
  return records
}

/** Returns at most `limit` matches. */
async function query(directory: string, filters: readonly Filter[], limit = Infinity): Promise<number> {
  const asked = { directory, filters, since: undefined, until: undefined, order: 'newest' } as const
  const matches = new AuditQuery(asked).matches()
  let found = 0
  while (found < limit && (await matches.next()).done !== true) found += 1
  await matches.return(undefined)
  return found
}

const tasks: Readonly<Record<string, (directory: string) => Promise<number>>> = {
  'verify all': verify,
  'query, the newest 50': (directory) => query(directory, [], 50),
  'query, no match at all': (directory) => query(directory, [byCaller(['nobody'], [keys])]),
  'query, all match': (directory) => query(directory, [byValue('event', ['attempt'])]),
}

/** Milliseconds of wall time and of CPU time. Other load on the machine disturbs CPU time less. */
async function measure(work: () => Promise<unknown>): Promise<readonly [ms: number, cpuMs: number]> {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return [performance.now() - start, (user + system) / 1_000]
}

const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-bench-'))
try {
  await build(directory)
  const rows = await inTurn(Object.entries(tasks), async ([name, task]) => {
    const rounds = await inTurn(Array.from({ length: ROUNDS }), () => measure(() => task(directory)))
    const [ms, cpuMs] = [median(rounds.map(([one]) => one)), median(rounds.map(([, one]) => one))]
    const rate = Math.round(RECORDS / ms)
    return [name, ms.toFixed(0), cpuMs.toFixed(0), `${rate}k`, `${Math.round(RECORDS / cpuMs)}k`]
  })
  const table = [[`${RECORDS} records`, 'ms', 'CPU ms', 'records/s', 'records/s of CPU'], ...rows]
  const lines = table.map(
    ([name = '', ...cells]) => name.padEnd(24) + cells.map((cell) => cell.padStart(18)).join(''),
  )
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  await rm(directory, { recursive: true })
}
