/** A service whose audit has files already. */
import type { Environment } from '../../src/config.ts'
import { type Files, writeFiles } from '../audit-reader/chains.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { share } from '../support/shared-service.ts'
import { type AdminService, startAdminService } from './admin-service.ts'

/** Starts before the group's first test and closes after its last. */
export const shareAuditService = (files: Files, environment: Environment = {}): (() => AdminService) =>
  share(async (defer) => {
    const directory = await writeFiles(files, await createTemporaryDirectory(defer))
    return startAdminService({ AUDIT_DIR: directory, ...environment }, { defer })
  })
