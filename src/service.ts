/** The process: configuration to listener, signals, drain, exit codes. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import type { Audit } from './audit/audit.ts'
import { openAudit } from './audit/open.ts'
import { type Config, ConfigError, loadApiKey } from './config.ts'
import { codeOf } from './errors.ts'
import { createIssuer } from './issuer.ts'
import { Lifecycle } from './lifecycle.ts'
import { createFixed, createLiveFile, type Live, type Loaded } from './live-file.ts'
import { createUpstream, type Upstream } from './openai/mint.ts'
import { type Catalog, loadPresets } from './presets/catalog.ts'
import type { Problem } from './presets/problem.ts'
import type { Secret } from './secret.ts'

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
const LAST_WORDS_MS = 300

const now = (): number => performance.now()

async function loadCatalog(config: Config): Promise<Loaded<Catalog, readonly Problem[]>> {
  const { presetsFile: fileName, allowedOrigins, authMode, defaultPreset, upstream } = config
  const { api } = upstream
  const loaded = await loadPresets(fileName, { fileName, allowedOrigins, authMode, defaultPreset, api })
  return 'problems' in loaded ? { refused: loaded.problems } : { value: loaded.catalog }
}

async function openCatalog(config: Config, logger: Logger): Promise<Catalog> {
  const loaded = await loadCatalog(config)
  if ('refused' in loaded) throw new ConfigError(loaded.refused.map(({ text }) => text))
  for (const { text } of loaded.value.warnings) logger.warn(text)
  return loaded.value
}

async function startAudit({ audit }: Config, logger: Logger): Promise<Audit> {
  try {
    return await openAudit(audit, { logger, now, time: Date.now })
  } catch (error) {
    throw new ConfigError([`AUDIT_DIR: cannot be written (${codeOf(error) ?? 'unknown'})`])
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    throw new ConfigError([`HOST, PORT: cannot listen on ${host}:${port} (${codeOf(error) ?? 'unknown'})`])
  }
}

function watchPresets(config: Config, initial: Catalog, audit: Audit, logger: Logger): Live<Catalog> {
  function record(catalog: Catalog): void {
    audit.recordPresets(catalog).catch(() => logger.error('which presets are in force could not be recorded'))
  }

  record(initial)
  return createLiveFile({
    path: config.presetsFile,
    initial,
    load: () => loadCatalog(config),
    onReplaced: (catalog) => {
      const warnings = catalog.warnings.map(({ text }) => text)
      logger.info({ presets: catalog.presets.size, revision: catalog.revision, warnings }, 'presets reloaded')
      record(catalog)
    },
    onRefused: (problems) => {
      logger.error(
        { problems: problems.map(({ text }) => text) },
        'presets not reloaded: the last good ones stay',
      )
    },
  })
}

function watchKey({ upstream }: Config, audit: Audit, logger: Logger): Live<Secret> {
  const { apiKey: initial, apiKeyFile: path } = upstream
  if (path === undefined) return createFixed(initial)

  const key: Live<Secret> = createLiveFile<Secret, string>({
    path,
    initial,
    load: async () => {
      const loaded = await loadApiKey(path)
      return 'value' in loaded && loaded.value.equals(key.current()) ? { value: key.current() } : loaded
    },
    onReplaced: (secret) => {
      logger.info('API key replaced')
      audit.recordKey(secret).catch(() => logger.error('the change of the API key could not be recorded'))
    },
    onRefused: (problem) =>
      logger.error(
        { problem: `OPENAI_API_KEY_FILE: ${problem}` },
        'API key not replaced: the last good one stays',
      ),
  })
  return key
}

/** The parts of a running service. */
export interface Parts {
  readonly app: FastifyInstance
  readonly audit: Audit
  readonly upstream: Upstream
  readonly lifecycle: Lifecycle
  readonly presets: Live<Catalog>
  readonly key: Live<Secret>
  readonly logger: Logger
}

/** Puts the parts together: the audit open, the listener not yet. */
export async function createParts(config: Config, initial: Catalog, logger: Logger): Promise<Parts> {
  const { defaultPreset, maxConcurrentMints } = config
  const audit = await startAudit(config, logger)
  const lifecycle = new Lifecycle()
  const presets = watchPresets(config, initial, audit, logger)
  const key = watchKey(config, audit, logger)
  const upstream = createUpstream({
    ...config.upstream,
    apiKey: key.current,
    maxConnections: maxConcurrentMints,
    onBreakerChange: (open) =>
      open
        ? logger.error('upstream fails too often: it is asked once a second until it answers')
        : logger.warn('upstream answers again'),
  })
  const isAuditAvailable = (): boolean => audit.available
  const issuer = createIssuer({
    catalog: presets.current,
    defaultPreset,
    upstream,
    maxConcurrentMints,
    isAuditAvailable,
  })
  const app = await buildApp(config, { issuer, audit, lifecycle, logger, now })
  return { app, audit, upstream, lifecycle, presets, key, logger }
}

/** Everything from the configuration to the open port. Throws a ConfigError for what an operator can mend. */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  logger.warn('AUTH_MODE is none: anybody who can forge an Origin header may mint; limits bound how often')
  const catalog = await openCatalog(config, logger)
  const parts = await createParts(config, catalog, logger)
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
  { app, audit, upstream, lifecycle, presets, key, logger }: Parts,
  delayMs: number,
): Promise<void> {
  const startedAt = now()
  logger.info('draining')
  lifecycle.phase = 'leaving'
  presets.close()
  key.close()
  await delay(delayMs)
  lifecycle.phase = 'draining'
  await atMost(LAST_MINT_MS - (now() - startedAt), lifecycle.mints.whenEmpty())
  await upstream.close()
  await atMost(LAST_WORDS_MS, lifecycle.mints.whenEmpty())
  // Whoever is still in headers or body now is slow, or idle.
  const closed = app.close()
  await atMost(LAST_WORDS_MS, closed)
  app.server.closeAllConnections()
  await atMost(LAST_WORDS_MS, Promise.all([closed, lifecycle.attempts.whenEmpty()]))
  await atMost(Math.max(LAST_WORDS_MS, LAST_RECORD_MS - (now() - startedAt)), audit.close())
  logger.info({ ms: Math.round(now() - startedAt) }, 'drained')
}
