/** How many records the verifier and a query read in a second, of files as the service writes them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyAudit } from '../../src/audit/verify.ts'
import { Chain, keys, toFiles, writeFiles } from '../audit/chains.ts'
import { inTurn } from './in-turn.ts'
import { median } from './statistics.ts'

const FILES = 4
const RECORDS_PER_FILE = 50_000
const ROUNDS = 5

interface Round {
  readonly records: number
  readonly bytes: number
  readonly ms: number
}

async function build(directory: string): Promise<void> {
  let before: Chain | undefined
  for (let index = 0; index < FILES; index += 1) {
    const chain: Chain = new Chain({ minute: index, seq: index * RECORDS_PER_FILE })
    chain.open(...(before === undefined ? [] : [before.named])).attempts(RECORDS_PER_FILE - 2)
    await writeFiles(toFiles(chain.close('rotated')), directory)
    before = chain
  }
}

async function verify(directory: string): Promise<Round> {
  const start = performance.now()
  const { verdict, records, bytes } = await verifyAudit({ directory, keys: [keys], anchors: [] })
  if (verdict !== 'whole') throw new Error(`what was built is ${verdict}`)
  return { records, bytes, ms: performance.now() - start }
}

const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-bench-'))
try {
  await build(directory)
  const rounds = await inTurn(Array.from({ length: ROUNDS }), () => verify(directory))
  const perSecond = rounds.map(({ records, ms }) => records / (ms / 1_000))
  const [{ records, bytes } = { records: 0, bytes: 0 }] = rounds
  process.stdout.write(
    `${records} records of ${Math.round(bytes / records)} bytes in ${FILES} files: ` +
      `${Math.round(median(perSecond))} records/s (${Math.round(Math.min(...perSecond))}–${Math.round(Math.max(...perSecond))})\n`,
  )
} finally {
  await rm(directory, { recursive: true })
}
