/** Puts the admin listener together: composition only. Loaded only if ADMIN_PORT is set. */
import type { FastifyInstance } from 'fastify'
import { monotonicNow, unixNow } from '../clocks.ts'
import type { AdminConfig } from '../settings/admin.ts'
import { reloadAll } from '../watched-settings.ts'
import { apiRoutes } from './api-routes.ts'
import type { ReloadReply } from './api-schemas.ts'
import { buildAdminApp } from './listener.ts'
import { liveRoute } from './live-streams.ts'
import { metricsRoute } from './metrics-route.ts'
import { openApiRoutes } from './openapi-routes.ts'
import { pageRoute } from './page-route.ts'
import type { AdminParts } from './parts.ts'
import { pauseRoutes } from './pause-routes.ts'
import { createRecordIndex } from './record-index.ts'
import { createStateReader } from './state-route.ts'
import { createVerifier } from './verification.ts'

function addApi(app: FastifyInstance, parts: AdminParts): void {
  const { auditKeys, logger, auditDirectory: directory } = parts
  const index = createRecordIndex({ directory, logger })
  const verifier = createVerifier({ directory, auditKeys, unixNow, logger })
  apiRoutes(app, { index, auditKeys, unixNow })
  const readState = createStateReader(parts, { index, verifier, unixNow })
  app.get('/api/state', readState)
  liveRoute(app, { readState, readVersion: async () => (await index.ask({ kind: 'version' })).text })
  // As SIGHUP does.
  app.post('/api/reload', (): Promise<ReloadReply> => reloadAll(parts, logger))
  app.addHook('onClose', async () => void (await Promise.all([index.close(), verifier.close()])))
}

export function createAdminApp(config: AdminConfig, parts: AdminParts): FastifyInstance {
  const { auditKeys, logger } = parts
  const app = buildAdminApp(config, { logger, toPseudonym: auditKeys.toPseudonym, now: monotonicNow })
  pageRoute(app)
  metricsRoute(app, parts, monotonicNow)
  addApi(app, parts)
  pauseRoutes(app, parts)
  openApiRoutes(app)
  return app
}
