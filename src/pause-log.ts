/** The pauses of a running service, and what the log and the audit say when one begins or ends. */
import type { Logger } from 'pino'
import type { Audit, PauseFacts } from './audit/audit.ts'
import type { AuditKeys } from './audit/keys.ts'
import { unixNow } from './clocks.ts'
import type { Config } from './config.ts'
import type { PauseEntry } from './pauses/pause.ts'
import { PauseFiles } from './pauses/pause-files.ts'
import { type PauseChange, Pauses } from './pauses/pauses.ts'
import { SharedPauses } from './pauses/shared-pauses.ts'
import type { Catalog } from './presets/load/catalog.ts'
import type { RedisConnection } from './redis/connection.ts'

export interface PauseDependencies {
  readonly audit: Audit
  readonly auditKeys: AuditKeys
  /** Null where no Redis is configured. */
  readonly redis: RedisConnection | null
  /** The catalog in effect. */
  readonly catalog: () => Catalog
  readonly logger: Logger
}

const BEGUN =
  'paused: such mints are refused with 503. realtime-mint pauses shows all pauses, realtime-mint resume ends one'

const ENDED = {
  resumed: 'pause ended: an operator resumed minting',
  expired: 'pause ended: its time is over',
} as const

/** Names that the command line gave are shown only if they are ours. */
function toFacts(
  { scope, value, by, until }: PauseEntry,
  state: PauseChange,
  isOurs: (scope: 'preset' | 'origin', value: string) => boolean,
): PauseFacts {
  const named = (wanted: 'preset' | 'origin'): string | null =>
    scope === wanted && value !== null && isOurs(wanted, value) ? value : null
  return {
    state,
    scope,
    by: state === 'expired' ? null : by,
    until: until === null ? null : new Date(until).toISOString(),
    preset: named('preset'),
    origin: named('origin'),
    caller: scope === 'caller' ? value : null,
  }
}

/** Resolves when the stored pauses are in effect. */
export async function openPauses(
  config: Config,
  { audit, auditKeys, redis, catalog, logger }: PauseDependencies,
): Promise<Pauses> {
  const isOurs = (scope: 'preset' | 'origin', value: string): boolean =>
    scope === 'preset' ? catalog().presets.has(value) : config.allowedOrigins.has(value)

  function report(entry: PauseEntry, change: PauseChange): void {
    const { state, ...facts } = toFacts(entry, change, isOurs)
    logger.warn(facts, change === 'paused' ? BEGUN : ENDED[change])
    audit
      .recordPause({ state, ...facts })
      .catch(() => logger.error('the change of a pause could not be recorded in the audit'))
  }

  const pauses = new Pauses({
    files: new PauseFiles({ auditDirectory: config.audit.directory, unixNow }),
    shared: redis === null ? null : new SharedPauses(redis),
    toPseudonym: auditKeys.toPseudonym,
    unixNow,
    onChange: report,
    onFilesChange: (cause) =>
      cause === null
        ? logger.warn('pauses are read and written in AUDIT_DIR again')
        : logger.error(
            { cause },
            'pauses cannot be read or written in AUDIT_DIR: those that are known stay in effect. Check its folder pauses',
          ),
  })
  await pauses.open()
  return pauses
}
