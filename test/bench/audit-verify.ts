/** Measures how many records per second the verifier reads from files that the service wrote. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
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

/** Milliseconds of wall time and of CPU time. Other load on the machine disturbs CPU time less. */
async function measure(directory: string): Promise<readonly [ms: number, cpuMs: number]> {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const { verdict } = await verifyAudit({ directory, keys: [keys], anchors: [] })
  const { user, system } = process.cpuUsage(cpu)
  if (verdict !== 'whole') throw new Error(`what was built is ${verdict}`)
  return [performance.now() - start, (user + system) / 1_000]
}

const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-bench-'))
try {
  await build(directory)
  const rounds = await inTurn(Array.from({ length: ROUNDS }), () => measure(directory))
  const [ms, cpuMs] = [median(rounds.map(([one]) => one)), median(rounds.map(([, one]) => one))]
  process.stdout.write(
    `verify ${RECORDS} records: ${ms.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of CPU), ${Math.round(RECORDS / ms)}k records/s\n`,
  )
} finally {
  await rm(directory, { recursive: true })
}
