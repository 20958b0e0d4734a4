/** The public listener: the hooks of every request, in order, and the routes. Composition only. */
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createAddressMatcher } from './address-ranges.ts'
import type { Audit } from './audit/audit.ts'
import { auditReplies, openAttempts } from './audit/hooks.ts'
import type { CallerGuard } from './auth/caller.ts'
import type { Config } from './config.ts'
import { toConnectionBounds } from './descriptors.ts'
import { limitAddresses, showQuotas } from './http/address-limit.ts'
import { createAddressReader } from './http/client-address.ts'
import { Connections } from './http/connections.ts'
import { allowOrigins } from './http/cors.ts'
import { answerErrors } from './http/error-handler.ts'
import { setReplyHeaders } from './http/headers.ts'
import { warnOfHiddenProxy } from './http/hidden-proxy.ts'
import { MAX_BODY_BYTES, takeJsonOnly } from './http/json-body.ts'
import { noSchemas } from './http/no-schemas.ts'
import { createProtocolErrors } from './http/protocol-errors.ts'
import { warnOfRefusedOrigins } from './http/refused-origins.ts'
import { logReplies } from './http/request-log.ts'
import { toRoutableUrl } from './http/request-target.ts'
import { createBoundedServer } from './http/server.ts'
import type { Issuer } from './issuer.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Limits } from './limits/levels.ts'
import { observeReplies } from './metrics/hooks.ts'
import type { Metrics } from './metrics/metrics.ts'
import { clientScriptRoute } from './routes/client-script.ts'
import { healthPaths, healthRoutes } from './routes/health.ts'
import { dialects, mintingRoute } from './routes/minting.ts'
import { checkRoutes, mintingPaths } from './routes/paths.ts'

export interface AppDependencies {
  readonly issuer: Issuer
  readonly audit: Audit
  readonly lifecycle: Lifecycle
  /** Undefined if callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly limits: Limits
  readonly logger: Logger
  /** Undefined without an admin listener: then nothing is counted. */
  readonly metrics: Metrics | undefined
  /** File descriptors that the process may open. */
  readonly descriptorLimit: number
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

function createListener(
  config: Config,
  { logger, descriptorLimit: limit, now }: AppDependencies,
): FastifyInstance {
  const { trustedProxies, maxConcurrentMints } = config
  const bounds = toConnectionBounds({ limit, maxConcurrentMints })
  const connections = new Connections({ ...bounds, trustedProxies, now })
  const protocolErrors = createProtocolErrors(logger)
  const app = Fastify({
    serverFactory: (listener) => createBoundedServer(listener, connections),
    logger: false,
    schemaController: noSchemas,
    trustProxy: trustedProxies.length > 0 ? createAddressMatcher(trustedProxies) : false,
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    rewriteUrl: toRoutableUrl,
    clientErrorHandler: protocolErrors.onClientError,
    // The lifecycle's phase decides, and the reply has our envelope.
    return503OnClosing: false,
  })
  protocolErrors.follow(app)
  return app
}

/** Builds the listener; does not listen yet. */
export async function buildApp(config: Config, dependencies: AppDependencies): Promise<FastifyInstance> {
  const { issuer, audit, lifecycle, callerGuard, limits, logger, metrics, toPseudonym, now } = dependencies
  const { allowedOrigins, trustedProxies } = config
  const app = createListener(config, dependencies)

  // First of all, because a route keeps the error handler that is set when it is added, also the CORS plugin's route.
  answerErrors(app, logger)
  setReplyHeaders(app)
  openAttempts(app, { lifecycle, toAddress: createAddressReader(logger), now })
  warnOfHiddenProxy(app, {
    logger,
    exemptPaths: healthPaths,
    isTrusted: createAddressMatcher(trustedProxies),
  })
  await allowOrigins(app, allowedOrigins)
  await limitAddresses(app, { limits, exemptPaths: healthPaths, allowedOrigins })
  showQuotas(app)
  checkRoutes(app, { allowedOrigins, lifecycle })
  takeJsonOnly(app)
  auditReplies(app, { audit, lifecycle, mintingPaths, onWithhold: issuer.release })
  warnOfRefusedOrigins(app, { logger, now })
  logReplies(app, { logger, quietRoutes: healthPaths, toPseudonym, now })
  if (metrics !== undefined) observeReplies(app, { ...metrics, mintingPaths, now })

  healthRoutes(app, { audit, lifecycle, callerGuard, limits })
  await clientScriptRoute(app)
  const minting = { allowedOrigins, issuer, callerGuard }
  for (const dialect of dialects) mintingRoute(app, dialect, minting)
  return app
}
