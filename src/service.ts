/** The process: configuration to listener, reload, drain. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { monotonicNow } from './clocks.ts'
import type { Config } from './config.ts'
import { codeOf } from './errors.ts'
import { loadCatalog } from './load-catalog.ts'
import type { Catalog } from './presets/catalog.ts'
import { ConfigError, toListed } from './problems.ts'
import { createRuntime, type Runtime } from './runtime.ts'

export interface Service {
  /** `http://address:port` */
  readonly url: string
  /** Takes over what changed in the presets file, and in the API key's. */
  readonly reload: () => Promise<void>
  /** Resolves when everything is closed; within 10 s, whatever callers and upstream do. */
  readonly drain: () => Promise<void>
}

/** After which mints under way are given up, so that the rest still fits into the 10 s. */
const LAST_MINT_MS = 9_000
/** After which an audit that hangs is given up, so that the log can still say so. */
const LAST_RECORD_MS = 9_400
/** For replies to reach the network, and for the attempts of cut sockets to reach the audit. */
const CLOSE_GRACE_MS = 300

async function openCatalog(config: Config, logger: Logger): Promise<Catalog> {
  const loaded = await loadCatalog(config)
  const { warnings } = 'refused' in loaded ? loaded.refused : loaded.value
  for (const warning of toListed(warnings.map(({ text }) => text))) logger.warn(warning)
  if ('refused' in loaded) throw new ConfigError(loaded.refused.problems.map(({ text }) => text))
  return loaded.value
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    throw new ConfigError([`HOST, PORT: cannot listen on ${host}:${port} (${codeOf(error) ?? 'unknown'})`])
  }
}

/** Everything from the configuration to the open port. Throws a ConfigError for what an operator can mend. */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  if (config.callers.mode === 'none') {
    logger.warn('AUTH_MODE is none: anybody who can forge an Origin header may mint; limits bound how often')
  }
  for (const warning of config.warnings) logger.warn(warning)
  const catalog = await openCatalog(config, logger)
  const parts = await createRuntime(config, catalog, logger)
  const url = await listen(parts.app, config)
  logger.info({ url, presets: catalog.presets.size, revision: catalog.revision }, 'listening')
  return {
    url,
    reload: async () => {
      await Promise.all([parts.presets.reload(), parts.key.reload()])
    },
    drain: () => drain(parts, config.drainDelaySeconds * 1000),
  }
}

/** Resolves with the work or after `ms`, whichever comes first. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  await Promise.race([work, delay(ms, undefined, { signal: enough.signal }).catch(() => undefined)])
  enough.abort()
}

async function drain(
  { app, audit, upstream, redis, lifecycle, callerGuard, presets, key, logger }: Runtime,
  delayMs: number,
): Promise<void> {
  const startedAt = monotonicNow()
  logger.info('draining')
  lifecycle.phase = 'leaving'
  presets.close()
  key.close()
  await delay(delayMs)
  lifecycle.phase = 'draining'
  await atMost(LAST_MINT_MS - (monotonicNow() - startedAt), lifecycle.mints.whenEmpty())
  await upstream.close()
  await atMost(CLOSE_GRACE_MS, lifecycle.mints.whenEmpty())
  // Whoever is still in headers or body now is slow, or idle.
  const closed = app.close()
  await atMost(CLOSE_GRACE_MS, closed)
  app.server.closeAllConnections()
  await atMost(CLOSE_GRACE_MS, Promise.all([closed, lifecycle.attempts.whenEmpty()]))
  await callerGuard?.close()
  redis?.close()
  await atMost(Math.max(CLOSE_GRACE_MS, LAST_RECORD_MS - (monotonicNow() - startedAt)), audit.close())
  logger.info({ ms: Math.round(monotonicNow() - startedAt) }, 'drained')
}
