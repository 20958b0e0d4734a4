/** Puts the audit together: composition only. */
import type { Logger } from 'pino'
import { codeOf } from '../errors.ts'
import { FileError } from '../read-file.ts'
import type { Secret } from '../secret.ts'
import { Anchors } from './anchors.ts'
import { Audit, type AuditOptions } from './audit.ts'
import { createDirectory } from './directory.ts'
import type { Durability } from './file.ts'
import {
  type AuditKeys,
  deriveAuditKeys,
  KEY_FILE_NAME,
  KEY_TOO_SHORT,
  keepAuditKey,
  loadAuditKey,
} from './keys.ts'
import { Refusals } from './refusals.ts'
import { Retention, type RetentionOptions } from './retention.ts'
import { AuditWriter, type AuditWriterOptions } from './writer.ts'

export interface AuditSettings {
  readonly directory: string
  readonly durability: Durability
  /** Undefined: the key file in the directory is used. */
  readonly key: Secret | undefined
  /** Whether records show callers and addresses as pseudonyms or in plain text. */
  readonly identities: 'pseudonym' | 'plain'
  /** 0 keeps all. */
  readonly retentionDays: number
  /** Whether the log gets a copy of each record. */
  readonly copyToLog: boolean
}

export interface AuditDependencies {
  readonly logger: Logger
  /** Milliseconds. */
  readonly monotonicNow: () => number
  /** Milliseconds. */
  readonly unixNow: () => number
  readonly clockOffsetMs: RetentionOptions['clockOffsetMs']
  readonly isRecordDue: AuditWriterOptions['isRecordDue']
  readonly onCommit?: AuditWriterOptions['onCommit']
  /** Called with the cause when records can no longer be written, and with null when they can again. */
  readonly onChange?: (cause: string | null) => void
}

const DOWN =
  'audit cannot be written: no secret is issued. Check the disk, the mount and the owner of AUDIT_DIR'

async function openKeyFile(directory: string, logger: Logger): Promise<Secret> {
  await createDirectory(directory)
  const { key, isNew, isExposed } = await loadAuditKey(directory)
  if (isNew) {
    logger.warn(
      'a new audit key was created next to the records: keep one elsewhere, and set AUDIT_KEY_FILE to it',
    )
  }
  if (isExposed) {
    logger.warn('other users can read the audit key file, and forge records with it: chmod 600 it')
  }
  return key
}

/** What the operator must fix, by the error of openAudit. */
export function toAuditProblem(error: unknown): string {
  if (error instanceof FileError) return `AUDIT_DIR: its ${KEY_FILE_NAME} ${error.message}`
  return codeOf(error) === KEY_TOO_SHORT
    ? `AUDIT_DIR: its ${KEY_FILE_NAME} is too short. Restore the key with which the records were sealed`
    : `AUDIT_DIR: cannot be written (${codeOf(error) ?? 'unknown'})`
}

function toRetentionWarning(cause: string): string {
  if (cause === 'clock_jumped') return 'audit retention waits a day: the clock jumped by more than a day'
  if (cause === 'clock_disagrees') {
    return 'audit retention removes nothing: the clock and the upstream’s differ by more than a day. Set the clock.'
  }
  return 'audit retention cannot remove old files: it tries again in an hour'
}

/** As text, because a platform that reads JSON may change the order of fields, and so break the seal. */
function copyLines(log: Logger, text: string): void {
  for (const record of text.trimEnd().split('\n')) log.info({ record }, 'audit record')
}

export interface OpenAudit {
  readonly audit: Audit
  readonly auditKeys: AuditKeys
}

/** Opens the first file. Rejects with what the file system says, or with KEY_TOO_SHORT. */
export async function openAudit(
  { directory, durability, key: given, identities, retentionDays, copyToLog }: AuditSettings,
  { logger, monotonicNow, unixNow, clockOffsetMs, isRecordDue, onCommit, onChange }: AuditDependencies,
): Promise<OpenAudit> {
  const key = given ?? (await openKeyFile(directory, logger))
  const keys = deriveAuditKeys(key)
  // LOG_LEVEL must not silence anchors and copies.
  const evidenceLog = logger.child({}, { level: 'info' })
  const identify: AuditOptions['identify'] =
    identities === 'plain' ? (_kind, value) => value : keys.toPseudonym
  /** The next start needs it. */
  async function keepKey(): Promise<void> {
    if (given !== undefined) return
    await keepAuditKey(directory, key).catch(() =>
      logger.error('audit.key is missing and cannot be restored: the next start will use a new key'),
    )
  }

  const anchors = new Anchors({ print: (anchor) => evidenceLog.info(anchor, 'audit anchor'), unixNow })
  const writer = new AuditWriter({
    directory,
    durability,
    keys,
    anchors,
    unixNow,
    isRecordDue,
    onCommit,
    onLines: copyToLog ? (text) => copyLines(evidenceLog, text) : undefined,
    onChange: (available, cause) => {
      onChange?.(available ? null : (cause ?? 'unknown'))
      if (!available) return logger.error({ cause }, DOWN)
      logger.warn('audit is written again')
      void keepKey()
    },
  })
  const append = writer.append.bind(writer)
  const retention = new Retention({
    directory,
    days: retentionDays,
    key: keys.chain,
    append,
    monotonicNow,
    unixNow,
    clockOffsetMs,
    onKept: (cause) => logger.warn({ cause }, toRetentionWarning(cause)),
  })
  const refusals = new Refusals({ append, identify, unixNow })
  const parts = { writer, anchors, refusals, retention, keepKey, identify, monotonicNow }
  const audit = new Audit({ ...parts, fingerprintKey: keys.fingerprint })
  await audit.open()
  return { audit, auditKeys: keys }
}
