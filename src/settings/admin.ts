/** `ADMIN_*`: the second listener, for operators. Without ADMIN_PORT there is none. */
import type { z } from 'zod'
import type { Secret } from '../secret.ts'
import { isLoopbackHost } from './urls.ts'
import { adminToken, listenHost, wholeNumber } from './validators.ts'

export const adminVariables = {
  ADMIN_HOST: listenHost.default('127.0.0.1'),
  ADMIN_PORT: wholeNumber(0, 65_535).optional(),
  ADMIN_TOKEN: adminToken.optional(),
}

export interface AdminConfig {
  readonly host: string
  /** 0 selects a free one. */
  readonly port: number
  /** Undefined only on loopback: then nothing can be written. */
  readonly token: Secret | undefined
  /** Only programs on this machine can connect, so reads need no token. */
  readonly isLoopback: boolean
}

/** Null where there is no admin listener. */
export function toAdminConfig({
  ADMIN_HOST: host,
  ADMIN_PORT: port,
  ADMIN_TOKEN: token,
}: z.infer<z.ZodObject<typeof adminVariables>>): AdminConfig | null {
  return port === undefined ? null : Object.freeze({ host, port, token, isLoopback: isLoopbackHost(host) })
}
