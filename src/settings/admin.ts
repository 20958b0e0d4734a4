/** `ADMIN_*`: the second listener, for operators. Without ADMIN_PORT there is none. */
import { z } from 'zod'
import type { Secret } from '../secret.ts'
import { adminToken, listenHost, wholeNumber } from './validators.ts'

const DEFAULT_HOST = '127.0.0.1'

export const adminVariables = {
  ADMIN_HOST: listenHost.default(DEFAULT_HOST),
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

type Settings = Readonly<Record<string, string | undefined>>

/** Names other than localhost can resolve to anything. */
const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)

export function checkAdminSettings(read: Settings): readonly string[] {
  const { ADMIN_PORT: port, ADMIN_HOST: host = DEFAULT_HOST, PORT: publicPort = '8080' } = read
  if (port === undefined) return []
  const hasToken = read['ADMIN_TOKEN'] !== undefined || read['ADMIN_TOKEN_FILE'] !== undefined
  return [
    ...(isLoopbackHost(host) || hasToken
      ? []
      : [
          'ADMIN_TOKEN: is missing. ADMIN_HOST is not a loopback address, so every request needs the token. Name its file in ADMIN_TOKEN_FILE',
        ]),
    ...(port === publicPort && port !== '0'
      ? ['ADMIN_PORT: is the port of the public listener. Choose another one']
      : []),
  ]
}

export function toAdminWarnings(read: Settings): readonly string[] {
  const { ADMIN_PORT: port, ADMIN_HOST: host = DEFAULT_HOST } = read
  if (port !== undefined) return []
  const idle = [
    ...(host === DEFAULT_HOST ? [] : ['ADMIN_HOST']),
    ...['ADMIN_TOKEN', 'ADMIN_TOKEN_FILE'].filter((name) => read[name] !== undefined),
  ]
  return idle.length === 0
    ? []
    : [`${idle.join(', ')}: not used, because ADMIN_PORT is not set. Set it to open the admin listener`]
}

/** Null where there is no admin listener. */
export function toAdminConfig({
  ADMIN_HOST: host,
  ADMIN_PORT: port,
  ADMIN_TOKEN: token,
}: z.infer<z.ZodObject<typeof adminVariables>>): AdminConfig | null {
  return port === undefined ? null : Object.freeze({ host, port, token, isLoopback: isLoopbackHost(host) })
}
