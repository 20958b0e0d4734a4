/** `ADMIN_*`: the second listener, for operators. Without ADMIN_PORT there is none. */
import type { z } from 'zod'
import { isLoopbackHost } from './urls.ts'
import { adminToken, listenHost, wholeNumber } from './validators.ts'

export const adminVariables = {
  ADMIN_HOST: listenHost.default('127.0.0.1'),
  ADMIN_PORT: wholeNumber(0, 65_535).optional(),
  ADMIN_TOKEN: adminToken.optional(),
}

export type AdminConfig = NonNullable<ReturnType<typeof toAdminConfig>>

/** Null where there is no admin listener. */
export const toAdminConfig = (data: z.infer<z.ZodObject<typeof adminVariables>>) =>
  data.ADMIN_PORT === undefined
    ? null
    : Object.freeze({
        host: data.ADMIN_HOST,
        /** 0 selects a free one. */
        port: data.ADMIN_PORT,
        /** Undefined only on loopback: then nothing can be written. */
        token: data.ADMIN_TOKEN,
        /** Only programs on this machine can connect, so reads need no token. */
        isLoopback: isLoopbackHost(data.ADMIN_HOST),
      })
