/** A service whose audit has files already. */
import { afterAll, beforeAll } from 'vitest'
import type { Environment } from '../../src/config.ts'
import { type Files, writeFiles } from '../audit-reader/chains.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { type AdminService, startAdminService } from './admin-service.ts'

/** Starts before the group's first test and closes after its last. */
export function shareAuditService(files: Files, environment: Environment = {}): () => AdminService {
  const ends: (() => Promise<void>)[] = []
  const running: AdminService[] = []
  const defer = (end: () => Promise<void>): void => void ends.unshift(end)
  beforeAll(async () => {
    const directory = await writeFiles(files, await createTemporaryDirectory(defer))
    running.push(await startAdminService({ AUDIT_DIR: directory, ...environment }, { defer }))
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => {
    const [service] = running
    if (service === undefined) throw new Error('the service is not running')
    return service
  }
}
