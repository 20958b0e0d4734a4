/** The composition root: creates the parts of a running service, and says what each of them logs. Loads what is configured. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { AdminParts } from './admin/parts.ts'
import { buildApp } from './app.ts'
import type { Audit } from './audit/audit.ts'
import type { AuditKeys } from './audit/keys.ts'
import { type OpenAudit, openAudit, toAuditProblem } from './audit/open.ts'
import type { CallerGuard } from './auth/caller.ts'
import { RedisUsedTokens } from './auth/redis-used-tokens.ts'
import { MemoryUsedTokens } from './auth/used-tokens.ts'
import { ClockCheck } from './clock-check.ts'
import { monotonicNow, unixNow } from './clocks.ts'
import { Conditions, type Part } from './conditions.ts'
import { type Config, toRedisNeed } from './config.ts'
import { loadDescriptorLimit, toDescriptorWarning, toEnoughUpstream } from './descriptors.ts'
import { createIssuer } from './issuer.ts'
import { Lifecycle } from './lifecycle.ts'
import { createLimits, type Limits } from './limits/levels.ts'
import { LocalStore } from './limits/local-store.ts'
import { SharedStore } from './limits/shared-store.ts'
import type { Metrics } from './metrics/metrics.ts'
import { createUpstream, type Upstream } from './openai/mint.ts'
import { openPauses } from './pause-log.ts'
import type { Pauses } from './pauses/pauses.ts'
import type { Catalog } from './presets/load/catalog.ts'
import { ConfigError } from './problems.ts'
import type { RedisConnection } from './redis/connection.ts'
import type { Secret } from './secret.ts'
import { createUpstreamLog } from './upstream-log.ts'
import type { Watched } from './watched-file.ts'
import { type WatchDependencies, watchApiKey, watchPresets } from './watched-settings.ts'

export interface Runtime {
  readonly app: FastifyInstance
  /** Undefined without ADMIN_PORT. */
  readonly adminApp: FastifyInstance | undefined
  readonly audit: Audit
  readonly upstream: Upstream
  /** Null where this process counts alone. */
  readonly redis: RedisConnection | null
  readonly lifecycle: Lifecycle
  /** Undefined where callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly presets: Watched<Catalog>
  readonly pauses: Pauses
  readonly apiKey: Watched<Secret>
  readonly logger: Logger
}

interface AuditNeeds {
  readonly lifecycle: Lifecycle
  readonly clock: ClockCheck
  readonly conditions: Conditions
  readonly metrics: Metrics | undefined
  readonly logger: Logger
}

async function startAudit(
  { audit }: Config,
  { lifecycle, clock, conditions, metrics, logger }: AuditNeeds,
): Promise<OpenAudit> {
  const isRecordDue = (): boolean => lifecycle.isRecordDue
  try {
    return await openAudit(audit, {
      logger,
      monotonicNow,
      unixNow,
      clockOffsetMs: () => clock.differenceMs ?? null,
      isRecordDue,
      onCommit: metrics?.beginCommit,
      onChange: (cause) => noteChange(conditions, 'audit', cause),
    })
  } catch (error) {
    throw new ConfigError([toAuditProblem(error)])
  }
}

function noteChange(conditions: Conditions, part: Part, cause: string | null): void {
  if (cause === null) conditions.end(part)
  else conditions.begin(part, cause)
}

async function guardCallers(
  { callers }: Config,
  redis: RedisConnection | null,
  { conditions, logger }: WatchDependencies,
): Promise<CallerGuard | undefined> {
  if (callers.mode === 'none') return undefined
  const { createCallerGuard } = await import('./auth/caller.ts')
  return createCallerGuard({
    ...callers,
    isStoreAvailable: () => redis === null || redis.available,
    monotonicNow,
    unixNow,
    onChange: (cause) => {
      noteChange(conditions, 'key_set', cause ?? null)
      if (cause === undefined) return logger.warn('key set of the issuer available again')
      logger.error(
        { cause },
        'key set of the issuer unavailable: keys that were fetched stay in use for an hour. Run check to see why',
      )
    },
    onDate: watchClock('the issuer', logger).observe,
    onTimesRefused: (refused) =>
      refused
        ? logger.warn('token after token is expired or not yet valid: compare our clock with the issuer’s')
        : logger.warn('tokens with current times arrive again'),
  })
}

/** Null where no Redis is configured; otherwise connected or connecting. */
async function openRedis(
  config: Config,
  { audit, conditions, logger }: WatchDependencies,
): Promise<RedisConnection | null> {
  const { redis } = config
  if (redis === null) return null
  const { RedisConnection } = await import('./redis/connection.ts')
  const connection = new RedisConnection({
    url: redis.url,
    onChange: (cause) => {
      noteChange(conditions, 'redis', cause)
      const isOptional = toRedisNeed(config) === undefined
      const mode = isOptional ? 'this replica counts alone' : 'nothing is issued'
      if (cause === null) logger.warn('redis available again')
      else logger.error({ cause }, `redis unavailable: ${mode}. Run check to see why`)
      audit
        .recordStore(cause === null ? 'restored' : 'degraded', cause)
        .catch(() => logger.error('a change of the store could not be recorded in the audit'))
    },
  })
  await connection.open()
  return connection
}

