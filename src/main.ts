/** The command line: what to start, how it ends, and with which exit code. */
import { parseArgs } from 'node:util'
import { ConfigError, type Environment, parseConfig, readEnvironment } from './config.ts'
import { createLogDestination, createLogger } from './logger.ts'
import { startService } from './service.ts'

/** Of sysexits.h, so that supervisors can tell a fault of ours from a setting. */
const EXIT_USAGE = 64
const EXIT_CRASH = 70
const EXIT_CONFIG = 78

const USAGE = `Usage: realtime-mint [command]

  serve   start the service (the default); its settings are environment variables, see .env.example
  demo    start it against a sandbox on this machine, without a key
`

interface Started {
  readonly url: string
  readonly drain: () => Promise<void>
}

async function serve(environment: Environment): Promise<Started> {
  const config = parseConfig(environment)
  const stream = createLogDestination()
  const logger = createLogger(config.logLevel, stream)
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'crashed')
    stream.flushSync()
    process.exit(EXIT_CRASH)
  })
  try {
    const service = await startService(config, logger)
    return { url: service.url, drain: () => service.drain().finally(() => stream.flushSync()) }
  } catch (error) {
    stream.flushSync()
    throw error
  }
}

async function demo(environment: Environment): Promise<Started> {
  const { startDemo } = await import('./demo/demo.ts')
  const sandboxed = await startDemo(environment)
  const service = await serve(sandboxed.environment)
  process.stdout.write(sandboxed.toInvitation(service.url))
  return { url: service.url, drain: () => service.drain().finally(() => sandboxed.close) }
}

/** The first signal drains; a second one ends the process as it always would. */
function drainOnSignal({ drain }: Started): void {
  const stop = (): void => {
    process.off('SIGTERM', stop).off('SIGINT', stop)
    drain().then(
      () => process.exit(0),
      () => process.exit(EXIT_CRASH),
    )
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}

function explain(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error
  const lines = error.problems.map((problem) => `  ${problem}\n`).join('')
  process.stderr.write(`realtime-mint cannot start. Mend this and start it again:\n${lines}`)
  process.exit(EXIT_CONFIG)
}

const commands: ReadonlyMap<string, (environment: Environment) => Promise<Started>> = new Map([
  ['serve', serve],
  ['demo', demo],
])

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true, strict: false })
  const start = commands.get(positionals[0] ?? 'serve')
  if (start === undefined || positionals.length > 1) {
    process.stderr.write(USAGE)
    process.exit(EXIT_USAGE)
  }
  drainOnSignal(await start(readEnvironment()).catch(explain))
}

await main()
