/** The process: configuration to listener, reload, drain. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { findStorage, type Storage, toStorageWarning } from './audit/storage.ts'
import { monotonicNow } from './clocks.ts'
import type { Config } from './config.ts'
import { codeOf } from './errors.ts'
import { formatRules } from './limits/rules.ts'
import { loadCatalog } from './load-catalog.ts'
import { LogGate } from './logger.ts'
import type { Catalog } from './presets/load/catalog.ts'
import { ConfigError, toListed } from './problems.ts'
import { createRuntime, type Runtime } from './runtime.ts'
import { readVersion } from './version.ts'
import { reloadAll } from './watched-settings.ts'

export interface Service {
  /** `http://address:port`: the address that the service actually listens on. */
  readonly url: string
  /** The same of the admin listener; null without ADMIN_PORT. */
  readonly adminUrl: string | null
  /** Reads the presets file and the file of the API key again. The log says what changed. */
  readonly reload: () => Promise<void>
  /** Resolves when everything is closed: within 10 s, whatever callers and upstream do. */
  readonly drain: () => Promise<void>
}

/** Adds to the parts of a service before it listens. */
export type Extension = (runtime: Runtime) => Promise<void>

/** After this time, mints in flight are abandoned, so that the rest fits into the 10 s. */
const LAST_MINT_MS = 9_000
/** After this time, an audit that hangs is abandoned, so that the log can still say so. */
const LAST_RECORD_MS = 9_400
/** For replies to reach the network, and for the attempts of cut sockets to reach the audit. */
const CLOSE_GRACE_MS = 300

async function openCatalog(config: Config): Promise<Catalog> {
  const loaded = await loadCatalog(config)
  if ('refused' in loaded) {
    const { problems, warnings } = loaded.refused
    throw new ConfigError(problems, [...config.warnings, ...warnings])
  }
  return loaded.value
}

/** Fastify returns a loopback address for 0.0.0.0. */
function toUrl({ server }: FastifyInstance): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}

type Place = Pick<Config, 'host' | 'port'>

/** What the operator must fix. `prefix` is that of the settings. */
export function toListenProblem(prefix: string, { host, port }: Place, code: string): string {
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program uses port ${port}. Stop it, or set ${prefix}PORT to another number`,
    EACCES: `ports below 1024 need a privilege. Set ${prefix}PORT to 1024 or more`,
    EADDRNOTAVAIL: `this machine has no such address. Set ${prefix}HOST to one that it has`,
    ENOTFOUND: `this host name has no address. Set ${prefix}HOST to an address of this machine`,
  }
  const cause = advice[code] ?? 'the system refuses it'
  return `${prefix}HOST, ${prefix}PORT: cannot listen on ${host}:${port}: ${cause} (${code})`
}

async function listen(app: FastifyInstance, prefix: string, place: Place): Promise<string> {
  const { host, port } = place
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    throw new ConfigError([toListenProblem(prefix, place, code)])
  }
  return toUrl(app)
}

async function listenAll({ app, adminApp }: Runtime, config: Config) {
  const { admin } = config
  // First, so that a port in use is a problem before anyone is served.
  const adminUrl = adminApp && admin ? await listen(adminApp, 'ADMIN_', admin) : null
  return { url: await listen(app, '', config), adminUrl }
}

/** What the first line of the log says about the service. */
const describeService = (
  config: Config,
  catalog: Catalog,
  { url, adminUrl }: Pick<Service, 'url' | 'adminUrl'>,
  storage: Storage,
): object => ({
  url,
  admin_url: adminUrl,
  version: readVersion(),
  node: process.versions.node,
  auth_mode: config.callers.mode,
  upstream: config.upstream.baseUrl.host,
  limits: {
    per_address: formatRules(config.limits.perAddress),
    per_caller: formatRules(config.limits.perCaller),
    total: formatRules(config.limits.total),
  },
  store: config.redis === null ? 'memory' : 'redis',
  presets: catalog.presets.size,
  revision: catalog.revision,
  audit_directory: config.audit.directory,
  audit_storage: storage,
  audit_copied_to_log: config.audit.copyToLog,
  trusted_proxies: config.trustedProxies,
})

export interface StartOptions {
  readonly extend?: Extension | undefined
  /** What the first line of the log opens. */
  readonly gate?: LogGate
}

/** Everything from the configuration to the open port. Throws a ConfigError for what an operator can fix. */
export async function startService(
  config: Config,
  logger: Logger,
  { extend, gate = new LogGate() }: StartOptions = {},
): Promise<Service> {
  const catalog = await openCatalog(config)
  const runtime = await createRuntime(config, catalog, logger)
  await extend?.(runtime)
  const urls = await listenAll(runtime, config)
  const storage = await findStorage(config)
  gate.open(() => logger.info(describeService(config, catalog, urls, storage), 'listening'))
  if (config.callers.mode === 'none') {
    logger.warn('AUTH_MODE is none: everyone who can forge an Origin header may mint. Only limits apply')
  }
  const unkept = toStorageWarning(config, storage)
  if (unkept !== undefined) logger.warn(unkept)
  for (const warning of toListed([...config.warnings, ...catalog.warnings])) {
    logger.warn(warning)
  }
  return {
    ...urls,
    reload: async () => void (await reloadAll(runtime, logger)),
    drain: () => drain(runtime, config.drainDelaySeconds * 1000),
  }
}

/** Resolves with the work or after `ms`, whichever comes first. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  await Promise.race([work, delay(ms, undefined, { signal: enough.signal }).catch(() => undefined)])
  enough.abort()
}

async function drain(
  { app, adminApp, audit, upstream, redis, lifecycle, callerGuard, presets, pauses, apiKey, logger }: Runtime,
  delayMs: number,
): Promise<void> {
  const startedAt = monotonicNow()
  logger.info('draining')
  lifecycle.phase = 'leaving'
  presets.close()
  pauses.close()
  apiKey.close()
  await delay(delayMs)
  lifecycle.phase = 'draining'
  await atMost(LAST_MINT_MS - (monotonicNow() - startedAt), lifecycle.mints.whenEmpty())
  await upstream.close()
  await atMost(CLOSE_GRACE_MS, lifecycle.mints.whenEmpty())
  // Sockets that still send headers or a body are slow or idle.
  const closed = app.close()
  await atMost(CLOSE_GRACE_MS, closed)
  app.server.closeAllConnections()
  await atMost(CLOSE_GRACE_MS, Promise.all([closed, lifecycle.attempts.whenEmpty()]))
  await callerGuard?.close()
  redis?.close()
  await atMost(Math.max(CLOSE_GRACE_MS, LAST_RECORD_MS - (monotonicNow() - startedAt)), audit.close())
  // Last, so that operators can watch the drain.
  if (adminApp !== undefined) await atMost(CLOSE_GRACE_MS, adminApp.close())
  logger.info({ ms: Math.round(monotonicNow() - startedAt) }, 'drained')
}
