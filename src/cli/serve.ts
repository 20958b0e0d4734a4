/** Starts the service as a process: its log, its signals, and how it ends. */
import { type Config, ConfigError, type Environment, parseConfig } from '../config.ts'
import { createLogDestination, createLogger } from '../logger.ts'
import type { Service } from '../service.ts'

/** From sysexits.h, so that supervisors can tell a crash from a bad setting. */
const EXIT_CRASH = 70
export const EXIT_CONFIG = 78

interface Running extends Service {
  readonly closeLog: () => Promise<void>
}

/** Bad settings hide nothing of the presets file: one start tells the problems of both. */
async function loadConfig(environment: Environment): Promise<Config> {
  try {
    return parseConfig(environment)
  } catch {
    const { check } = await import('./check.ts')
    throw new ConfigError((await check({ file: undefined, environment, live: false })).problems)
  }
}

/** Starts the service with its log, which is to be closed last of all. */
async function startLogged(environment: Environment): Promise<Running> {
  const config = await loadConfig(environment)
  const log = createLogDestination()
  const logger = createLogger(config.logLevel, log)
  const closeLog = log.close
  async function crash(error: Error): Promise<void> {
    logger.fatal({ err: error }, 'crashed')
    await closeLog()
    process.exit(EXIT_CRASH)
  }
  process.on('uncaughtException', (error) => void crash(error))
  try {
    const { startService } = await import('../service.ts')
    return { ...(await startService(config, logger)), closeLog }
  } catch (error) {
    await closeLog()
    throw error
  }
}

/**
 * The first signal drains, further ones change nothing: npm sends a second one after the terminal's own. SIGHUP reloads.
 * Set before the service starts, so that a signal on the way up is obeyed as soon as it can be.
 */
async function obeySignals(starting: Promise<Running>, whenDrained?: () => Promise<void>): Promise<Running> {
  async function stop(): Promise<void> {
    const { drain, closeLog } = await starting
    await drain()
    await whenDrained?.()
    await closeLog()
    process.exit(0)
  }
  let stopping: Promise<void> | undefined
  const onStop = (): void => {
    stopping ??= stop()
  }
  process.on('SIGTERM', onStop).on('SIGINT', onStop)
  process.on('SIGHUP', () => void starting.then(({ reload }) => reload()))
  return starting
}

/** Resolves when the service listens; the process then ends by a signal. `whenDrained` runs before it does. */
export const runService = (environment: Environment, whenDrained?: () => Promise<void>): Promise<Running> =>
  obeySignals(startLogged(environment), whenDrained)

/** Ends the process with all problems of its configuration; throws what is none. */
export function refuseToRun(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error
  const lines = error.problems.map((problem) => `  ${problem}\n`).join('')
  process.stderr.write(`realtime-mint cannot start. Mend this and start it again:\n${lines}`)
  process.exit(EXIT_CONFIG)
}
