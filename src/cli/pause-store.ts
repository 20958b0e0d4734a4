/** Opens the pauses that services read, for a command: in AUDIT_DIR and, where REDIS_URL is set, in Redis. */

import { actAsOwner } from '../audit/directory.ts'
import { parsePauseConfig } from '../config.ts'
import { codeOf } from '../errors.ts'
import { PauseFiles } from '../pauses/pause-files.ts'
import { Pauses, type PausesOptions, type Stored } from '../pauses/pauses.ts'
import { SharedPauses } from '../pauses/shared-pauses.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Secret } from '../secret.ts'
import { CannotCheck } from './audit-context.ts'
import type { CommandContext } from './command.ts'

async function connect(url: Secret | undefined): Promise<RedisConnection | undefined> {
  if (url === undefined) return undefined
  const { RedisConnection } = await import('../redis/connection.ts')
  const redis = new RedisConnection({ url, onChange: () => undefined })
  await redis.open()
  return redis
}

/** Without Redis, a wrong AUDIT_DIR would look as if nothing were paused. Throws a CannotCheck. */
async function checkPlace(files: PauseFiles): Promise<void> {
  await files.checkPlace().catch((error: unknown) => {
    const code = codeOf(error) ?? 'unknown'
    const advice = 'Run this where the service runs, with its settings'
    throw new CannotCheck('directory_unreadable', `AUDIT_DIR cannot be read (${code}). ${advice}`)
  })
}

interface OpenOptions {
  /** Whether a missing AUDIT_DIR is an error where no Redis is set. */
  readonly mustExist?: boolean
  /** Without it, no attempt can be compared with the pause of a caller. */
  readonly toPseudonym?: PausesOptions['toPseudonym'] | undefined
  readonly isReadOnly?: boolean
}

/** Resolves with what was found, too. Throws a ConfigError or a CannotCheck. */
export async function openPauseStore(
  { environment, now }: CommandContext,
  { toPseudonym = () => '', isReadOnly = false, mustExist = false }: OpenOptions = {},
) {
  const { AUDIT_DIR: auditDirectory, REDIS_URL: redisUrl } = parsePauseConfig(environment)
  const files = new PauseFiles({ auditDirectory, unixNow: now })
  if (mustExist && redisUrl === undefined) await checkPlace(files)
  const redis = await connect(redisUrl)
  if (!isReadOnly) actAsOwner(auditDirectory)
  const pauses = new Pauses({
    toPseudonym,
    isReadOnly,
    files,
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
