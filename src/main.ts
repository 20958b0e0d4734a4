/**
 * The command line: what to run, how it ends, and with which exit code. Each command imports what it needs by itself,
 * so that a question to the audit does not wait for a server to load.
 */
import { parseArgs } from 'node:util'
import { EXIT_CONFIG, EXIT_USAGE, type Program, runProgram } from './cli/exit.ts'
import { readEnvironment } from './config.ts'

const USAGE = `Usage: realtime-mint [command]

  serve                  start the service (the default); its settings are environment variables, see .env.example
  demo                   start it against a sandbox on this machine, without a key
  check [FILE] [--json]  judge settings, what they name, and presets, or one presets file; show what would be sent
  check --live [--json]  judge settings and presets, and mint one client secret of 10 s, which goes nowhere
  explain [--preset NAME] [--origin ORIGIN] [--address IP] [--token TOKEN|-] [--json]
                         tell what would be decided for such a request, and by which rule, without minting or counting
  audit verify|query|stats   verify the audit's files, find records in them, or count attempts; see audit --help
  schema                 print the JSON Schema of the presets file, for editors
`

interface Arguments {
  readonly operands: readonly string[]
  readonly json: boolean
  readonly live: boolean
}

async function runCheck({ operands: [file], json, live }: Arguments): Promise<void> {
  if (live && file !== undefined) misuse()
  const { check, toReport } = await import('./cli/check.ts')
  const findings = await check({ file, environment: readEnvironment(), live })
  process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : toReport(findings))
  process.exitCode = findings.problems.length === 0 ? 0 : EXIT_CONFIG
}

async function printSchema(): Promise<void> {
  const { presetsJsonSchema } = await import('./presets/json-schema.ts')
  process.stdout.write(`${JSON.stringify(presetsJsonSchema(), null, 2)}\n`)
}

async function serve(_given: Arguments, program: Program): Promise<void> {
  const { runService } = await import('./cli/serve.ts')
  await runService({ environment: readEnvironment(), ...program })
}

/** The sandbox is in a checkout only, and the command itself starts it from there. */
async function demo(): Promise<void> {
  process.stderr.write('The demo runs from a checkout of the source: npm ci && npm run demo\n')
  process.exitCode = EXIT_USAGE
}

/** By name, with the number of operands that each takes. */
const commands: ReadonlyMap<
  string,
  readonly [run: (given: Arguments, program: Program) => Promise<void>, operands: number]
> = new Map([
  ['serve', [serve, 0]],
  ['demo', [demo, 0]],
  ['check', [runCheck, 1]],
  ['schema', [printSchema, 0]],
])

/** False once nobody reads any more, as behind head. */
const write = (text: string): Promise<boolean> =>
  new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === null || error === undefined))
  })

const note = (text: string): void => {
  process.stderr.write(text)
}

async function audit(args: readonly string[]): Promise<void> {
  const { runAudit } = await import('./cli/audit.ts')
  const { stdout, stderr, stdin } = process
  process.exitCode = await runAudit(args, {
    environment: readEnvironment(),
    now: Date.now,
    write,
    note,
    input: stdin,
    columns: stdout.isTTY ? stdout.columns || 80 : undefined,
    isNoteTerminal: stderr.isTTY,
  })
}

async function explainRequest(args: readonly string[]): Promise<void> {
  const { runExplain } = await import('./cli/explain-command.ts')
  const environment = readEnvironment()
  process.exitCode = await runExplain(args, { environment, write, note, input: process.stdin })
}

function misuse(): never {
  process.stderr.write(USAGE)
  process.exit(EXIT_USAGE)
}

function parseCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        live: { type: 'boolean', default: false },
      },
    })
  } catch {
    return misuse()
  }
}

async function main(program: Program): Promise<void> {
  const [first, ...rest] = process.argv.slice(2)
  if (first === 'audit') return audit(rest)
  if ([first, ...rest].some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(USAGE)
    return
  }
  if (first === 'explain') return explainRequest(rest)
  const { values, positionals } = parseCommandLine()
  const [name = 'serve', ...operands] = positionals
  const [run, most = 0] = commands.get(name) ?? []
  if (run === undefined || operands.length > most || ((values.json || values.live) && name !== 'check')) {
    misuse()
  } else {
    await run({ operands, json: values.json, live: values.live }, program)
  }
}

await runProgram(main)
