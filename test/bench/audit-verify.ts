/** Measures how many records per second the verifier reads from files that the service wrote. */
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { inTurn } from './in-turn.ts'
import { timeWork } from './proc.ts'
import { median } from './statistics.ts'
import { createWorkshop } from './workshop.ts'

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

async function verify(directory: string): Promise<void> {
  const { verdict } = await verifyAudit({ directory, keys: [keys], anchors: [] })
  if (verdict !== 'whole') throw new Error(`what was built is ${verdict}`)
}

const { directory } = createWorkshop('audit-verify')
await build(directory)
const rounds = await inTurn(Array.from({ length: ROUNDS }), () => timeWork(() => verify(directory)))
const [ms, cpuMs] = [median(rounds.map((round) => round.ms)), median(rounds.map((round) => round.cpuMs))]
console.log(
  `verify ${RECORDS} records: ${ms.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of CPU), ${Math.round(RECORDS / ms)}k records/s`,
)
