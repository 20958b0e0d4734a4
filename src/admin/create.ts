/** Puts the admin listener together: composition only. Loaded only if ADMIN_PORT is set. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { AuditKeys } from '../audit/keys.ts'
import type { CallerGuard } from '../auth/caller.ts'
import { monotonicNow, unixNow } from '../clocks.ts'
import type { Conditions, Part } from '../conditions.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Limits } from '../limits/levels.ts'
import { addGauges } from '../metrics/gauges.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Upstream } from '../openai/mint.ts'
import type { Pauses } from '../pauses/pauses.ts'
import type { Catalog } from '../presets/load/catalog.ts'
import { findUnready } from '../readiness.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Secret } from '../secret.ts'
import type { AdminConfig } from '../settings/admin.ts'
import { readVersion } from '../version.ts'
import type { Watched } from '../watched-file.ts'
import { reloadAll } from '../watched-settings.ts'
import { apiRoutes } from './api-routes.ts'
import { buildAdminApp } from './listener.ts'
import { liveRoute } from './live-route.ts'
import { metricsRoute } from './metrics-route.ts'
import { openApiRoutes } from './openapi-routes.ts'
import { pageRoute } from './page-route.ts'
import { pauseRoutes } from './pause-routes.ts'
import { createRecordIndex } from './record-index.ts'
import { reloadRoute } from './reload-route.ts'
import { createStateReader, stateRoute } from './state-route.ts'
import { createVerifier } from './verification.ts'

/** The parts of the service that the listener shows. */
export interface AdminParts {
  readonly audit: Audit
  readonly keys: AuditKeys
  readonly upstream: Upstream
  /** Null where this process counts alone. */
  readonly redis: RedisConnection | null
  readonly lifecycle: Lifecycle
  /** Undefined where callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly limits: Limits
  readonly maxConcurrentMints: number
  readonly presets: Watched<Catalog>
  readonly pauses: Pauses
  readonly allowedOrigins: ReadonlySet<string>
  readonly key: Watched<Secret>
  readonly conditions: Conditions
  readonly metrics: Metrics
  readonly logger: Logger
  readonly auditDirectory: string
  /** Whether the key is read from a file. */
  readonly hasKeyFile: boolean
}

function addGaugesOf(parts: AdminParts): void {
  const { audit, keys, upstream, redis, lifecycle, presets, key, conditions, metrics } = parts
  addGauges(metrics.registry, {
    version: readVersion(),
    inFlight: () => lifecycle.mints.count,
    auditQueueDepth: () => audit.queueDepth,
    isStoreDegraded: () => redis?.available === false,
    breaker: upstream.breaker,
    presets: () => presets.current().presets,
    isPresetsFileInvalid: () => conditions.of('presets_file').state === 'failing',
    keyFingerprint: () => key.current().fingerprint(keys.fingerprint),
  })
}

const toUsedParts = ({ redis, callerGuard, hasKeyFile }: AdminParts): ReadonlySet<Part> =>
  new Set([
    'upstream',
    'presets_file',
    'audit',
    ...(redis === null ? [] : (['redis'] as const)),
    ...(callerGuard === undefined ? [] : (['key_set'] as const)),
    ...(hasKeyFile ? (['api_key_file'] as const) : []),
  ])

function addApi(app: FastifyInstance, parts: AdminParts): void {
  const { keys, logger, auditDirectory: directory } = parts
  const index = createRecordIndex({ directory, logger })
  const verifier = createVerifier({ directory, keys, unixNow, logger })
  pageRoute(app)
  apiRoutes(app, { index, keys, unixNow })
  const readState = createStateReader({
    ...parts,
    breaker: parts.upstream.breaker,
    presets: parts.presets.current,
    findUnready: () => findUnready(parts),
    usedParts: toUsedParts(parts),
    index,
    verifier,
    unixNow,
  })
  stateRoute(app, readState)
  liveRoute(app, { readState, readVersion: async () => (await index.ask({ kind: 'version' })).text })
  app.addHook('onClose', async () => void (await Promise.all([index.close(), verifier.close()])))
}

export function createAdminApp(config: AdminConfig, parts: AdminParts): FastifyInstance {
  const { keys, logger, metrics } = parts
  const app = buildAdminApp(config, { logger, toPseudonym: keys.toPseudonym, now: monotonicNow })
  addGaugesOf(parts)
  metricsRoute(app, {
    render: () => metrics.registry.metrics(),
    contentType: metrics.registry.contentType,
    now: monotonicNow,
  })
  addApi(app, parts)
  pauseRoutes(app, { ...parts, presets: parts.presets.current })
  openApiRoutes(app)
  reloadRoute(app, () => reloadAll(parts, logger))
  return app
}