function openLimits(config: Config, redis: RedisConnection | null, { toPseudonym }: AuditKeys): Limits {
  const local = new LocalStore({ monotonicNow })
  const store =
    config.redis === null || redis === null
      ? local
      : new SharedStore({ redis, local, monotonicNow, ...config.redis })
  return createLimits({ store, ...config.limits, toPseudonym })
}

/** Whether our clock agrees with another one. */
const watchClock = (other: 'upstream' | 'the issuer', logger: Logger): ClockCheck =>
  new ClockCheck({
    unixNow,
    onChange: (seconds) =>
      seconds === 0
        ? logger.warn(`clock agrees with ${other} again`)
        : logger.warn(
            { seconds_behind: seconds },
            `clock differs from ${other}: tokens may be rejected. Synchronize it (NTP)`,
          ),
  })

interface UpstreamNeeds {
  readonly conditions: Conditions
  readonly apiKey: Watched<Secret>
  readonly clock: ClockCheck
  readonly descriptorLimit: number
  readonly logger: Logger
}

function openUpstream(
  config: Config,
  { apiKey, clock, conditions, descriptorLimit, logger }: UpstreamNeeds,
): Upstream {
  return createUpstream({
    ...config.upstream,
    apiKey: apiKey.current,
    maxConnections: config.maxConcurrentMints,
    enoughConnections: toEnoughUpstream({ limit: descriptorLimit }),
    onDate: clock.observe,
    ...createUpstreamLog(logger, conditions),
  })
}

async function checkDescriptorLimit({ maxConcurrentMints }: Config, logger: Logger): Promise<number> {
  const limit = await loadDescriptorLimit()
  const warning = toDescriptorWarning({ limit, maxConcurrentMints })
  if (warning !== undefined) logger.warn(warning)
  return limit
}

/** Nothing is counted without an admin listener. */
async function loadMetrics({ admin, upstream }: Config): Promise<Metrics | undefined> {
  if (admin === null) return undefined
  const { createMetrics } = await import('./metrics/metrics.ts')
  return createMetrics(upstream.baseUrl.hostname)
}

async function openAdminApp(
  { admin, audit, upstream }: Config,
  parts: Omit<AdminParts, 'metrics' | 'auditDirectory' | 'hasApiKeyFile'>,
  metrics?: Metrics,
) {
  if (admin === null || metrics === undefined) return undefined
  const { createAdminApp } = await import('./admin/create.ts')
  const hasApiKeyFile = upstream.apiKeyFile !== undefined
  return createAdminApp(admin, { ...parts, metrics, auditDirectory: audit.directory, hasApiKeyFile })
}

/** Opens the audit, but not the listener. Throws a ConfigError for what an operator can fix. */
export async function createRuntime(config: Config, initial: Catalog, logger: Logger): Promise<Runtime> {
  const { allowedOrigins, defaultPreset, maxConcurrentMints } = config
  const lifecycle = new Lifecycle()
  const conditions = new Conditions(unixNow)
  const metrics = await loadMetrics(config)
  const clock = watchClock('upstream', logger)
  const { audit, auditKeys } = await startAudit(config, { lifecycle, clock, conditions, metrics, logger })
  const watching = { audit, conditions, logger }
  const redis = await openRedis(config, watching)
  const callerGuard = await guardCallers(config, redis, watching)
  const presets = watchPresets(config, initial, watching)
  const pauses = await openPauses(config, { audit, auditKeys, redis, catalog: presets.current, logger })
  const apiKey = watchApiKey(config, watching)
  const descriptorLimit = await checkDescriptorLimit(config, logger)
  const upstream = openUpstream(config, { apiKey, clock, conditions, descriptorLimit, logger })
  const limits = openLimits(config, redis, auditKeys)
  const issuer = createIssuer({
    catalog: presets.current,
    defaultPreset,
    pauses,
    upstream,
    limits,
    maxConcurrentMints,
    isAuditAvailable: () => audit.available,
    usedTokens: redis === null ? new MemoryUsedTokens({ unixNow }) : new RedisUsedTokens({ redis, unixNow }),
    toSafetyIdentifier: auditKeys.toSafetyIdentifier,
  })
  const app = await buildApp(config, {
    issuer,
    audit,
    lifecycle,
    callerGuard,
    limits,
    logger,
    descriptorLimit,
    metrics,
    toPseudonym: auditKeys.toPseudonym,
    now: monotonicNow,
  })
  const parts = { audit, upstream, redis, lifecycle, callerGuard, presets, pauses, apiKey, logger }
  const shown = { ...parts, allowedOrigins, limits, maxConcurrentMints, conditions, auditKeys }
  const adminApp = await openAdminApp(config, shown, metrics)
  return { app, adminApp, ...parts }
}
