/** Opens the pauses that services read, for a command: in AUDIT_DIR and, where REDIS_URL is set, in Redis. */

import { actAsOwner } from '../audit/directory.ts'
import { parsePauseConfig } from '../config.ts'
import { PauseFiles } from '../pauses/pause-files.ts'
import { Pauses, type PausesOptions, type Stored } from '../pauses/pauses.ts'
import { SharedPauses } from '../pauses/shared-pauses.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Secret } from '../secret.ts'
import type { CommandContext } from './command.ts'

async function connect(url: Secret | undefined): Promise<RedisConnection | undefined> {
  if (url === undefined) return undefined
  const { RedisConnection } = await import('../redis/connection.ts')
  const redis = new RedisConnection({ url, onChange: () => undefined })
  await redis.open()
  return redis
}

interface OpenOptions {
  /** Without it, no attempt can be compared with the pause of a caller. */
  readonly toPseudonym?: PausesOptions['toPseudonym'] | undefined
  readonly isReadOnly?: boolean
}

/** Resolves with what was found, too. Throws a ConfigError. */
export async function openPauses(
  { environment, now }: CommandContext,
  { toPseudonym = () => '', isReadOnly = false }: OpenOptions = {},
) {
  const { AUDIT_DIR: auditDirectory, REDIS_URL: redisUrl } = parsePauseConfig(environment)
  const redis = await connect(redisUrl)
  if (!isReadOnly) actAsOwner(auditDirectory)
  const pauses = new Pauses({
    toPseudonym,
    isReadOnly,
    files: new PauseFiles({ auditDirectory, unixNow: now }),
    shared: redis === undefined ? null : new SharedPauses(redis),
    unixNow: now,
  })
  return { pauses, found: await pauses.sync(), close: () => redis?.close() }
}

/** Says which store could not be read. Returns whether all could. */
export function noteFaults({ filesFault, redisFault }: Stored, note: CommandContext['note']): boolean {
  if (filesFault !== null) note(`The pauses in AUDIT_DIR cannot be read (${filesFault}).\n`)
  if (typeof redisFault === 'string')
    note(`Redis is unavailable (${redisFault}): it may know of more pauses.\n`)
  return filesFault === null && typeof redisFault !== 'string'
}
