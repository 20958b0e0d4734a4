/** The command line: selects the command. Each command is imported alone, so that none waits for the server to load. */
import type { Command, CommandContext } from './cli/command.ts'
import { EXIT_USAGE, type Program, runProgram } from './cli/exit.ts'

const USAGE = `Usage: realtime-mint [command]

  serve                  start the service (the default). Its settings are environment variables, see .env.example
  demo                   start it against a sandbox on this machine, without a key
  check [FILE] [--json]  check settings, the files and servers that they name, and presets, or only a presets file
  check --live [--json]  check settings and presets, then mint a client secret of 10 s and discard it
  explain [--preset NAME] [--origin ORIGIN] [--address IP] [--token TOKEN|-] [--json]
                         show what would be decided for such a request and by which rule, without minting or counting
  pause --preset NAME|--origin ORIGIN|--caller CALLER|--all [--for 1h] [--note TEXT] [--json]
                         stop minting for this scope; a caller is a pseudonym, a token's subject or an IP address
  resume --preset NAME|--origin ORIGIN|--caller CALLER|--all [--json]
                         end the pause of exactly this scope
  pauses [--json]        show what is paused, since when, until when and by whom
  audit verify|query|stats
                         verify the audit, find records in it, or count attempts; see audit --help
  schema                 print the JSON Schema of the presets file, for editors
  help, --version        print this text, or the version

Exit codes: 0 success, 1 the request would be refused (explain) or there is no such pause (resume), 3 a service may not
know of it (pause, resume, pauses), 64 invalid command line, 70 crash, 78 invalid configuration. audit has codes of its
own.
`

/** The sandbox is only in a checkout; the bin starts the demo from there. */
const runDemo: Command = async (args, { note }) => {
  const { parseArguments } = await import('./cli/arguments.ts')
  parseArguments(args, {})
  note('The demo runs from a checkout of the source: npm ci && npm run demo\n')
  return EXIT_USAGE
}

const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./cli/serve.ts')).runServe],
  ['demo', async () => runDemo],
  ['check', async () => (await import('./cli/check.ts')).runCheck],
  ['explain', async () => (await import('./cli/explain.ts')).runExplain],
  ['pause', async () => (await import('./cli/pauses.ts')).runPause],
  ['resume', async () => (await import('./cli/pauses.ts')).runResume],
  ['pauses', async () => (await import('./cli/pauses.ts')).runPauses],
  ['audit', async () => (await import('./cli/audit.ts')).runAudit],
  ['schema', async () => (await import('./cli/schema.ts')).runSchema],
])

const isHelp = (word: string): boolean => ['--help', '-h'].includes(word)

async function run(given: readonly string[], context: CommandContext): Promise<number> {
  const { write, note } = context
  const [first = 'serve', ...rest] = given
  if (first === 'help' || isHelp(first) || (first !== 'audit' && rest.some(isHelp))) {
    await write(USAGE)
    return 0
  }
  if (first === '--version' || first === 'version') {
    const { readVersion } = await import('./version.ts')
    await write(`${readVersion()}\n`)
    return 0
  }
  // Options without a command are those of serve.
  const [name, args] = first.startsWith('-') ? ['serve', given] : [first, rest]
  const { Misuse, toUnknownCommand } = await import('./cli/arguments.ts')
  const load = commands.get(name)
  if (load === undefined) {
    note(toUnknownCommand('realtime-mint', name, [...commands.keys(), 'help']))
    return EXIT_USAGE
  }
  try {
    return await (await load())(args, context)
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    note(`realtime-mint ${name} ${error.message}\n`)
    return EXIT_USAGE
  }
}

async function main(program: Program): Promise<void> {
  const { readEnvironment } = await import('./config.ts')
  // Read once, and only for the commands that need it, because it can be invalid.
  let read: ReturnType<typeof readEnvironment> | undefined
  const { unixNow } = await import('./clocks.ts')
  const { stdin, stdout, stderr } = process
  process.exitCode = await run(process.argv.slice(2), {
    ...program,
    get environment() {
      read ??= readEnvironment()
      return read.environment
    },
    get environmentWarnings() {
      read ??= readEnvironment()
      return read.warnings
    },
    now: unixNow,
    write: (text) =>
      new Promise((resolve) => {
        stdout.write(text, (error) => resolve(error === null || error === undefined))
      }),
    note: (text) => void stderr.write(text),
    input: stdin,
    columns: stdout.isTTY ? stdout.columns || 80 : undefined,
    isNoteTerminal: stderr.isTTY,
  })
}

await runProgram(main)
