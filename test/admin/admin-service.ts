/** A service with the admin listener, over real sockets. */
import type { Environment } from '../../src/config.ts'
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.ts'
import { share } from '../support/shared-service.ts'
import { listen } from '../support/sockets.ts'

export const ADMIN_TOKEN = 'an-admin-token-that-is-only-for-tests'

export const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` } as const

export const toBasic = (password: string): string =>
  `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`

export interface AdminService extends TestService {
  readonly adminPort: number
  /** Asks the admin listener, as a program on this machine does. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
}

interface AdminServiceOptions extends Omit<TestServiceOptions, 'environment'> {
  /** Without one, a free port. */
  readonly adminPort?: number
}

export async function startAdminService(
  environment: Environment = {},
  { adminPort: wanted = 0, ...options }: AdminServiceOptions = {},
): Promise<AdminService> {
  const service = await startTestService({
    environment: { ADMIN_PORT: '0', ADMIN_TOKEN, ...environment },
    ...options,
  })
  if (service.adminApp === undefined) throw new Error('there is no admin listener')
  if (wanted !== 0) await service.adminApp.listen({ host: '127.0.0.1', port: wanted })
  const adminPort = await listen(service.adminApp)
  return {
    ...service,
    adminPort,
    ask: (path, init = {}) => fetch(`http://127.0.0.1:${adminPort}${path}`, init),
  }
}

/** Settings of a listener that other machines reach; the tests reach it on loopback too. */
export const beyondLoopback = { ADMIN_HOST: '0.0.0.0' } as const

/** One service for all tests of a group, where each of them only asks it something. */
export const shareAdminService = (environment: Environment = {}): (() => AdminService) =>
  share((defer) => startAdminService(environment, { defer }))
