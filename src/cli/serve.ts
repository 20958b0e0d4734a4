/** Starts the service as a process: its log, its signals, and how it ends. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Config, type Environment, parseConfig } from '../config.ts'
import { createLogDestination, createLogger, LogGate } from '../logger.ts'
import { ConfigError, toListed } from '../problems.ts'
import type { Extension, Service } from '../service.ts'
import { parseArguments } from './arguments.ts'
import type { Command, CommandContext } from './command.ts'
import { endProcess } from './exit.ts'

interface ServeOptions extends Pick<CommandContext, 'onEnd' | 'environment' | 'environmentWarnings'> {
  /** Changes the configuration where no setting can: only the demo does. */
  readonly adjust?: (config: Config) => Config
  /** Adds to the service before it listens: only the demo does. */
  readonly extend?: Extension
  /** Runs before the process ends in order. */
  readonly whenDrained?: () => Promise<void>
}

/** After this time, work that does not end is abandoned. */
const LAST_MS = 9_700
/** After this time, a start that does not finish is abandoned: it has no mint to wait for. */
const LAST_START_MS = 5_000

/** Bad settings hide no problem of the presets file: one start reports both. */
async function loadConfig(environment: Environment, environmentWarnings: readonly string[]): Promise<Config> {
  try {
    return parseConfig(environment, environmentWarnings)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { check } = await import('./check.ts')
    const found = await check({ file: undefined, environment, environmentWarnings, live: false })
    throw new ConfigError(found.problems, found.warnings)
  }
}

/** Resolves when the service listens; the process then ends by a signal. */
export async function runService({
  environment,
  environmentWarnings,
  adjust = (config) => config,
  extend,
  onEnd,
  whenDrained,
}: ServeOptions): Promise<Service> {
  const log = createLogDestination()
  const gate = new LogGate()
  const logger = createLogger('info', log, gate)
  onEnd(async (error) => {
    gate.open()
    if (error instanceof ConfigError) {
      const [problems, warnings] = [toListed(error.problems), toListed(error.warnings)]
      logger.fatal(warnings.length === 0 ? { problems } : { problems, warnings }, 'cannot start')
    } else logger.fatal({ err: error }, 'crashed')
    await log.close()
  })

  async function start(): Promise<Service> {
    const config = adjust(await loadConfig(environment, environmentWarnings))
    logger.level = config.logLevel
    const { startService } = await import('../service.ts')
    return startService(config, logger, { extend, gate })
  }

  const starting = start()
  async function stop(): Promise<void> {
    setTimeout(() => {
      logger.error('some work did not end within 10 s of the signal')
      void log.close().then(() => endProcess(0))
    }, LAST_MS)
    const service = await Promise.race([starting, delay(LAST_START_MS)])
    await service?.drain()
    await whenDrained?.()
    await log.close()
    endProcess(0)
  }

  let stopping: Promise<void> | undefined
  // Further signals change nothing: npm sends a second one after the terminal's own.
  const onStop = (): void => {
    stopping ??= stop()
  }
  // Set before the service has started, so that a signal during the start is obeyed as soon as possible.
  process.on('SIGTERM', onStop).on('SIGINT', onStop)
  process.on('SIGHUP', () => void starting.then(({ reload }) => reload()))
  return starting
}

/** `realtime-mint serve` */
export const runServe: Command = async (args, context) => {
  parseArguments(args, {})
  await runService(context)
  return 0
}
