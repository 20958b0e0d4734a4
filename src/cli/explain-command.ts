/** What was typed behind `realtime-mint explain`, and its answer in text. */

import { type Environment, parseConfig } from '../config.ts'
import { loadCatalog } from '../load-catalog.ts'
import { ConfigError } from '../problems.ts'
import { Misuse, parseOptions } from './arguments.ts'
import { explain, type Question, toExplanationText } from './explain.ts'

export interface ExplainSurroundings {
  readonly environment: Environment
  readonly write: (text: string) => Promise<boolean>
  /** To people, beside what is written. */
  readonly note: (text: string) => void
  readonly input: AsyncIterable<Buffer>
}

const now = (): number => performance.now()

const EXIT_REFUSED = 1
/** Of sysexits.h. */
const EXIT_USAGE = 64

const options = {
  preset: { type: 'string' },
  origin: { type: 'string' },
  address: { type: 'string' },
  token: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

async function readAll(input: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8').trim()
}

/** The exit code: 0 if such a request would be allowed, 1 if not. Throws a ConfigError where settings or presets are bad. */
export async function runExplain(
  args: readonly string[],
  { environment, write, note, input }: ExplainSurroundings,
): Promise<number> {
  try {
    const { json, preset, origin, address, token: given } = parseOptions(args, options)
    // A token on the command line stays in the shell's history.
    const token = given === '-' ? await readAll(input) : given
    const question: Question = { preset, origin, address, token }
    const config = parseConfig(environment)
    const loaded = await loadCatalog(config)
    if ('refused' in loaded) throw new ConfigError(loaded.refused.map(({ text }) => text))
    const explanation = await explain(question, { config, catalog: loaded.value, now, unixNow: Date.now })
    await write(json ? `${JSON.stringify(explanation, null, 2)}\n` : toExplanationText(explanation))
    return explanation.refusal === null ? 0 : EXIT_REFUSED
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    note(`realtime-mint explain ${error.message}\n`)
    return EXIT_USAGE
  }
}
